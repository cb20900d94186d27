"""torch.optim's optimisers as optax transformations: PyTorch's mathematics and keywords, optax's composition."""

from jaxdl.optim.adam import adam
from jaxdl.optim.sgd import sgd
from jaxdl.optim.state import named_state

__all__ = ["adam", "named_state", "sgd"]

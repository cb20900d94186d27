"""torch.optim's optimisers as optax transformations: PyTorch's mathematics and keywords, optax's composition."""

from jaxdl.optim import schedules
from jaxdl.optim.adadelta import adadelta
from jaxdl.optim.adafactor import adafactor
from jaxdl.optim.adagrad import adagrad
from jaxdl.optim.adam import adam, adamw
from jaxdl.optim.adamax import adamax
from jaxdl.optim.adjustable import adjustable
from jaxdl.optim.asgd import asgd
from jaxdl.optim.averaging import ema, swa
from jaxdl.optim.clip import clip_grad_norm, clip_grad_value, total_norm
from jaxdl.optim.groups import chain, param_groups
from jaxdl.optim.lbfgs import lbfgs
from jaxdl.optim.muon import muon
from jaxdl.optim.nadam import nadam
from jaxdl.optim.radam import radam
from jaxdl.optim.rmsprop import rmsprop
from jaxdl.optim.rprop import rprop
from jaxdl.optim.sgd import sgd
from jaxdl.optim.state import named_state

__all__ = [
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "adjustable",
    "asgd",
    "chain",
    "clip_grad_norm",
    "clip_grad_value",
    "ema",
    "lbfgs",
    "muon",
    "nadam",
    "named_state",
    "param_groups",
    "radam",
    "rmsprop",
    "rprop",
    "schedules",
    "sgd",
    "swa",
    "total_norm",
]

"""Where jaxdl is called otherwise than PyTorch, and where a figure differs on purpose: each entry gives its reason.

`ADAPTERS` is asked by the name of an operator in PyTorch's op_db. An operator without an entry is called with
PyTorch's own arguments.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from jaxdl import functional as F
from jaxdl.parity.noise import KEY, attended, keyed, masked, multi_headed, sampled, sloped


@dataclass(frozen=True)
class Adapter:
    """How an operator is compared.

    Attributes:
        reason: why it needs an adapter.
        ours: what runs in jax, with PyTorch's arguments as arrays; None is the function of the same name.
        reference: what runs in PyTorch instead of the operator: `reference(torch, *args, **kwargs)`; None is the
            operator. Of a random operator: the formula, with the mask that jaxdl drew.
        static: arguments (position or keyword) whose values jaxdl must know while it traces.
    """

    reason: str
    ours: Callable[..., Any] | None = None
    reference: Callable[..., Any] | None = None
    static: tuple[int | str, ...] = ()


def _output_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Without the new buffers."""

    def called(*args: Any, **kwargs: Any) -> Any:
        output = function(*args, **kwargs)
        return output[0] if isinstance(output, tuple) else output

    return called


def _table_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """With op_db's order of the first two arguments, and without the new weight."""

    def called(weight: Any, indices: Any, **kwargs: Any) -> Any:
        return _output_of(function)(indices, weight, **kwargs)

    return called


def _triplet(*arrays: Any, distance_function: Any = None, **kwargs: Any) -> Any:
    """With jaxdl's distance for PyTorch's module."""
    if distance_function is not None:
        distance_function = partial(F.pairwise_distance, p=distance_function.norm, eps=distance_function.eps)
    return F.triplet_margin_with_distance_loss(*arrays, distance_function=distance_function, **kwargs)


def _unchunked(torch: Any, *args: Any, options: Any = None, **kwargs: Any) -> Any:
    """PyTorch's loss of all logits at once."""
    del options
    return torch.nn.functional.linear_cross_entropy(*args, **kwargs)


ADAPTERS: dict[str, Adapter] = {
    "nn.functional.batch_norm": Adapter("in training the new buffers are returned as well", _output_of(F.batch_norm)),
    "nn.functional.embedding": Adapter("op_db gives the weight first", _table_first(F.embedding)),
    "nn.functional.embedding_bag": Adapter("op_db gives the weight first", _table_first(F.embedding_bag)),
    "nn.functional.instance_norm": Adapter("the new running statistics are returned too", _output_of(F.instance_norm)),
    "nn.functional.linear_cross_entropy": Adapter(
        "PyTorch's chunks have no second derivative: chunks are held against its path without", reference=_unchunked
    ),
    "nn.functional.triplet_margin_with_distance_loss": Adapter("its distance is a module of PyTorch's", _triplet),
    **{
        f"nn.functional.{function.__name__}": Adapter("its samples come from a key", keyed(function), sampled(function))
        for function in (F.fractional_max_pool2d, F.fractional_max_pool3d)
    },
    "nn.functional.scaled_dot_product_attention": Adapter(
        "its mask comes from a key, which is not called key",
        partial(F.scaled_dot_product_attention, dropout_key=KEY),
        attended,
    ),
    "nn.functional.multi_head_attention_forward": Adapter(
        "its mask comes from a key, which is not called key",
        partial(F.multi_head_attention_forward, dropout_key=KEY),
        multi_headed,
    ),
    "nn.functional.rrelu": Adapter("its slopes come from a key", keyed(F.rrelu), sloped),
    **{
        f"nn.functional.{function.__name__}": Adapter("its mask comes from a key", keyed(function), masked(function))
        for function in (F.dropout, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout)
    },
}

# (operator, 'value' | 'gradient' | 'second', dtype) -> the allowed difference in units of scale, and its reason.
LIMITS: dict[tuple[str, str, str], tuple[float, str]] = {
    ("nn.functional.binary_cross_entropy", "second", "float64"): (
        1e-8,
        "PyTorch adds 1e-12 to x and to 1 - x in its second derivative, where its first takes a maximum",
    ),
    ("nn.functional.ctc_loss", "gradient", "float32"): (
        2e-4,
        "PyTorch's float32 gradient is 3e-5 from its float64 one at 50 steps and 2e-4 at 200; ours 4e-7 and 2e-6",
    ),
    ("nn.functional.multi_head_attention_forward", "second", "float64"): (
        1e-7,
        "logits of hundreds: the second derivative is what is left of terms of 1e8 (seen 3e-08)",
    ),
    ("nn.functional.scaled_dot_product_attention", "gradient", "float32"): (
        1e-4,
        "logits of tens: little is left of a gradient's terms; in 60 draws of these samples' shapes PyTorch's own "
        "float32 was up to 1.2e-3 off its float64, ours up to 1.6e-3 (medians 8e-07 and 7e-07)",
    ),
    ("nn.functional.hardsigmoid", "gradient", "float64"): (4e-8, "PyTorch rounds the slope 1/6 to float32"),
}


def _two_rows(arguments: Any) -> float:
    """1 / σ where two rows are normalised: of the gradient's terms only what eps leaves of a difference remains."""
    x = arguments.leaves[0].detach().numpy()
    if x.ndim != 2 or x.shape[0] != 2 or "training=True" not in str(arguments):
        return 0.0
    return float((x.var(axis=0).min() + 1e-5) ** -0.5)


def _few_values(arguments: Any) -> float:
    """The same where up to three values are normalised."""
    x, count = _normalised(arguments)
    return float((x.reshape(-1, count).var(axis=1).min() + _eps(arguments)) ** -0.5) if 0 < count < 4 else 0.0


def _normalised(arguments: Any) -> tuple[np.ndarray, int]:
    """The input of layer_norm or group_norm, and how many values are normalised together."""
    x = arguments.leaves[0].detach().numpy()
    given = _given(arguments)
    if not x.size:
        return x, 0
    return x, x[0].size // given["1"] if "1" in given else math.prod(v for k, v in given.items() if k.startswith("1."))


def _given(arguments: Any) -> dict[str, Any]:
    return dict(zip(arguments.labels, arguments.leaves, strict=True))


def _eps(arguments: Any) -> float:
    return float(_given(arguments).get("eps", 1e-5))


def _one_value(arguments: Any) -> float:
    """1 / |x| where a single value is divided by its modulus."""
    x = arguments.leaves[0].detach().numpy()
    return float(1 / np.abs(x).max()) if x.shape == (1,) else 0.0


def _one_direction(arguments: Any) -> float:
    """1 / |x| where a vector has one element, or equal ones by broadcasting: its direction is ±1 whatever it is."""
    dim, tensors = _given(arguments).get("dim", 1), [tensor.detach().numpy() for tensor in arguments.tensors()]
    ndim = max(tensor.ndim for tensor in tensors)
    sizes = [(*[1] * (ndim - t.ndim), *t.shape)[dim] if ndim else 1 for t in tensors]
    smallest = min(np.abs(t).min(initial=np.inf) for t in tensors)
    return float(1 / max(smallest, 1e-12)) if 1 in sizes else 0.0


def _saturated(arguments: Any) -> float:
    """1 where every attention weight is 0 or 1 to 1e-8: what is left of the derivative is rounding."""

    def weights(*args: Any, **kwargs: Any) -> Any:
        function: Any = F.multi_head_attention_forward
        return function(*args[:10], 0.0, *args[11:], average_attn_weights=False, **kwargs)[1]

    largest = np.max(arguments.call_jax(weights, *arguments.arrays()), axis=-1)
    return 1.0 if (1 - largest).max() < 1e-8 else 0.0


# operator -> the least scale of a case's derivatives: where they are 0 by cancellation, their terms'; and why.
SCALE: dict[str, tuple[Callable[[Any], float], str]] = {
    "nn.functional.batch_norm": (
        _two_rows,
        "two values a channel: the output is ±1 whatever the input; PyTorch's float32 gradient differs from its own "
        "float64 one by as much",
    ),
    "nn.functional.layer_norm": (_few_values, "of one value the derivatives are 0, of two what eps leaves"),
    "nn.functional.group_norm": (_few_values, "of one value the derivatives are 0, of two what eps leaves"),
    "nn.functional.rms_norm": (_one_value, "of one value the output is ±1; PyTorch's gradient is 9e-19, not 4e-23"),
    "nn.functional.cosine_similarity": (_one_direction, "of one element the derivative is 0: PyTorch's is rounding"),
    "nn.functional.normalize": (_one_direction, "of one element the derivative is 0: PyTorch's is rounding"),
    "nn.functional.multi_head_attention_forward": (
        _saturated,
        "logits of hundreds, as PyTorch draws them: the weights are 0 and 1 and derivatives vanish but for rounding; "
        "MultiheadAttention has moderate logits",
    ),
}

# (operator, a part of PyTorch's message) -> why the same call is not refused here.
ACCEPTED: dict[tuple[str, str], str] = {}

# operator -> why jaxdl has no counterpart.
OUT: dict[str, str] = {}

# module -> why jaxdl has no counterpart.
MODULES_OUT: dict[str, str] = {}

_SATURATED = (
    "weights near 0 and 1: a key's gradient of 2e-3 is what is left of terms of 1, of which PyTorch's own float32 is "
    "9e-5 off its float64, ours 1.1e-4 (seen between the two: 4e-4)"
)
_ANOTHER_WINDOW = "PyTorch's hand-written gradient is that of another window than its forward pass sums"

# (module, 'value' | 'gradient' | 'buffers', dtype) -> the allowed difference in units of scale, and its reason.
MODULE_LIMITS: dict[tuple[str, str, str], tuple[float, str]] = {
    ("CTCLoss", "gradient", "float32"): LIMITS["nn.functional.ctc_loss", "gradient", "float32"],
    ("CrossMapLRN2d", "gradient", "float64"): (0.06, _ANOTHER_WINDOW),
    ("CrossMapLRN2d", "gradient", "float32"): (0.06, _ANOTHER_WINDOW),
    ("Hardsigmoid", "gradient", "float64"): (4e-8, "PyTorch rounds the slope 1/6 to float32"),
    ("MultiheadAttention", "gradient", "float32"): (1e-3, _SATURATED),
    ("Transformer", "gradient", "float32"): (
        1e-4,
        "its attention as MultiheadAttention's: PyTorch's own float32 is up to 1.7e-5 off its float64 on these samples",
    ),
}

# module -> why its initial weights are not drawn from the seed when it is compared.
UNSEEDED: dict[str, str] = {
    "TransformerEncoder": "its layer is built before, from another draw",
    "TransformerDecoder": "its layer is built before, from another draw",
}

_IN_PLACE = "arrays are immutable: x = f(x), without the underscore"
_PLUMBING = "PyTorch's own machinery, no function of tensors"
_BASE = "a base class of PyTorch's own"
_QUANTISED = "a kernel for 8-bit products on GPUs, without a reference on the CPU"

# what PyTorch's rooms hold beyond the databases -> why jaxdl has no counterpart.
ABSENT: dict[str, str] = {
    **dict.fromkeys(("celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_", "threshold_"), _IN_PLACE),
    **dict.fromkeys(
        (
            "assert_int_or_pair",
            "boolean_dispatch",
            "handle_torch_function",
            "has_torch_function",
            "has_torch_function_unary",
            "has_torch_function_variadic",
        ),
        _PLUMBING,
    ),
    **dict.fromkeys(("Container", "RNNBase", "RNNCellBase", "optimizer", "LRScheduler"), _BASE),
    **dict.fromkeys(("scaled_mm", "scaled_grouped_mm"), _QUANTISED),
    "DataParallel": "programs are sharded over a jax.sharding.Mesh instead",
    "NLLLoss2d": "PyTorch's deprecated name of NLLLoss",
    "sparseadam": OUT.get("SparseAdam", "sparse gradients, which jax does not have"),
    **{
        f"Lazy{name}": "a module's shapes are known when it is built: a pure function cannot grow parameters"
        for name in (
            *("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
            *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
        )
    },
}

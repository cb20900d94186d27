"""Every module, built from a seed: PyTorch's weights bit for bit, and its generator where PyTorch's stands."""

import inspect
from typing import Any

import numpy as np
import pytest
from flax import nnx

from jaxdl import nn
from jaxdl.random import TorchGenerator

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning"),  # an encoder that has no fast path
]
SEEDS = (0, 2**40 + 7)

# Modules that draw: constructor's arguments and keywords, at least one of each.
DRAWING: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "Linear": [((5, 3), {}), ((5, 3), {"bias": False}), ((1, 1), {}), ((784, 300), {})],
    "Bilinear": [((3, 4, 5), {}), ((3, 4, 5), {"bias": False})],
    **{f"Conv{n}d": [((4, 6, 3), {}), ((4, 6, 2), {"groups": 2, "bias": False})] for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": [((4, 6, 3), {}), ((4, 6, 2), {"groups": 2, "bias": False})] for n in (1, 2, 3)},
    "Embedding": [((3, 4), {}), ((3, 5), {}), ((10, 3), {"padding_idx": 2}), ((1000, 33), {})],
    "EmbeddingBag": [((3, 4), {}), ((10, 3), {"padding_idx": 2})],
    **{
        name: [((3, 4), {}), ((3, 4, 2), {"bidirectional": True}), ((3, 4), {"bias": False})]
        for name in ("RNN", "LSTM", "GRU")
    },
    "RNNBase": [(("LSTM", 3, 4), {"proj_size": 2}), (("RNN_TANH", 3, 4, 2), {})],
    "RNNCellBase": [((3, 4, True, 3), {}), ((3, 4, False, 2), {})],
    **{name: [((3, 4), {}), ((3, 4, False), {})] for name in ("RNNCell", "LSTMCell", "GRUCell")},
    "MultiheadAttention": [
        ((8, 2), {}),
        ((8, 2), {"bias": False}),
        ((8, 2), {"kdim": 3, "vdim": 5}),
        ((8, 2), {"add_bias_kv": True}),
    ],
    "TransformerEncoderLayer": [((8, 2, 16), {}), ((8, 2, 16), {"bias": False, "norm_first": True})],
    "TransformerDecoderLayer": [((8, 2, 16), {}), ((8, 2, 16), {"bias": False, "batch_first": True})],
    "Transformer": [
        ((8, 2, 2, 2, 16), {"batch_first": True}),
        ((8, 2, 1, 2, 16), {"bias": False, "batch_first": True}),
    ],
    "AdaptiveLogSoftmaxWithLoss": [((16, 12, [3, 7]), {}), ((8, 12, [4], 2.0, True), {})],
    "LinearCrossEntropyLoss": [((5, 3), {}), ((5, 3), {"bias": False})],
}

# Modules built of others, as a function of the library and the keywords that its drawing modules need.
BUILT: dict[str, Any] = {
    "TransformerEncoder": lambda n, d: n.TransformerEncoder(
        n.TransformerEncoderLayer(8, 2, 16, batch_first=True, **d), 3, n.LayerNorm(8)
    ),
    "TransformerDecoder": lambda n, d: n.TransformerDecoder(n.TransformerDecoderLayer(8, 2, 16, **d), 2),
    "Sequential": lambda n, d: n.Sequential(
        n.Conv2d(1, 4, 3, **d), n.BatchNorm2d(4), n.ReLU(), n.Flatten(), n.Dropout(), n.Linear(4, 3, **d), n.PReLU()
    ),
    "ModuleList": lambda n, d: n.ModuleList([n.Linear(3, 2, **d), n.Embedding(3, 3, **d), n.Linear(2, 1, **d)]),
    "ModuleDict": lambda n, d: n.ModuleDict({"b": n.GRUCell(3, 2, **d), "a": n.Linear(2, 2, **d)}),
}

# Modules that draw nothing and need arguments; those in no table are built without any.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **{f"{kind}Pool{n}d": (2,) for kind in ("Avg", "Max", "AdaptiveAvg", "AdaptiveMax") for n in (1, 2, 3)},
    **{f"MaxUnpool{n}d": (2,) for n in (1, 2, 3)},
    **{f"LPPool{n}d": (2.0, 2) for n in (1, 2, 3)},
    **{f"FractionalMaxPool{n}d": (2, 3) for n in (2, 3)},
    **{f"{kind}Pad{n}d": (1,) for kind in ("Circular", "Reflection", "Replication", "Zero") for n in (1, 2, 3)},
    **{f"ConstantPad{n}d": (1, 0.5) for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": (3,) for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": (3, 1e-5, 0.1, True, True) for n in (1, 2, 3)},
    "SyncBatchNorm": (3,),
    "ChannelShuffle": (2,),
    "CrossMapLRN2d": (3,),
    "Fold": ((4, 5), 2),
    "GroupNorm": (2, 4),
    "LayerNorm": ((2, 3),),
    "LocalResponseNorm": (2,),
    "PixelShuffle": (2,),
    "PixelUnshuffle": (2,),
    "RMSNorm": ((2, 3),),
    "Threshold": (0.1, 20.0),
    "Unflatten": (1, (2, 3)),
    "Unfold": (2,),
}

NAMES = [
    name
    for name in nn.__all__
    if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nnx.Module) and name != "Module"
]
CASES = [
    *((name, arguments, keywords) for name, cases in DRAWING.items() for arguments, keywords in cases),
    *((name, ARGUMENTS.get(name, ()), {}) for name in NAMES if name not in DRAWING and name not in BUILT),
]


def assert_same(torch: Any, theirs: Any, ours: Any, generator: TorchGenerator) -> None:
    expected = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    given = {name: np.asarray(array) for name, array in nn.state_dict(ours).items()}
    assert list(given) == list(expected)
    for name, array in expected.items():
        assert given[name].shape == array.shape
        if array.dtype == np.float32:  # the counter of batches has another integer type in jax
            assert given[name].dtype == np.float32
            assert given[name].tobytes() == array.tobytes(), name
        np.testing.assert_array_equal(given[name], array, err_msg=name)
    np.testing.assert_array_equal(generator.get_state(), torch.get_rng_state().numpy())


@pytest.mark.parametrize(("name", "arguments", "keywords"), CASES)
def test_weights(torch, name, arguments, keywords):
    for seed in SEEDS if name in DRAWING else SEEDS[:1]:
        generator = TorchGenerator(seed)
        drawing = {"rngs": generator} if name in DRAWING else {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            theirs = getattr(torch.nn, name)(*arguments, **keywords)
            ours = getattr(nn, name)(*arguments, **keywords, **drawing)
            assert_same(torch, theirs, ours, generator)


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_of_modules(torch, name):
    for seed in SEEDS:
        generator = TorchGenerator(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            assert_same(torch, BUILT[name](torch.nn, {}), BUILT[name](nn, {"rngs": generator}), generator)


def test_one_generator_builds_module_after_module(torch):
    """Small normals are kept in pairs, so what a module draws can hang on the one before."""
    generator = TorchGenerator(3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        for name, arguments, keywords in CASES:
            if name in DRAWING:
                theirs = getattr(torch.nn, name)(*arguments, **keywords)
                assert_same(torch, theirs, getattr(nn, name)(*arguments, **keywords, rngs=generator), generator)


def test_all_that_draw_are_in_the_table():
    """A module that draws says so by its keyword `rngs`."""
    draws = {name for name in NAMES if "rngs" in inspect.signature(getattr(nn, name).__init__).parameters}
    assert draws == set(DRAWING)
    assert set(NAMES) >= set(DRAWING) | set(BUILT) | set(ARGUMENTS)

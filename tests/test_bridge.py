"""Tensors in files and in models."""

import json
import os
import pickle
import stat

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from flax import nnx

from jaxdl import bridge, nn, random

DTYPES = ["float64", "float32", "float16", ml_dtypes.bfloat16, "int64", "int32", "uint8", "bool"]


class Net(nn.Module):
    def __init__(self, *, rngs):
        self.blocks = nnx.List([nn.Linear(2, 3, rngs=rngs)])
        self.bn = nn.BatchNorm1d(3)
        self.head = nn.Linear(3, 1, rngs=rngs)

    def __call__(self, x):
        return self.head(self.bn(self.blocks[0](x)))


def net(seed=0):
    return Net(rngs=random.TorchGenerator(seed))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_file_gives_back_what_was_saved(tmp_path, dtype):
    tensors = {"a": np.arange(6).reshape(2, 3).astype(dtype), "b": np.zeros((), dtype), "c": np.ones((0, 2), dtype)}
    bridge.save(tmp_path / "deep" / "x.safetensors", {**tensors, "t": tensors["a"].T})
    loaded = bridge.load(tmp_path / "deep" / "x.safetensors")
    np.testing.assert_array_equal(loaded["t"], tensors["a"].T)
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert loaded[name].shape == tensor.shape
        np.testing.assert_array_equal(loaded[name], tensor)


@pytest.mark.torch
def test_pytorch_loads_what_jaxdl_saves_and_back(torch, tmp_path):
    from safetensors.torch import load_file, save_file

    model = net()
    bridge.save(tmp_path / "ours.safetensors", nn.state_dict(model))
    twin = torch.nn.ModuleDict(
        {
            "blocks": torch.nn.ModuleList([torch.nn.Linear(2, 3)]),
            "bn": torch.nn.BatchNorm1d(3),
            "head": torch.nn.Linear(3, 1),
        }
    )
    twin.load_state_dict(load_file(tmp_path / "ours.safetensors"))
    for name, tensor in twin.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), nn.state_dict(model)[name])
    save_file(twin.state_dict(), tmp_path / "theirs.safetensors")
    other = net(seed=9)
    bridge.load_into(other, bridge.load(tmp_path / "theirs.safetensors"))
    for name, tensor in nn.state_dict(other).items():
        np.testing.assert_array_equal(tensor, nn.state_dict(model)[name])


def test_one_error_names_everything_that_does_not_fit():
    model = net()
    tensors = {name: np.asarray(value) for name, value in nn.state_dict(model).items()}
    before = dict(tensors)
    del tensors["head.bias"]
    tensors["extra"] = np.zeros(3)
    tensors["blocks.0.weight"] = np.zeros((3, 5), np.float32)
    with pytest.raises(ValueError, match="do not fit the Net") as caught:
        bridge.load_into(model, tensors)
    text = str(caught.value)
    assert "missing: head.bias" in text
    assert "unexpected: extra" in text
    assert "mis-shaped: blocks.0.weight is (3, 5) and must be (3, 2)" in text
    assert "\n" not in text
    for name, value in nn.state_dict(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_not_strict_takes_what_fits_but_never_another_shape():
    model = net()
    bridge.load_into(model, {"head.bias": np.array([7.0], np.float32), "extra": np.zeros(3)}, strict=False)
    assert model.head.bias.get_value().tolist() == [7.0]
    with pytest.raises(ValueError, match=r"mis-shaped: head\.bias"):
        bridge.load_into(model, {"head.bias": np.zeros(2, np.float32)}, strict=False)


def test_float64_tensors_make_a_float64_model():
    tensors = {
        name: np.asarray(v, "float64" if v.dtype == np.float32 else "int64") for name, v in nn.state_dict(net()).items()
    }
    with jax.enable_x64(True):
        model = net()
        bridge.load_into(model, tensors)
        assert {v.dtype.name for v in nn.state_dict(model).values()} == {"float64", "int64"}
        assert model(jnp.ones((2, 2))).dtype == jnp.float64


def test_float64_tensors_without_x64_are_an_error_not_a_rounding():
    model = net()
    with pytest.raises(TypeError, match=r"tensor 'head.bias' is float64 .*jax_enable_x64"):
        bridge.load_into(model, {"head.bias": np.zeros(1)}, strict=False)


def test_a_loaded_model_does_not_follow_the_array_it_came_from():
    model, weights = net(), np.zeros((1, 3), np.float32)
    bridge.load_into(model, {"head.weight": weights}, strict=False)
    weights += 1
    assert not model.head.weight.get_value().any()


def test_int64_counters_load_without_x64():
    model = net()
    bridge.load_into(model, {"bn.num_batches_tracked": np.int64(3)}, strict=False)
    assert model.bn.num_batches_tracked.get_value() == 3


class Boom:
    def __reduce__(self):
        return os.abort, ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 8,
        b"\xff" * 64,
        pickle.dumps(Boom()),
        (2**40).to_bytes(8, "little") + b"{}",
        b"\x02\x00\x00\x00\x00\x00\x00\x00{}x",
    ],
    ids=["empty", "zeros", "ones", "pickle", "huge header", "trailing"],
)
def test_a_damaged_or_hostile_file_is_one_clear_error(tmp_path, content):
    file = tmp_path / "bad.safetensors"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.safetensors is not a sound \.safetensors file"):
        bridge.load(file)


def test_a_truncated_file_is_refused(tmp_path):
    file = tmp_path / "cut.safetensors"
    bridge.save(file, {"a": np.ones(100)})
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not a sound"):
        bridge.load(file)


def test_overlapping_tensors_are_refused(tmp_path):
    header = json.dumps({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}).encode()
    file = tmp_path / "overlap.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ValueError, match="not a sound"):
        bridge.load(file)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "model.safetensors"
    bridge.save(file, {"a": np.ones(3)})
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        bridge.save(file, {"a": np.zeros(3)})
    assert bridge.load(file)["a"].tolist() == [1, 1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_saved_file_has_the_usual_permissions(tmp_path):
    bridge.save(tmp_path / "a.safetensors", {"a": np.ones(1)})
    (tmp_path / "plain").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.safetensors", "plain")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: bridge.load(p / "none.safetensors"), FileNotFoundError, "there is no file"),
        (lambda p: bridge.load(p / "model.bin"), ValueError, r"must end in \.safetensors, given 'model\.bin'"),
        (lambda p: bridge.save(p / "model.npz", {}), ValueError, "must end in"),
        (lambda p: bridge.save(p / "m.safetensors", {"a": "text"}), TypeError, "tensor 'a' is no array of numbers"),
        (lambda p: bridge.save(p / "m.safetensors", {"a": object()}), TypeError, "tensor 'a' is no array of numbers"),
        (lambda p: bridge.load_into("model", {}), TypeError, "must be a jaxdl.nn or flax.nnx module, given str"),
    ],
)
def test_mistakes_are_named(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path)

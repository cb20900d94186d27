"""Between tensors in files, tensors in dicts and models: one flat dict under PyTorch's names everywhere."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxdl import nn


def load(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The tensors of a `.safetensors` file, under the names that the file gives them.

    The format holds numbers and names alone: a file from a stranger can run nothing.

    Args:
        path: of the file.

    Returns:
        NumPy arrays in the dtypes of the file; bfloat16 by ml_dtypes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file's ending is another one, or it is damaged.

    >>> import tempfile, numpy as np
    >>> from jaxdl import bridge
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bridge.save(f"{folder}/model.safetensors", {"weight": np.ones((2, 3))})
    ...     bridge.load(f"{folder}/model.safetensors")["weight"].dtype
    dtype('float64')
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = _checked(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    try:
        return load_file(file)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{file} is not a sound .safetensors file: {error}") from error


def save(path: str | os.PathLike[str], tensors: Mapping[str, Any]) -> None:
    """Write tensors to a `.safetensors` file: whole or not at all, even if the process is killed meanwhile.

    Args:
        path: of the file; what stands there is replaced at the end. Its folder is made where it is missing.
        tensors: arrays by name, as `nn.state_dict` and `apply`'s params and buffers hold them.

    Raises:
        ValueError: the file's ending is another one.
        TypeError: a value is not an array of numbers.

    >>> import tempfile, jax.numpy as jnp
    >>> from jaxdl import bridge
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bridge.save(f"{folder}/model.safetensors", {"scale": jnp.float32(2)})
    ...     bridge.load(f"{folder}/model.safetensors")
    {'scale': array(2., dtype=float32)}
    """
    from safetensors.numpy import save as serialize

    file = _checked(path)
    arrays = {}
    for name, tensor in tensors.items():
        array = np.asarray(tensor)
        if array.dtype.kind not in "biufcV" or (array.dtype.kind == "V" and array.dtype.names):
            raise TypeError(
                f"tensor {name!r} is no array of numbers but {type(tensor).__name__} of dtype {array.dtype}"
            )
        arrays[name] = array if array.flags.c_contiguous else array.copy(order="C")
    content = serialize(arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(unfinished, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def load_into(model: Any, tensors: Mapping[str, Any], strict: bool = True) -> None:
    """Set a model's parameters and buffers, in place, from tensors under PyTorch's state_dict names.

    **Matches** `torch.nn.Module.load_state_dict`, PyTorch 2.13, in names, strictness and one error for all that is
    wrong.
    **Differs**: floating tensors keep their dtype: float64 tensors make a float64 model. Integer ones take the model's.
    Nothing is changed where anything is wrong.

    Args:
        model: a `jaxdl.nn` or `flax.nnx` module.
        tensors: arrays by name.
        strict: whether missing and unexpected names are errors; mis-shaped tensors always are.

    Raises:
        ValueError: names are missing or unexpected or shapes differ: one error, naming all of them.
        TypeError: float64 tensors, while jax's x64 mode is off.

    >>> import numpy as np
    >>> from jaxdl import bridge, nn, random
    >>> model = nn.Linear(3, 2, rngs=random.TorchGenerator(0))
    >>> bridge.load_into(model, {"weight": np.zeros((2, 3), np.float32), "bias": np.ones(2, np.float32)})
    >>> model(np.ones((1, 3), np.float32)).tolist()
    [[1.0, 1.0]]
    """
    variables = nn.named_variables(model)
    missing = [name for name in variables if name not in tensors] if strict else []
    unexpected = [name for name in tensors if name not in variables] if strict else []
    shared = {name: np.asarray(tensors[name]) for name in variables if name in tensors}
    misshaped = [
        f"{name} is {array.shape} and must be {variables[name].get_value().shape}"
        for name, array in shared.items()
        if array.shape != variables[name].get_value().shape
    ]
    faults = [
        f"{kind}: {', '.join(names)}"
        for kind, names in (("missing", missing), ("unexpected", unexpected), ("mis-shaped", misshaped))
        if names
    ]
    if faults:
        raise ValueError(f"the tensors do not fit the {type(model).__name__}: {'; '.join(faults)}")
    values = {}
    for name, array in shared.items():
        current = variables[name].get_value().dtype
        exact = jnp.issubdtype(current, jnp.integer) and array.dtype.kind in "iu"
        # A copy: a CPU array may otherwise share the memory of the tensor it came from, which PyTorch changes in place.
        values[name] = jnp.array(array, current if exact else nn.storable(array.dtype, f"tensor {name!r}"))
    for name, value in values.items():
        variables[name].set_value(value)


def _checked(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    if file.suffix != ".safetensors":
        raise ValueError(f"a tensor file's name must end in .safetensors, given {file.name!r}")
    return file

"""The benchmark's result as it lies in JSON: read, and checked before anything is drawn from it."""

import json
import math
import os
from pathlib import Path
from typing import Any

Result = dict[str, Any]


def load(path: str | os.PathLike[str]) -> Result:
    """Read a result that the benchmark has saved.

    Args:
        path: of the JSON file.

    Returns:
        The result, for `page` and `table`.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: the file is not JSON, or not a benchmark's result; the error says where.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "result.json"
    ...     _ = file.write_text('{"experiments": []}')
    ...     load(file)
    {'experiments': []}
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not JSON: it is not UTF-8 text") from None
    return checked(content, str(path))


def checked(content: Any, origin: str = "what was given") -> Result:
    """`content`, if a page can be drawn from it: each experiment has its name and says whether it agrees."""

    def refuse(fault: str) -> ValueError:
        return ValueError(f"{origin} is not a result of the framework benchmark: {fault}")

    if not isinstance(content, dict):
        raise refuse(f"it holds a {type(content).__name__}, not an object")
    if not isinstance(content.get("experiments"), list):
        raise refuse(f"it needs a list 'experiments' and has {', '.join(map(repr, content)) or 'nothing'}")
    for number, experiment in enumerate(content["experiments"], start=1):
        if not isinstance(experiment, dict) or not isinstance(experiment.get("name"), str):
            raise refuse(f"experiment {number} has no name")
        parity = experiment.get("parity")
        if not isinstance(parity, dict) or not isinstance(parity.get("agrees"), bool):
            raise refuse(f"experiment {experiment['name']!r} does not say whether its 'parity' 'agrees'")
        for row in parity.get("rungs", []):  # JSON has no infinity: a difference without a number is one
            row |= {name: math.inf for name in ("difference", "largest", "relative") if row.get(name, 0) is None}
    return content

"""JSON that people read as well: a line an entry, and an array on one line; written whole or not at all."""

import json
import math
import os
from pathlib import Path
from typing import Any


def save(path: Path, value: Any) -> None:
    """Write `value` as JSON, even if the process is killed meanwhile; its folder is made where it is missing.

    Floats are written with all their digits. NaN and infinity, which JSON does not have, become null.
    """
    content = text(value) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(content, encoding="utf-8")
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def text(value: Any, indent: str = "") -> str:
    """A value as JSON: dicts, and lists of dicts, over lines; all else on one.

    >>> print(text({"losses": [2.5, 1.25], "norms": {"bias": float("inf")}}))
    {
     "losses": [2.5, 1.25],
     "norms": {
      "bias": null
     }
    }
    """
    inner = indent + " "
    match value:
        case dict() if value:
            entries = [f"{inner}{json.dumps(str(name))}: {text(entry, inner)}" for name, entry in value.items()]
            return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
        case [dict(), *_]:
            return "[\n" + ",\n".join(f"{inner}{json.dumps(_finite(entry))}" for entry in value) + f"\n{indent}]"
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {name: _finite(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_finite(entry) for entry in value]
        case float() if not math.isfinite(value):
            return None
    return value

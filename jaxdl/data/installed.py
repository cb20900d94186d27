"""Files of packages that are installed: read, not imported."""

import importlib.util
from pathlib import Path


def installed(package: str) -> Path:
    """Where a package is installed; it is not imported.

    Raises:
        FileNotFoundError: it is not.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed, whose sample data was asked for; install it with pip")
    return Path(spec.origin).parent


def found(file: Path, package: str) -> Path:
    """A file that a package brings along.

    Raises:
        FileNotFoundError: it did not.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{package}'s {file.name} is not at {file.parent}; pip's {package} brings it along")
    return file

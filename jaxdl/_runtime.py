"""What must be true before jax is imported.

jaxlib 0.10.2 computes wrong numbers on CPU by default: of `jit(vmap(lambda r: jnp.sum((W @ r) ** 2)))` over 32,769
rows of three float32s the last row is off by more than 1. Emptying the list of fusions that it hands to its new CPU
library cures it. Measured with the same script: jaxlib 0.9.2, 0.10.0, 0.10.1, 0.11.0 to 0.11.2, 0.12.0 and 0.12.0.1
are right without the flag.
"""

import os
import sys
import warnings

AFFECTED = frozenset({"0.10.2"})
GUARD_NAME = "--xla_cpu_experimental_ynn_fusion_type"
GUARD = f"{GUARD_NAME}="  # an empty list


def jaxlib_version() -> str:
    """The installed jaxlib's version, read without importing jax."""
    from jaxlib.version import __version__

    return str(__version__)


def guard_state() -> str:
    """How this process stands: 'not needed', 'on', 'set by you' or 'off'."""
    if jaxlib_version() not in AFFECTED:
        return "not needed"
    flags = os.environ.get("XLA_FLAGS", "").split()
    if GUARD in flags:
        return "on"
    return "set by you" if any(flag.startswith(GUARD_NAME) for flag in flags) else "off"


def backend_is_up() -> bool:
    """Whether jax has started its backend already: XLA has read its flags by then."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bool(bridge is not None and bridge.backends_are_initialized())


def prepare() -> None:
    """Append the guard flag to XLA_FLAGS where this jaxlib needs it and the user has not named it herself.

    Warns once, if jax had started before: it is too late then for this process.
    """
    if guard_state() != "off":
        return
    if backend_is_up():
        warnings.warn(
            f"jax was already running when jaxdl was imported, so the guard against jaxlib {jaxlib_version()}'s wrong "
            f"CPU results could not be set; import jaxdl before the first jax computation, or set XLA_FLAGS={GUARD}",
            RuntimeWarning,
            stacklevel=3,
        )
        return
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {GUARD}".strip()


def largest_error() -> float:
    """The self-check: the largest error of the known bad case on this process's device, against float64 NumPy.

    Around 3e-5 (float32 rounding) where all is well; more than 1 on an unguarded jaxlib 0.10.2.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    weight = np.random.RandomState(0).randn(3, 3).astype(np.float32)
    rows = np.random.RandomState(1).randn(32_769, 3).astype(np.float32)
    matrix = jnp.asarray(weight)
    computed = jax.jit(jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2)))(rows)
    exact = ((rows.astype(np.float64) @ weight.astype(np.float64).T) ** 2).sum(axis=1)
    return float(np.abs(np.asarray(computed, np.float64) - exact).max())

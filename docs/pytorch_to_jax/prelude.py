"""What all snippets share."""

import jax
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)


def refused(call):
    """The kind of error that a call ends in."""
    try:
        call()
    except (ValueError, TypeError, IndexError, RuntimeError) as error:
        return type(error).__name__
    raise AssertionError("it was not refused")

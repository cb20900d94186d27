"""How far two frameworks may differ, in one table: the largest difference in units of the tensor's own scale (its largest value).

float64 tells a difference in meaning from rounding: one bound holds for every rung. float32 is looser, and grows over the
steps, as the difference between two float32 runs of PyTorch itself does: rounding is amplified by training.
"""

EXACT = 0.0

# Drawn from the seed by the same algorithm, or copied: not one bit may differ, in either precision.
BITWISE = frozenset({"initial", "batches"})

FLOAT64 = 1e-10
FLOAT32 = {"forward": 1e-5, "loss": 1e-5, "gradient": 1e-5, "step 1": 1e-4}
FLOAT32_LATER = 5e-2


def tolerance(rung: str, dtype: str) -> float:
    """The bound for a rung of the ladder in `dtype`, relative to the tensor's scale.

    >>> tolerance("gradient", "float64"), tolerance("initial", "float32")
    (1e-10, 0.0)
    """
    if rung in BITWISE:
        return EXACT
    return FLOAT64 if dtype == "float64" else FLOAT32.get(rung, FLOAT32_LATER)

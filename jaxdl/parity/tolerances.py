"""How far two frameworks may differ, in one table: the largest difference in units of the tensor's own scale (its
largest value).

float64 tells a difference in meaning from rounding: one bound holds for every rung and the whole run.

float32 is held as tightly only at the start. Its rounding sooner or later puts a ReLU on the other side of zero for
some row of a batch; that changes a gradient by a row's share, Adam makes a step of it, and from there on two runs part
exponentially. PyTorch parts from itself in the same way when nothing but the order of its sums is another: other
threads, channels_last, a batch's rows reversed. So float32 has a law of growth over steps, and both must keep it: jax
against PyTorch, and PyTorch against itself. docs/float32.md shows the measurement; `python -m docs.float32`
repeats it.

    after step k, parameters, buffers and optimiser state:  2e-3 · 10^(k / 25), at most 30
    the loss of step k, in units of the largest loss:       5e-7 · 10^(k / 13), at most 0.5

Where growth has reached its end, float32 tells gross differences only, and float64 is the proof.
"""

EXACT = 0.0

# Drawn from the seed by the same algorithm, or copied: not one bit may differ, in either precision.
BITWISE = frozenset({"initial", "batches"})

FLOAT64 = 1e-10
FLOAT32 = {
    "forward": 1e-5,  # seen: 1e-06
    "loss": 1e-5,  # seen: 1e-07
    "gradient": 1e-4,  # seen: 6e-06
    "first losses": 5e-2,  # of a mode of the benchmark beside eager PyTorch's; seen: 1e-2, channels_last batch norm
}
# Modes of the benchmark in mixed precision: bfloat16 has 8 bits, and rounds a sum in 256 parts.
BFLOAT16 = {
    "forward": 3e-2,  # seen: 7e-3
    "loss": 1e-2,
    "first losses": 5e-2,  # seen: 3e-3
}
# A gradient that cancels is rounding: this small beside the model's largest. Seen: 6e-17, and 2e-8 in float32.
ROUNDING = {"float64": 1e-13, "float32": 1e-6}
# (start, steps in which it grows tenfold, end). The start of the state is Adam's: its first step divides each gradient
# by its own size, the smallest ones too.
STATE_GROWTH = (2e-3, 25.0, 30.0)
LOSS_GROWTH = (5e-7, 13.0, 0.5)


def tolerance(rung: str, dtype: str) -> float:
    """The bound for a rung of the ladder in `dtype`, relative to the tensor's scale.

    >>> tolerance("gradient", "float64"), tolerance("initial", "float32")
    (1e-10, 0.0)
    >>> tolerance("step 25", "float32"), tolerance("losses 11 to 100", "float32")
    (0.02, 0.5)
    """
    if rung in BITWISE:
        return EXACT
    if dtype == "float64":
        return FLOAT64
    if dtype == "bfloat16":
        return BFLOAT16[rung]
    kind, _, steps = rung.partition(" ")
    if kind == "step":
        return growth(int(steps), STATE_GROWTH)
    if kind == "losses":
        return growth(int(steps.rpartition(" ")[2]), LOSS_GROWTH)
    return FLOAT32.get(rung, LOSS_GROWTH[2])  # an evaluation stands behind an epoch's steps


def growth(step: int, law: tuple[float, float, float]) -> float:
    """What float32 may have grown to after so many steps.

    >>> growth(0, LOSS_GROWTH), growth(10_000, LOSS_GROWTH)
    (5e-07, 0.5)
    """
    start, tenfold, end = law
    return float(min(start * 10.0 ** min(step / tenfold, 300.0), end))

"""How far two frameworks may differ, in one table: the largest difference in units of the tensor's own scale (its
largest value).

float64 tells a difference in meaning from rounding: one bound holds for every rung and the whole run.

float32 is held as tightly only at the start. Its rounding soon puts a ReLU on the other side of zero for some row of
a batch, which changes that unit's gradient by a row's share, and Adam makes a step of it. PyTorch's own float32 run
leaves its float64 run in the same way: measured over three seeds of the four experiments, PyTorch against itself
reaches 9e-03 in the loss curve, 9e-02 in the test loss and 1.4e-01 in Adam's moments after the last step; jax against
PyTorch, both float32, 1.4e-02, 1.3e-02 and 4.4e-01. With batch norm a weight whose gradient is rounding alone is
walked by Adam, up to a learning rate a step: 8.6e-01 of its layer's largest. Compared after every epoch, LeNet's test
losses differ by 1.1e-01 of the largest, and PyTorch's own on two kinds of processor by 1.5e-01. So after the tenth
step float32 only tells gross differences, and float64 is the proof.

How far the loss curve strays depends on the machine too: PyTorch's float32 LeNet left its own float64 by 9e-03 on one
and by 1.1e-01 of the first loss on another (450 steps, one batch whose loss was 0.31 for 0.05), where jax's float32
left it by 1.8e-02. So where both precisions are run, float32 curves may differ by twice PyTorch's own departure.
"""

EXACT = 0.0

# Drawn from the seed by the same algorithm, or copied: not one bit may differ, in either precision.
BITWISE = frozenset({"initial", "batches"})

FLOAT64 = 1e-10
FLOAT32 = {
    "forward": 1e-5,  # seen: 1e-06
    "loss": 1e-5,  # seen: 1e-07
    "gradient": 1e-4,  # seen: 6e-06
    "step 1": 1e-3,  # seen: 6e-05; Adam's first step divides each gradient by its own size, the smallest ones too
    "step 10": 1e-2,  # seen: 3e-04
    "loss curve": 5e-2,
}
FLOAT32_LATER = 10.0
DEPARTURES = 2.0  # one for each framework


def tolerance(rung: str, dtype: str) -> float:
    """The bound for a rung of the ladder in `dtype`, relative to the tensor's scale.

    >>> tolerance("gradient", "float64"), tolerance("initial", "float32")
    (1e-10, 0.0)
    """
    if rung in BITWISE:
        return EXACT
    return FLOAT64 if dtype == "float64" else FLOAT32.get(rung, FLOAT32_LATER)


def curve_tolerance(departure: float) -> float:
    """The bound for float32 loss curves, where PyTorch's own float32 leaves its float64 by `departure` of the scale.

    >>> curve_tolerance(0.001), curve_tolerance(0.1)
    (0.05, 0.2)
    """
    return max(FLOAT32["loss curve"], DEPARTURES * departure)

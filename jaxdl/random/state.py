"""The 5056 bytes of torch.get_rng_state()."""

from typing import Any, NamedTuple

import numpy as np

from jaxdl.random.stream import WORDS, Array, Stream

LAYOUT = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal", "has_float_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", WORDS), "<f8", "<i4", "u1"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5052],
        "itemsize": 5056,
    }
)


class State(NamedTuple):
    """A position in the stream, and the normal number that waits for the next small normal_()."""

    stream: Stream
    cached: float | None


def pack(state: State) -> Array:
    """The bytes as a uint8 array."""
    key, position = state.stream.position()
    record = np.zeros((), LAYOUT)
    record["seed"], record["seeded"], record["key"] = state.stream.seed, 1, key
    # PyTorch renews its words at the next draw: all 624 used is left = 1, next = 624; just seeded, left = 1,
    # next = 0.
    record["next"] = 0 if state.stream.untouched else position
    record["left"] = 1 if state.stream.untouched else WORDS + 1 - position
    if state.cached is not None:
        record["normal"], record["has_normal"] = state.cached, 1
    return np.frombuffer(record.tobytes(), np.uint8).copy()


def unpack(content: Any) -> State:
    """The state that such bytes (an array of uint8, a torch.ByteTensor, or bytes) describe."""
    raw = isinstance(content, bytes | bytearray)
    given = np.frombuffer(content, np.uint8) if raw else np.asarray(content)
    if given.dtype != np.uint8 or given.shape != (LAYOUT.itemsize,):
        raise ValueError(
            f"`state` (of shape {given.shape} and dtype {given.dtype}) must be the {LAYOUT.itemsize} uint8s "
            "that get_state() or torch.get_rng_state() returns"
        )
    record = np.frombuffer(given.tobytes(), LAYOUT)[0]
    left, used, key = int(record["left"]), int(record["next"]), record["key"]
    untouched = left == 1 and used == 0
    counted = untouched or (1 <= used <= WORDS and left == WORDS + 1 - used)
    words = key.any() and key.max() < 2**32
    # A waiting float32 normal has a place in the format; PyTorch 2.13 puts none there on a CPU.
    if not (record["seeded"] == 1 and counted and words and not record["has_float_normal"]):
        raise ValueError(
            f"`state` (with seeded = {record['seeded']}, left = {left}, next = {used}) must describe a CPU "
            "generator, as what get_state() and torch.get_rng_state() return does"
        )
    stream = Stream(int(record["seed"]))
    stream.move(key, WORDS if untouched else used)
    stream.untouched = untouched
    return State(stream, float(record["normal"]) if record["has_normal"] else None)

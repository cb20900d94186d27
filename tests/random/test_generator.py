"""randint(), random(), bernoulli(), skip(), clone(), and calls of every kind in one stream."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from jaxdl.data import ArraySource
from jaxdl.random import TorchGenerator
from jaxdl.random.stream import Stream

SPANS = (
    (0, 1), (-5, 3), (0, 10), (0, 2**28 - 1), (0, 2**28), (-1, 2**28), (-(2**31), 2**31), (0, 2**40),
    (0, 2**63 - 1), (-(2**63), 0), (-(2**63), 2**63 - 1), (-3, 2**63 - 1),
)  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize("low_high", SPANS, ids=str)
def test_randint(torch, pair, assert_same_state, low_high):
    reference, generator = pair(9)
    for shape in ((), (0,), (1,), (3, 5), (1009,)):
        expected = torch.randint(*low_high, shape, generator=reference)
        np.testing.assert_array_equal(generator.randint(*low_high, shape), expected.numpy(), strict=True)
    assert_same_state(reference, generator)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_randint_dtype(torch, pair, dtype):
    reference, generator = pair(4)
    limits = np.iinfo(dtype)
    for low, high in ((0, 100), (int(limits.min), min(int(limits.max), 2**63 - 2) + 1)):
        expected = torch.randint(low, high, (500,), dtype=getattr(torch, dtype), generator=reference)
        given = generator.randint(low, high, 500, dtype=dtype)
        np.testing.assert_array_equal(given, expected.numpy(), strict=True)


@pytest.mark.torch
def test_random(torch, pair):
    reference, generator = pair(123)
    expected = torch.empty(1000, dtype=torch.int64).random_(generator=reference)
    assert [generator.random() for _ in range(1000)] == expected.tolist()


@pytest.mark.torch
@pytest.mark.parametrize("p", [0, 1e-9, 0.1, 1 / 3, 0.5, 0.9, 1])
def test_bernoulli(torch, pair, assert_same_state, p):
    reference, generator = pair(6)
    for shape in ((), (7,), (4, 5), (50_001,)):
        expected = torch.empty(shape).bernoulli_(p, generator=reference)
        np.testing.assert_array_equal(generator.bernoulli(p, shape), expected.numpy() == 1, strict=True)
    assert_same_state(reference, generator)


@pytest.mark.torch
def test_dropout_mask(torch):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        kept = torch.nn.functional.dropout(torch.ones(3, 50), 0.3, training=True).numpy() != 0
    np.testing.assert_array_equal(TorchGenerator(8).bernoulli(1 - 0.3, (3, 50)), kept)


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(6))
def test_calls_of_every_kind_in_any_order(torch, pair, assert_same_bits, assert_same_state, seed):
    reference, generator = pair(seed)
    choice = np.random.RandomState(seed)
    for _ in range(150):
        size = int(choice.choice([0, 1, 2, 3, 7, 15, 16, 17, 100, 613]))
        dtype = str(choice.choice(["float32", "float64", "float16", "bfloat16"]))
        tensor = torch.empty(size, dtype=getattr(torch, dtype))
        kind = choice.randint(6)
        if kind == 0:
            assert_same_bits(tensor.uniform_(-2, 3, generator=reference), generator.uniform(size, -2, 3, dtype=dtype))
        elif kind in (1, 2):
            assert_same_bits(tensor.normal_(1, 2, generator=reference), generator.normal(size, 1, 2, dtype=dtype))
        elif kind == 3:
            assert generator.randperm(size).tolist() == torch.randperm(size, generator=reference).tolist()
        elif kind == 4:
            expected = torch.randint(-9, 99, (size,), generator=reference)
            assert generator.randint(-9, 99, size).tolist() == expected.tolist()
        else:
            expected = torch.empty(size).bernoulli_(0.4, generator=reference)
            assert generator.bernoulli(0.4, size).tolist() == expected.bool().tolist()
        assert_same_state(reference, generator)


# One stream of PyTorch 2.13 after manual_seed(2**33 + 5), in this order: the first 16 hex digits of the
# SHA-256 of each call's bytes. They hold the core to PyTorch where it is not installed.
FROZEN = (
    ("uniform", (1000, -0.3, 0.7), "float32", "2599a388ef96f08b"),
    ("normal", (7, 0.5, 0.02), "float32", "8d96b6c664bd82ed"),
    ("normal", (1003, 0.5, 0.02), "float32", "ebf77c61b1e8e8d1"),
    ("uniform", (1000, -0.3, 0.7), "float64", "de030037f026904c"),
    ("normal", (7, 0.5, 0.02), "float64", "a501245e2386bbec"),
    ("normal", (1003, 0.5, 0.02), "float64", "2482df4fb7af5391"),
    ("uniform", (1000, -0.3, 0.7), "float16", "4c197d98d3154eb7"),
    ("normal", (7, 0.5, 0.02), "float16", "5af74821a64c2c4a"),
    ("normal", (1003, 0.5, 0.02), "float16", "61cec9a1193cf4af"),
    ("uniform", (1000, -0.3, 0.7), "bfloat16", "29ad2e67963bb0b5"),
    ("normal", (7, 0.5, 0.02), "bfloat16", "862f87777f091e66"),
    ("normal", (1003, 0.5, 0.02), "bfloat16", "c298cc7678e28c50"),
    ("randint", (-5, 1000, 100), "int64", "17095942f87fd986"),
)


def test_frozen():
    def digest(array: np.ndarray) -> str:
        return hashlib.sha256(array.tobytes()).hexdigest()[:16]

    generator = TorchGenerator(2**33 + 5)
    for name, arguments, dtype, expected in FROZEN:
        assert digest(getattr(generator, name)(*arguments, dtype=dtype)) == expected, (name, dtype)
    assert generator.randint(-5, 1000, 3).tolist() == [615, 617, 17]
    wide = [721398351531835670, 325441950792081102, 988727637453408795]
    assert generator.randint(-(2**40), 2**60, 3).tolist() == wide
    assert digest(generator.randperm(1000)) == "b504fd65550834a6"
    assert generator.randperm(5).tolist() == [3, 0, 2, 1, 4]
    assert generator.random() == 8242017313301256123
    assert generator.bernoulli(0.3, 12).tolist() == [bool(bit) for bit in (0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1)]
    assert digest(generator.get_state()) == "7dfcb8f29be6522a"


def test_first_numbers_of_seed_0():
    """Printed in countless notebooks: torch.manual_seed(0); torch.rand(4)."""
    numbers = TorchGenerator(0).uniform(4)
    np.testing.assert_array_equal(
        numbers,
        np.float32([0.4962565898895264, 0.7682217955589294, 0.08847743272781372, 0.13203048706054688]),
    )


@pytest.mark.parametrize("draws", [0, 1, 623, 624, 625, 100_000])
def test_skip(draws):
    skipped, drawn = TorchGenerator(1), TorchGenerator(1)
    skipped.skip(draws)
    drawn.uniform(draws)
    np.testing.assert_array_equal(skipped.get_state(), drawn.get_state())


def test_skips_of_clones_know_where_they_have_been():
    """Whichever clone has passed a place, forwards from any other: the state is that of drawing every word."""
    draw, words = np.random.RandomState(0), TorchGenerator(3)
    states, family = {0: TorchGenerator(3).get_state()}, [(TorchGenerator(3), 0)]
    ends = set()
    for _ in range(300):
        generator, passed = family[draw.randint(len(family))]
        count = int(draw.choice([0, 1, 624, 625, 1000, 20_000]))
        clone = generator.clone()
        if draw.rand() < 0.3:
            clone.uniform(count)
        else:
            clone.skip(count)
        ends.add(passed + count)
        family = [*family[-20:], (clone, passed + count)]
        states[passed + count] = clone.get_state()
    at = 0
    for end in sorted(ends):
        words.uniform(end - at)
        at = end
        np.testing.assert_array_equal(states[end], words.get_state())


def test_a_generator_that_is_set_elsewhere_forgets_where_it_was():
    generator, other = TorchGenerator(3), TorchGenerator(4)
    generator.skip(5000)
    generator.set_state(other.get_state())
    generator.skip(5000)
    other.uniform(5000)
    np.testing.assert_array_equal(generator.get_state(), other.get_state())


def test_epochs_cost_the_same_however_many_went_before(monkeypatch):
    words, drawn = Stream.words, []
    monkeypatch.setattr(Stream, "words", lambda stream, count: drawn.append(count) or words(stream, count))
    source, generator, costs = ArraySource((np.zeros(2000),), 100, shuffle=True), TorchGenerator(0), []
    for epoch in range(30):
        start = generator.clone()
        start.skip(epoch * 700)  # an evaluation's
        source.order(epoch, start)
        costs.append(sum(drawn))
        drawn.clear()
    assert max(costs[2:]) < 6000


def test_clone_is_a_second_generator():
    generator = TorchGenerator(5, fused=False)
    generator.normal(3)
    clone = generator.clone()
    assert clone.fused is False
    before = generator.get_state()
    numbers = clone.normal(2)
    np.testing.assert_array_equal(generator.get_state(), before)
    np.testing.assert_array_equal(generator.normal(2), numbers)


def test_seeds_that_share_their_low_word_share_the_stream():
    for seed in (-1, 2**32 - 1, 2**40 - 1):
        np.testing.assert_array_equal(TorchGenerator(seed).uniform(9), TorchGenerator(2**64 - 1).uniform(9))


def test_repr():
    assert repr(TorchGenerator(-1)) == f"TorchGenerator(seed={2**64 - 1})"


# What PyTorch draws when it is told which kernels to use: only a new process can be told.
DRAW = """
import sys, numpy as np, torch
torch.manual_seed(3)
names = ("float32", "float64", "float16", "bfloat16")
drawn = []
for name in names:
    for size in (5, 2, 1003):
        drawn.append(torch.empty(size, dtype=getattr(torch, name)).uniform_(-0.3, 0.7))
        drawn.append(torch.empty(size, dtype=getattr(torch, name)).normal_(0.5, 0.02))
        drawn.append(torch.empty(size, dtype=getattr(torch, name)).cauchy_(0.5, 0.02))
        drawn.append(torch.empty(size, dtype=getattr(torch, name)).log_normal_(0.5, 0.02))
drawn = [(t.view(torch.int16) if t.element_size() == 2 else t).numpy().tobytes() for t in drawn]
sys.stdout.buffer.write(b"".join(drawn) + torch.get_rng_state().numpy().tobytes())
"""


@pytest.mark.torch
@pytest.mark.parametrize(("capability", "fused"), [("default", False), ("avx2", True)])
def test_capability(torch, monkeypatch, capability, fused):
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.xfail("this machine has no AVX2, so PyTorch cannot be told to use it")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", capability)
    expected = subprocess.run([sys.executable, "-c", DRAW], capture_output=True, check=True).stdout
    generator = TorchGenerator(3, fused=fused)
    drawn = []
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        for size in (5, 2, 1003):
            drawn.append(generator.uniform(size, -0.3, 0.7, dtype=dtype))
            drawn.append(generator.normal(size, 0.5, 0.02, dtype=dtype))
            drawn.append(generator.cauchy(size, 0.5, 0.02, dtype=dtype))
            drawn.append(generator.log_normal(size, 0.5, 0.02, dtype=dtype))
    assert b"".join(array.tobytes() for array in [*drawn, generator.get_state()]) == expected

"""Made-up results, as the benchmark would have written them: sound, and strange as a page must bear them."""

import copy
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxdl import report

VOID = {"meta", "img", "source", "br", "input", "link", "hr"}
ADDRESSES = {"src", "srcset", "href", "action", "data", "poster"}
HOSTILE = "topic/<script>alert('x')</script>"
RUNGS = {
    "initial": 10,
    "batches": 20,
    "forward": 1,
    "loss": 1,
    "gradient": 10,
    "step 1": 30,
    "step 10": 30,
    "step 460": 30,
}
LABELS = {
    "flax": "stock Flax",
    "jax": "JAX",
    "eager": "PyTorch eager",
    "compile": "torch.compile",
    "channels_last": "PyTorch channels_last",
}


class Reader(HTMLParser):
    """A page's elements, attributes and visible text; it fails where a tag is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[Any] = []
        self.alts: list[Any] = []
        self.ids: list[Any] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attributes)
        self.addresses += [value for name, value in given.items() if name in ADDRESSES]
        assert not [name for name in given if name.startswith("on")]
        if tag == "img":
            self.alts.append(given["alt"])
        if "id" in given:
            self.ids.append(given["id"])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


def curve_pair(dtype: str, steps: int, start: float, end: float) -> dict[str, list[float]]:
    """A loss that falls, in two frameworks whose rounding differs more and more."""
    noise = np.random.default_rng(0)
    step = np.arange(steps)
    torch = end + (start - end) * np.exp(-6 * step / steps) * (1 + 0.1 * noise.normal(size=steps))
    epsilon = {"float64": 1e-16, "float32": 6e-8}[dtype]
    jax = torch + np.round(torch / epsilon * noise.normal(size=steps) * (0.3 + step / 40)) * epsilon * epsilon
    return {"torch": torch.tolist(), "jax": jax.tolist()}


def rung_rows(epsilon: dict[str, float]) -> list[dict[str, Any]]:
    """A parity table in which everything agrees."""
    allowed = {"float64": 1e-10, "float32": 1e-5}
    rows = []
    for dtype in ("float64", "float32"):
        for weights in ("seed", "copied"):
            for height, (rung, tensors) in enumerate(
                {**RUNGS, "losses 1 to 10": 1, "losses 11 to 40": 1, "evaluation": 1}.items()
            ):
                exact = rung in ("initial", "batches")
                later = height > 4 and dtype == "float32"
                relative = 0.0 if exact else epsilon[dtype] * 3 ** (height - 2)
                rows.append(
                    {
                        "weights": weights,
                        "dtype": dtype,
                        "rung": rung,
                        "tensor": "loss" if tensors == 1 else "fc1.weight",
                        "difference": relative * 2.3,
                        "scale": 2.3,
                        "tolerance": 0.0 if exact else 5e-2 if later else allowed[dtype],
                        "relative": relative,
                        "largest": relative * 2.3,
                        "tensors": tensors,
                        "agrees": True,
                    }
                )
    return rows


def mode(name: str, median: float, spread: float = 0.04, rounds: int = 7, **more: Any) -> dict[str, Any]:
    """A mode's row; `spread` is how far its slowest round is above the median."""
    offsets = np.linspace(-0.4, 1, rounds) * spread
    offsets -= np.median(offsets)
    times = median * (1 + np.random.default_rng(1).permutation(offsets))
    return {
        "mode": name,
        "label": LABELS[name],
        "import_s": 0.71 if name == "jax" else 1.13,
        "first_cold_s": {"jax": 0.62, "compile": 14.2}.get(name, 0.021),
        **({"first_warm_s": 0.11} if name in ("jax", "compile") else {}),
        "start_cold_s": {"jax": 1.9, "compile": 17.2}.get(name, 1.4),
        "difference": 1e-7,
        "steps_a_turn": 300,
        "step_ms": times.tolist(),
        "median_ms": float(np.median(times)),
        "peak_mib": {"jax": 412.6, "compile": 1184.0}.get(name, 388.2),
        "after": {"steps": 2140, "loss": 0.0123},
        **more,
    }


def experiment(name: str, **parts: Any) -> dict[str, Any]:
    """An experiment that agrees; `parts` replaces what a case wants otherwise."""
    return {
        "name": name,
        "summary": "A multilayer perceptron reads handwritten digits.",
        "config": {
            "seed": 0,
            "dtype": "float32",
            "epochs": 20,
            "batch_size": 64,
            "learning_rate": 0.001,
            "hidden": 128,
        },
        "parity": {
            "agrees": True,
            "failure": None,
            "rungs": rung_rows({"float64": 2e-16, "float32": 1e-7}),
            "curves": {dtype: curve_pair(dtype, 460, 2.3, 0.01) for dtype in ("float64", "float32")},
        },
        "timing": [
            mode("jax", 0.31, after=after(digit_samples(8, mistakes=9))),
            mode("eager", 0.66),
            mode("compile", 0.75, 0.2),
        ],
        **parts,
    }


def after(samples: dict[str, Any]) -> dict[str, Any]:
    """What the trained model of jax says."""
    final = {"loss": 0.104, "accuracy": 0.972}
    return {"steps": 2140, "loss": 0.0123, "flops": 1.2e7, "final": final, "samples": samples}


def digit_samples(side: int, mistakes: int, shown: int = 24) -> dict[str, Any]:
    """Noise for pictures, some of it misread."""
    target = np.arange(shown) % 10
    images = np.random.default_rng(4).integers(0, 256, (shown, side, side))
    prediction = [(int(digit) + (number < mistakes)) % 10 for number, digit in enumerate(target)]
    return {
        "kind": "classes",
        "mistakes": mistakes,
        "rows": 359,
        "images": images.tolist(),
        "target": target.tolist(),
        "prediction": prediction,
    }


def regression(name: str) -> dict[str, Any]:
    """A regression beside its closed form; both frameworks are equally fast."""
    target = np.random.default_rng(3).normal(size=88)
    found = experiment(
        name, summary="Linear regression by mini-batch stochastic gradient descent, beside the closed form."
    )
    found["parity"]["curves"] = {dtype: curve_pair(dtype, 720, 1.31, 0.48) for dtype in ("float64", "float32")}
    samples = {"kind": "numbers", "target": target.tolist(), "prediction": (0.6 * target + 0.1).tolist()}
    found["timing"] = [
        mode("jax", 0.0412, 0.3, after=after(samples)),
        mode("eager", 0.0425, 0.2),
        mode("compile", 0.0634),
    ]
    return found


def images(name: str) -> dict[str, Any]:
    """A convolutional network that is slower in jax; torch.compile has no compiler."""
    failed = {
        "mode": "compile",
        "label": "torch.compile",
        "reason": "RuntimeError: Failed to find C++ compiler. Please specify one in CXX",
    }
    jax = mode("jax", 6.7, after=after(digit_samples(32, 4)))
    timing = [jax, mode("flax", 9.1), mode("eager", 5.8), failed, mode("channels_last", 4.5)]
    return experiment(name, summary="LeNet-5 reads handwritten digits.", timing=timing)


def differing(name: str) -> dict[str, Any]:
    """An experiment whose parity failed; it has times all the same, which no page may show."""
    found = experiment(name)
    row = found["parity"]["rungs"][5]
    row |= {"tensor": "bn1.running_var", "relative": 3.1e-3, "largest": 7.1e-3, "agrees": False}
    found["parity"] |= {
        "agrees": False,
        "failure": "step 1 · bn1.running_var · 3.1e-03 > 1e-10 (float64, weights seed)",
    }
    found["timing"] = [mode("jax", 123.456), mode("eager", 654.321)]
    return found


def hostile() -> dict[str, Any]:
    """Names, reasons and labels that are markup, mathematics and colour codes."""
    summary = "<img src='http://evil.example/x.png'> & [bold]so on[/bold]"
    found = experiment(HOSTILE, summary=summary)
    found["parity"]["rungs"][2]["tensor"] = "<b>" + "layers.0.attention." * 30 + "weight</b>"
    reason = "$\\frac{1}{2}$ <b>failed</b> [red]日本語[/red] " + "and so on " * 60
    found["timing"] = [
        {"mode": "jax", "label": "$JAX <i>", "reason": reason},
        mode("eager", 1.0, label="[blink]_{x}$"),
    ]
    return found


def result_of(*experiments: dict[str, Any]) -> dict[str, Any]:
    """A whole result."""
    return {
        "created": "2025-11-20T22:10:00+00:00",
        "commit": "a1b2c3d",
        "machine": {
            "processor": "AMD EPYC 9B45",
            "cores": 4,
            "memory_gib": 15.6,
            "system": "Linux-6.1-x86_64",
            "python": "3.11.7",
        },
        "versions": {
            "jaxdl": "0.1.0",
            "jax": "0.10.2",
            "jaxlib": "0.10.2",
            "flax": "0.12.8",
            "optax": "0.2.8",
            "numpy": "2.4.6",
            "torch": "2.13.0",
        },
        "flags": {"XLA_FLAGS": "--xla_cpu_experimental_ynn_fusion_type="},
        "settings": {"rounds": 7, "threads": 2, "dtype": "float32", "device": "CPU"},
        "experiments": list(experiments),
        "seconds": 61.3,
    }


def sound_result() -> dict[str, Any]:
    """Three experiments that agree: one faster in jax, one level, one slower."""
    return result_of(experiment("supervised/mlp"), regression("supervised/linear_regression"), images("vision/lenet"))


def strange_results() -> dict[str, dict[str, Any]]:
    """Cases at the edge, by what is strange about them."""
    empty: dict[str, Any] = {"name": "empty", "parity": {"agrees": True}}
    names = ("numberless", "silent", "equal")
    numberless, silent, equal = (experiment(name) for name in names)
    numberless["parity"]["curves"]["float64"]["jax"][30:] = [float("nan")] * 430
    numberless["parity"]["rungs"][-1] |= {"relative": float("inf"), "largest": float("inf")}
    numberless["timing"][0]["after"]["samples"] = {"kind": "numbers", "target": [float("nan")], "prediction": [1.0]}
    silent["timing"] = []
    silent["parity"]["curves"] = {}
    for both in equal["parity"]["curves"].values():
        both["jax"] = both["torch"]
    for row in equal["parity"]["rungs"]:
        row |= {"relative": 0.0, "largest": 0.0, "difference": 0.0}
    alone = [mode("jax", 1.0, rounds=1, peak_mib=None)]
    return {
        "nothing": {"experiments": []},
        "empty": result_of(empty),
        "not a number": result_of(numberless),
        "no curves, no times": result_of(silent),
        "no difference": result_of(equal),
        "one mode": result_of(experiment("alone", timing=alone)),
        "hostile": result_of(hostile()),
        "differing": result_of(experiment("supervised/mlp"), differing("vision/lenet")),
        "same name twice": result_of(empty, empty),
    }


@pytest.fixture(scope="session")
def sound() -> dict[str, Any]:
    """A result without anything strange."""
    return sound_result()


@pytest.fixture(scope="session")
def strange() -> dict[str, dict[str, Any]]:
    """Strange results by name."""
    return strange_results()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, dict[str, Any]], Path]:
    """Draws a result's page, each only once in a session: figures take their time."""
    pages: dict[str, Path] = {}

    def draw(name: str, result: dict[str, Any]) -> Path:
        if name not in pages:
            given = copy.deepcopy(result)
            pages[name] = report.page(result, tmp_path_factory.mktemp("page"))
            assert repr(given) == repr(result), "a page must leave its result as it is"
        return pages[name]

    return draw


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Reader]:
    """Reads a page's text."""
    return Reader

"""What a run shows: how far a gradient reaches back in each cell, bits a character, text that it writes."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.sequence.characters import CELLS, evaluation, program, source
from jaxdl import data, functional, random, report, train
from jaxdl.experiment import Exhibit, apart, precision, twin
from jaxdl.report.writing import writing

STEPS = {"rnn": functional.rnn_tanh_cell, "gru": functional.gru_cell, "lstm": functional.lstm_cell}
COLOURS = {"rnn": "bad", "gru": "good", "lstm": "jax"}
WEIGHTS = [f"recurrence.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
COUNTED = {0: "all 96 alike", 1: "counts of characters", 2: "of pairs", 3: "of three", 5: "of five"}
PROMPT = "The "


def read(params, cell, hx, characters):
    """One step: the state after characters `[...]`, and the logits of what follows them, `[..., C]`."""
    x = functional.embedding(characters, params["embedding.weight"])
    hx = STEPS[cell](x, hx, *(params[name] for name in WEIGHTS))
    shown = hx[0] if cell == "lstm" else hx
    return hx, functional.linear(shown, params["head.weight"], params["head.bias"])


def rest(params, cell, *rows):
    """The state before the first character."""
    zeros = jnp.zeros((*rows, params["head.weight"].shape[1]), params["head.weight"].dtype)
    return (zeros, zeros) if cell == "lstm" else zeros


@partial(jax.jit, static_argnames="cell")
def reach(params, cell, characters, following):
    """The norm of the gradient of a window's last loss by the state before its last k characters, k = 1, 2, ...

    `[length]`, the mean over windows. An LSTM's state is both that it hands on.
    """

    def last(nudges):
        def step(hx, given):
            character, nudge = given
            return read(params, cell, jax.tree.map(jnp.add, hx, nudge), character)

        _, logits = jax.lax.scan(step, rest(params, cell, len(characters)), (characters.T, nudges))
        return functional.cross_entropy(logits[-1], following[:, -1], reduction="sum")

    nudges = rest(params, cell, characters.shape[1], len(characters))
    gradients = jax.tree.leaves(jax.grad(last)(nudges))
    return jnp.sqrt(sum((g**2).sum(axis=-1) for g in gradients)).mean(axis=1)[::-1]


def trained(config):
    """What an ordinary run of this configuration ends with."""
    with precision(config.dtype):
        return train.fit(program(config), source(config), config.epochs, seed=config.seed, progress=False)[0]


def exhibits(config, state):
    configs = {cell: replace(config, cell=cell) for cell in CELLS}
    states = {cell: state if cell == config.cell else trained(each) for cell, each in configs.items()}
    return [gradients(configs, states), bits(configs, states), written(config, state)]


def gradients(configs, states):
    """How far the last loss's gradient reaches back, at first and at last, in float64."""
    pytorch, found, rows = twin(__name__), {}, []
    with precision("float64"):
        for cell, config in configs.items():
            windows = evaluation(config).arrays
            first = program(replace(config, dtype="float64")).init(random.TorchGenerator(config.seed)).params
            last = {name: jnp.asarray(value, "float64") for name, value in states[cell].params.items()}
            found[cell] = [np.asarray(reach(params, cell, *windows)) for params in (first, last)]
            theirs = pytorch and pytorch.reach(config, *windows)
            rows.append(
                [cell, *(text for curve in found[cell] for text in fading(curve)), apart(found[cell][0], theirs)]
            )
    return Exhibit(
        "How far back a gradient reaches",
        headings=("cell", "at first, a step", "in all", "trained, a step", "in all", "from PyTorch"),
        rows=rows,
        picture=partial(draw_gradients, found),
        caption="The gradient of the loss at a window's last character by the state before its last k: the mean of its "
        "norm over the windows of the test, in units of that for k = 1. An LSTM's state is both its vectors. The table "
        "has the factor that a step leaves of it, and what all steps leave. PyTorch draws small weights and gates that "
        "are half open: at first all three forget, and the GRU's line lies under the LSTM's. The last column: how far "
        "PyTorch's norms from the same seed, before training, are from these in float64.",
    )


def fading(curve):
    """What is left of a gradient after one step, in the geometric mean, and after all."""
    left = curve[-1] / curve[0]
    return [f"{left ** (1 / max(len(curve) - 1, 1)):.2f}", f"{left:.0e}"]


def draw_gradients(found, file, theme):
    lines = [
        report.Line(name, np.arange(1, len(curve) + 1), curve / curve[0], COLOURS[cell], dashes)
        for cell, both in found.items()
        for name, curve, dashes in zip((f"{cell}, at first", f"{cell}, trained"), both, (":", "-"), strict=True)
    ]
    title = "|∂ loss / ∂ state|, in units of the nearest"
    report.plots_picture([report.Plot(title, lines, "characters back", "y")], file, theme)


def bits(configs, states):
    """What a character of the test takes: by counting, and by each cell."""
    config = next(iter(configs.values()))
    text, tested = source(config).arrays[0].ravel(), evaluation(config).arrays
    rows = [
        [name, f"{data.ngram_bits(text, *tested, order, len(data.PRINTABLE)).mean():.3f}"]
        for order, name in COUNTED.items()
    ]
    for cell, each in configs.items():
        with precision(each.dtype):
            rows.append([cell, f"{train.evaluate(program(each), states[cell], evaluation(each))['bits']:.3f}"])
    return Exhibit(
        "Bits a character, beside counting",
        headings=("expected by", "test bits"),
        rows=rows,
        caption="What a character of the test takes, coded by what was expected. Counts of five know what followed the "
        "same four characters in the training text, mixed with what followed the last three, and so on (Witten and "
        "Bell). In the default run they are ahead of all three cells, and the LSTM, whose gradient reaches farthest, "
        "comes last.",
    )


def written(config, state):
    """Text that the network goes on with, by temperature."""
    with precision(config.dtype):
        step, before = partial(read, state.params, config.cell), rest(state.params, config.cell)
        return writing(step, before, PROMPT, state.key)

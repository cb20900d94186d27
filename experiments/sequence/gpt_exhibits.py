"""What a run shows: what each head attends to, what a longer context is worth, text that it writes."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.sequence.gpt import GPT, evaluation, program
from jaxdl import bridge, data, functional, metrics, nn, random, report, train
from jaxdl.experiment import Exhibit, apart, precision, twin
from jaxdl.report import canvas
from jaxdl.report.writing import writing

SEEN = "slice item is the"  # of the text to test on
PROMPT = "The "
STRIDE = 16  # from one of the characters to the next where contexts are compared


def attention(params, config, characters):
    """Each head's weights, `[layers, windows, heads, L, L]`: what place i takes of place j."""
    seen, places = {}, jnp.eye(characters.shape[1], dtype=params["head.weight"].dtype)
    model = GPT(config, rngs=random.TorchGenerator(0))
    bridge.load_into(model, params)
    nn.observed(model, seen.__setitem__)(characters)
    found = []
    for layer in range(config.layers):
        qkv = seen[f"blocks.{layer}.attention.qkv"]
        q, k, _ = (part.reshape(*characters.shape, config.heads, -1).swapaxes(1, 2) for part in jnp.split(qkv, 3, -1))
        # A mean of unit vectors is its weights.
        found.append(functional.scaled_dot_product_attention(q, k, places, is_causal=True))
    return np.stack(found)


def exhibits(config, state):
    return [heads(config, state), contexts(config, state), written(config, state)]


def heads(config, state):
    """Where each head looks: on average over windows of the test, and in a few words."""
    pytorch, words = twin(__name__), data.PRINTABLE.encode(SEEN)[: config.length]
    # No place sees what stands behind it, so the words may be filled up to a window.
    filled = np.pad(words, (0, config.length - len(words)))
    with precision("float64"):
        params = {name: np.asarray(value, "float64") for name, value in state.params.items()}
        characters = np.concatenate([filled[None], evaluation(config).arrays[0][:15]])
        weights = attention(params, config, characters)
        theirs = pytorch and pytorch.attention(params, config, characters)
    places = np.arange(config.length)
    distance = (weights[:, 1:] * (places[:, None] - places)).sum(-1).mean((1, 3))
    itself, before = (np.diagonal(weights[:, 1:], -k, -2, -1).sum(-1).mean(1) / config.length for k in (0, 1))
    rows = [
        [f"{layer + 1}", f"{head + 1}", f"{distance[layer, head]:.1f}"]
        + [f"{share[layer, head]:.0%}" for share in (itself, before)]
        for layer, head in np.ndindex(distance.shape)
    ]
    return Exhibit(
        "Where heads look",
        headings=("layer", "head", "characters back", "at itself", "at the one before"),
        rows=rows,
        picture=partial(draw_heads, weights[:, 0, :, : len(words), : len(words)], SEEN[: len(words)]),
        caption="Each row is a place in the text and says what it takes of itself and of the places before it: the "
        "weights of a row add up to one, the bluer the more. Of each layer the picture has the head whose weights are "
        "the least spread. The table is the mean over 15 windows of the test. How far the weights of a PyTorch model "
        f"with these parameters are from these, in float64: {apart(weights, theirs)}.",
    )


def draw_heads(weights, text, file, theme):
    """Of each layer the head whose weights are the least spread."""
    from matplotlib.colors import LinearSegmentedColormap

    spread = -(weights * np.log(np.where(weights > 0, weights, 1))).sum(-1).mean(-1)
    titles = [f"layer {layer + 1}, head {head + 1}" for layer, head in enumerate(spread.argmin(axis=1))]
    figure = canvas.tiles(titles, 2, 2.7, theme, edge=(0.25, 0.3))
    shades = LinearSegmentedColormap.from_list("", [theme.card, theme.jax])
    for axes, own, head in zip(figure.axes, weights, spread.argmin(axis=1), strict=True):
        axes.imshow(own[head], cmap=shades, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(range(len(text)), list(text.replace(" ", "·")), family="monospace")
        axes.tick_params(length=0)
    file.write_bytes(canvas.png(figure))


def contexts(config, state):
    """Bits of the same characters of the test, by how many before them are seen; beside counting."""
    text, _, given, following = data.python_help(config.length)
    inputs, targets = data.windows(np.append(given.ravel(), following[-1, -1]), config.length, STRIDE)
    lengths = [2**power for power in range(config.length.bit_length()) if 2**power < config.length] + [config.length]
    predict, curves = jax.jit(program(config).predict), {"GPT": [], "counts of 2": [], "counts of 5": []}
    for length in lengths:
        window = inputs[:, -length:], targets[:, -length:]
        with precision(config.dtype):
            curves["GPT"].append(metrics.bits(predict(state, window)[:, -1], window[1][:, -1]).item())
        for order in (2, 5):
            counted = data.ngram_bits(text.ravel(), *window, order, len(data.PRINTABLE))
            curves[f"counts of {order}"].append(counted[:, -1].mean())
    return Exhibit(
        "What context is worth",
        headings=("characters seen", *curves),
        rows=[
            [f"{length}", *(f"{bits:.2f}" for bits in row)]
            for length, *row in zip(lengths, *curves.values(), strict=True)
        ],
        picture=partial(draw_contexts, lengths, curves),
        caption=f"The bits of the same {len(inputs)} characters of the test, when the network sees the last one before "
        "them, the last two, and so on. Counts of 2 know what follows a character in the training text, counts of 5 "
        "what follows four, as far as so many are seen. In the default run the network gains nothing from what stands "
        "more than 16 characters back.",
    )


def draw_contexts(lengths, curves, file, theme):
    looks = zip(curves.items(), ("jax", "muted", "torch"), strict=True)
    lines = [report.Line(name, lengths, curve, colour, marker="o") for (name, curve), colour in looks]
    report.plots_picture([report.Plot("bits a character", lines, "characters seen", "x")], file, theme)


def written(config, state):
    """Text that the network goes on with, by temperature."""
    predict = program(config).predict
    with precision(config.dtype):
        step, before = train.sliding(lambda tokens: predict(state, (tokens[None], None))[0], config.length)
        return writing(step, before, PROMPT, state.key)

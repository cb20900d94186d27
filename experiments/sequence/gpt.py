"""A small GPT reads Python's help and says, at each character, what comes next.

Each place looks back at all places before it and takes from those that matter: attention. A causal mask hides what is
to be said, so one pass learns from all places at once, where a recurrent network goes from one to the next. A block
adds to what it is given, and norms its own copy of it (pre-norm), so that the gradient reaches the first block as it
is. The run ends with pictures of where heads look, of what context is worth, and with text that the network wrote.

    python -m experiments.sequence.gpt --epochs 1

Data: Python's help.
Time: 45 s on two cores.
Score: test_bits <= 2.9
Paper: Vaswani et al. 2017, "Attention Is All You Need"; Radford et al. 2019, "Language Models are Unsupervised
Multitask Learners".

The test is on the text's last fifth, of other topics than those it learned from. Where a Python's help is another
(see `data.python_help`), its numbers are its own.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import bridge, data, functional, metrics, nn, optim, random, report, train
from jaxdl.experiment import Exhibit, Settings, apart, option, precision, twin
from jaxdl.report import canvas
from jaxdl.report.writing import writing

SEEN = "slice item is the"  # of the text to test on
PROMPT = "The "
STRIDE = 16  # from one of the characters to the next where contexts are compared


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(2, "passes over the windows of the 36,660 training characters")
    batch_size: int = option(12, "windows a step")
    length: int = option(64, "characters a window, the furthest that it looks back")
    stride: int = option(16, "from one training window's start to the next: a character is seen at several places")
    layers: int = option(4, "blocks")
    width: int = option(128, "numbers that stand for a character")
    heads: int = option(4, "of the attention, among which the width is divided")
    learning_rate: float = option(2e-3, "AdamW's step size")

    def __post_init__(self):
        super().__post_init__()
        for name in ("layers", "width", "heads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, given {getattr(self, name)}")
        if self.width % self.heads:
            raise ValueError(f"width (={self.width}) must be divisible by heads (={self.heads})")


class Attention(nn.Module):
    def __init__(self, width, heads, *, rngs):
        self.heads = heads
        # A bias of the keys would add the same to all of a place's scores, and softmax takes that away again.
        self.qkv = nn.Linear(width, 3 * width, bias=False, rngs=rngs)
        self.proj = nn.Linear(width, width, rngs=rngs)

    def __call__(self, x):
        q, k, v = (part.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2) for part in jnp.split(self.qkv(x), 3, -1))
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(seen.swapaxes(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self, width, heads, *, rngs):
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, rngs=rngs)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width, rngs=rngs)
        self.down = nn.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, config, *, rngs):
        self.embedding = nn.Embedding(len(data.PRINTABLE), config.width, rngs=rngs)
        self.position = nn.Embedding(config.length, config.width, rngs=rngs)
        self.blocks = nn.Sequential(*(Block(config.width, config.heads, rngs=rngs) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, len(data.PRINTABLE), rngs=rngs)

    def __call__(self, characters):
        x = self.embedding(characters) + self.position.weight[: characters.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def loss(logits, following):
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), following.reshape(-1))


def source(config):
    characters, following, _, _ = data.python_help(config.length, stride=config.stride)
    return data.ArraySource((characters, following), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, characters, following = data.python_help(config.length)
    return data.ArraySource((characters, following), batch_size=len(characters))


def program(config):
    return train.supervised(
        lambda rngs: GPT(config, rngs=rngs),
        loss,
        optim.adamw(config.learning_rate),
        metrics={"bits": metrics.bits},
        dtype=config.dtype,
    )


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
        headings=("layer", "head", "characters back", "at its own", "at the one before"),
        rows=rows,
        picture=partial(draw_heads, weights[:, 0, :, : len(words), : len(words)], SEEN[: len(words)]),
        caption="Each row is a place in the text and says what it takes of itself and of the places before it: the "
        "weights of a row add up to one, the darker the more. Of each layer the picture has the head whose weights are "
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


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)

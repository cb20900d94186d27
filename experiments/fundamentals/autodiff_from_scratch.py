"""Four networks learn with gradients of an engine that is NumPy alone: jaxdl.autodiff.

A perceptron and a LeNet read handwritten digits; an LSTM and a transformer of one block say the next character of
Python's own help. All four are written below as plain functions of a dict of arrays, and differentiated as they stand.
They are trained at once: the loss is the sum of theirs, and since they share no parameter and Adam goes by each number
alone, that is four trainings. `--engine` says what differentiates: `numpy`, the default, the engine as it is, called
from the compiled training step; `xla`, its recorded operations, those of the way back among them, compiled with the
step; `jax`, what both are held against: the same networks as modules of jaxdl.nn, through `jax.grad`. Losses and
parameters agree with each other's and with PyTorch's to the last digits of float64.

    python -m experiments.fundamentals.autodiff_from_scratch --engine xla

Data: digits; Python's help.
Time: 45 s on two cores.
Score: test_loss <= 5
Paper: Linnainmaa 1970, "The representation of the cumulative rounding error of an algorithm as a Taylor expansion of
the local rounding errors", where the reverse mode of differentiation comes from.

The text is that of topics which are the same in Python 3.11 to 3.13; where a Python has others, its numbers are its
own.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import autodiff, data, functional, metrics, nn, optim, random, train
from jaxdl.autodiff import conv2d, embedding, gelu, layer_norm, linear, max_pool2d, relu, sigmoid, softmax
from jaxdl.experiment import Settings, option

ENGINES = ("numpy", "xla", "jax")
LENGTH, WIDTH, HEADS = 24, 64, 4  # characters of a window, numbers that stand for one, heads of the attention


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(6, "passes over the 1,438 training digits, each with a window of text")
    batch_size: int = option(32, "digits and windows a step")
    learning_rate: float = option(4e-3, "Adam's step size")
    model: str = option("all", "what is trained: mlp, lenet, lstm, transformer or all")
    engine: str = option("numpy", "what differentiates: numpy, xla (jaxdl.autodiff, both) or jax")

    @property
    def chosen(self):
        return tuple(NETWORKS) if self.model == "all" else (self.model,)

    def __post_init__(self):
        super().__post_init__()
        for name, known in (("model", ("all", *NETWORKS)), ("engine", ENGINES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, given {getattr(self, name)!r}")


# The networks, in NumPy: p holds the parameters.


def mlp(p, images):
    x = relu(linear(images.reshape(len(images), -1), p["fc1.weight"], p["fc1.bias"]))
    return linear(x, p["fc2.weight"], p["fc2.bias"])


def lenet(p, images):
    x = max_pool2d(relu(conv2d(images, p["conv1.weight"], p["conv1.bias"], padding=2)), 2)
    x = max_pool2d(relu(conv2d(x, p["conv2.weight"], p["conv2.bias"], padding=2)), 2)
    x = relu(linear(x.reshape(len(x), -1), p["fc1.weight"], p["fc1.bias"]))
    x = relu(linear(x, p["fc2.weight"], p["fc2.bias"]))
    return linear(x, p["fc3.weight"], p["fc3.bias"])


def lstm(p, characters):
    x = linear(embedding(characters, p["embedding.weight"]), p["lstm.weight_ih_l0"], p["lstm.bias_ih_l0"])
    h = c = np.zeros((len(x), WIDTH), x.dtype)
    said = []
    for seen in np.split(x, LENGTH, axis=1):  # one character after the other
        gates = seen.reshape(len(x), -1) + linear(h, p["lstm.weight_hh_l0"], p["lstm.bias_hh_l0"])
        i, f, g, o = np.split(gates, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        said.append(h)
    return linear(np.stack(said, axis=1), p["head.weight"], p["head.bias"])


def transformer(p, characters):
    x = embedding(characters, p["embedding.weight"]) + p["position.weight"]
    normed = layer_norm(x, p["norm1.weight"], p["norm1.bias"])
    q, k, v = (by_head(each) for each in np.split(linear(normed, p["qkv.weight"]), 3, axis=-1))
    scores = q @ k.swapaxes(-1, -2) / (WIDTH / HEADS) ** 0.5
    attention = softmax(np.where(np.tri(LENGTH, dtype=bool), scores, -np.inf))  # of what came before alone
    x = x + linear((attention @ v).swapaxes(1, 2).reshape(x.shape), p["proj.weight"], p["proj.bias"])
    normed = layer_norm(x, p["norm2.weight"], p["norm2.bias"])
    x = x + linear(gelu(linear(normed, p["up.weight"], p["up.bias"])), p["down.weight"], p["down.bias"])
    return linear(layer_norm(x, p["norm3.weight"], p["norm3.bias"]), p["head.weight"], p["head.bias"])


def by_head(x):
    return x.reshape(*x.shape[:2], HEADS, -1).swapaxes(1, 2)


# The same networks as modules, which draw the parameters.


class MLP(nn.Module):
    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(8 * 8, 64, rngs=rngs)
        self.fc2 = nn.Linear(64, 10, rngs=rngs)

    def __call__(self, images):
        return self.fc2(functional.relu(self.fc1(images.reshape(len(images), -1))))


class LeNet(nn.Module):
    def __init__(self, *, rngs):
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2, rngs=rngs)
        self.conv2 = nn.Conv2d(6, 16, 5, padding=2, rngs=rngs)
        self.fc1 = nn.Linear(16 * 2 * 2, 120, rngs=rngs)
        self.fc2 = nn.Linear(120, 84, rngs=rngs)
        self.fc3 = nn.Linear(84, 10, rngs=rngs)

    def __call__(self, images):
        x = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        x = functional.relu(self.fc1(x.reshape(len(x), -1)))
        return self.fc3(functional.relu(self.fc2(x)))


class LSTM(nn.Module):
    def __init__(self, *, rngs):
        self.embedding = nn.Embedding(len(data.PRINTABLE), 32, rngs=rngs)
        self.lstm = nn.LSTM(32, WIDTH, batch_first=True, rngs=rngs)
        self.head = nn.Linear(WIDTH, len(data.PRINTABLE), rngs=rngs)

    def __call__(self, characters):
        return self.head(self.lstm(self.embedding(characters))[0])


class Transformer(nn.Module):
    def __init__(self, *, rngs):
        self.embedding = nn.Embedding(len(data.PRINTABLE), WIDTH, rngs=rngs)
        self.position = nn.Embedding(LENGTH, WIDTH, rngs=rngs)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False, rngs=rngs)
        self.proj = nn.Linear(WIDTH, WIDTH, rngs=rngs)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH, rngs=rngs)
        self.down = nn.Linear(4 * WIDTH, WIDTH, rngs=rngs)
        self.norm3 = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(data.PRINTABLE), rngs=rngs)

    def __call__(self, characters):
        x = self.embedding(characters) + self.position.weight
        q, k, v = (by_head(each) for each in jnp.split(self.qkv(self.norm1(x)), 3, axis=-1))
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(seen.swapaxes(1, 2).reshape(x.shape))
        x = x + self.down(functional.gelu(self.up(self.norm2(x))))
        return self.head(self.norm3(x))


NETWORKS = {"mlp": (mlp, MLP), "lenet": (lenet, LeNet), "lstm": (lstm, LSTM), "transformer": (transformer, Transformer)}
OF_DIGITS = ("mlp", "lenet")


class Networks(nn.ModuleDict):
    def __call__(self, images, characters):
        return {name: network(images if name in OF_DIGITS else characters) for name, network in self.items()}


def modules(config, generator):
    """The modules as a function of all their parameters, and those that PyTorch would draw."""
    networks = Networks({name: NETWORKS[name][1](rngs=generator) for name in config.chosen})
    apply, params, _ = nn.functionalize(networks)
    return lambda params, *inputs: apply(params, {}, *inputs)[0], params


def in_numpy(config):
    """The networks above as a function of all their parameters."""

    def forward(params, images, characters):
        of = {name: {} for name in config.chosen}
        for name, value in params.items():
            network, _, own = name.partition(".")
            of[network][own] = value
        return {name: NETWORKS[name][0](p, images if name in OF_DIGITS else characters) for name, p in of.items()}

    return forward


def each(measure, outputs, target):
    """Each network's outputs measured by what they should be: the digit, or the next characters."""
    answers = {name: target[:, :1] if name in OF_DIGITS else target[:, 1:] for name in outputs}
    return {
        name: measure(output.reshape(-1, output.shape[-1]), answers[name].reshape(-1))
        for name, output in outputs.items()
    }


def objective(forward, cross_entropy):
    """The sum of the losses; beside it the losses, and what the networks say."""

    def summed(params, images, characters, target):
        outputs = forward(params, images, characters)
        losses = each(cross_entropy, outputs, target)
        return sum(losses.values()), ({f"{name}_loss": loss for name, loss in losses.items()}, outputs)

    return summed


def differentiated(config, of_modules):
    """(params, *batch) ↦ the objective's value and gradient, by the engine that was chosen."""
    ours = autodiff.value_and_grad(objective(in_numpy(config), autodiff.cross_entropy), has_aux=True)
    theirs = jax.value_and_grad(of_modules, has_aux=True)

    def on_arrays(*args):
        return ours(*jax.tree.map(np.asarray, args))

    def called(*args):  # leaves the compiled step, computes in NumPy and comes back
        return jax.pure_callback(on_arrays, jax.eval_shape(theirs, *args), *args, vmap_method="sequential")

    return {"numpy": called, "xla": autodiff.lowered(ours), "jax": theirs}[config.engine]


def program(config):
    optimizer = optim.adam(config.learning_rate)
    of_modules = objective(modules(config, random.TorchGenerator(0))[0], functional.cross_entropy)
    differentiate = differentiated(config, of_modules)

    def init(generator):
        params = {name: jnp.array(value, config.dtype) for name, value in modules(config, generator)[1].items()}
        key = jax.random.key(config.seed)
        return train.State(params, {}, optimizer.init(params), key, jnp.zeros((), "int32"))

    def step(state, batch):
        (loss, (losses, _)), gradients = differentiate(state.params, *batch)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        params = {name: value + updates[name] for name, value in state.params.items()}
        return state._replace(params=params, opt_state=opt_state, step=state.step + 1), {"loss": loss, **losses}

    def evaluate(state, batch):  # the modules say what the engine's parameters are worth
        loss, (losses, outputs) = of_modules(state.params, *batch)
        right = each(metrics.accuracy, outputs, batch[-1])
        return {"loss": loss, **losses, **{f"{name}_accuracy": share for name, share in right.items()}}

    def probe(state, batch):
        (loss, (_, outputs)), gradients = differentiate(state.params, *batch)
        return train.Probe(outputs, loss, gradients)

    return train.Program(init, step, evaluate, probe)


def examples(config):
    """Digits, windows of text, and what is to be said of both: the digit, then the next characters."""
    x_train, y_train, x_test, y_test = data.digits()
    c_train, n_train, c_test, n_test = data.python_help(LENGTH)
    for x, y, characters, following in ((x_train, y_train, c_train, n_train), (x_test, y_test, c_test, n_test)):
        target = np.concatenate([y[:, None], following[: len(y)]], axis=1)
        yield x[:, None].astype(config.dtype), characters[: len(y)], target


def source(config):
    return data.ArraySource(next(examples(config)), config.batch_size, shuffle=True)


def evaluation(config):
    _, test = examples(config)
    return data.ArraySource(test, batch_size=len(test[0]))


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)

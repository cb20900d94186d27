"""What a run shows: each layer alone, its formula, its picture of an image, its gradient, PyTorch's value."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional
from jaxdl.experiment import Exhibit, apart, precision, twin
from jaxdl.report import canvas


class Layer(NamedTuple):
    """A layer alone: its formula, what it computes of an image, the image, and what else it takes."""

    formula: str
    function: Callable
    x: np.ndarray
    others: dict


def photographs():
    """Two of `[3, 106, 160]`, standardised together."""
    images, _ = data.sample_images()
    images = images[:, :, :424].reshape(2, 3, 106, 4, 160, 4).mean(axis=(3, 5))
    return (images - images.mean()) / images.std()


def layers():
    colours = photographs()
    grey = colours[:1].mean(axis=1, keepdims=True)
    width = grey.shape[-1]
    sobel = np.array([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]]) / 8
    mask = np.asarray(functional.dropout(jnp.ones(grey.shape), 0.5, key=jax.random.key(0)) > 0).astype(float)
    target = colours[:1].argmax(axis=1)
    return {
        "Linear": Layer(
            "y = x Wᵀ + b, for each row of pixels. Any linear change of a row is a W: this one mirrors it.",
            functional.linear,
            grey,
            {"weight": np.eye(width)[::-1].copy(), "bias": np.zeros(width)},
        ),
        "Conv2d": Layer(
            "y[i, j] = b + Σ W[u, v] x[i + u − 1, j + v − 1]: one small W everywhere. This one, Sobel's, is large "
            "where the right is brighter than the left.",
            partial(functional.conv2d, padding=1),
            grey,
            {"weight": sobel, "bias": np.zeros(1)},
        ),
        "ReLU": Layer(
            "y = max(x, 0). What is darker than the mean becomes nothing, and gets no gradient.",
            functional.relu,
            grey,
            {},
        ),
        "MaxPool2d": Layer(
            "y[i, j] is the largest of a window of 4 × 4. It alone gets the gradient.",
            partial(functional.max_pool2d, kernel_size=4),
            grey[..., :104, :],
            {},
        ),
        "Flatten": Layer(
            "y[160 i + j] = x[i, j]: the rows one after another, of which the picture shows eight. A linear layer "
            "takes no other form.",
            lambda x: x.reshape(len(x), -1),
            grey,
            {},
        ),
        "Dropout": Layer(
            "y = x m / (1 − p), each m zero with probability p = 0.5, and 1 / (1 − p) keeps the mean. In evaluation "
            "y = x. jax draws other masks than PyTorch, so PyTorch was given this one.",
            lambda x, mask: functional.dropout(x, 0.5, key=jax.random.key(0)),
            grey,
            {"mask": mask},
        ),
        "BatchNorm2d": Layer(
            "y = γ (x − mean) / √(variance + ε) + β, with mean and variance of each channel over batch and pixels: "
            "here two photographs, of which the first is shown. No colour prevails any more.",
            lambda x, weight, bias: functional.batch_norm(x, None, None, weight, bias, training=True),
            colours,
            {"weight": np.ones(3), "bias": np.zeros(3)},
        ),
        "Softmax": Layer(
            "y[j] = exp x[j] / Σ exp x[k], along each row of four times the photograph: numbers become shares of one, "
            "and the brightest pixels take nearly all.",
            partial(functional.softmax, dim=-1),
            4 * grey,
            {},
        ),
        "CrossEntropyLoss": Layer(
            "y = mean of −ln softmax(x)[target]. Each pixel's three colours are its logits, its strongest colour is "
            "the target; the second picture is the loss of each pixel, large where the colours are alike. The gradient "
            "is (softmax(x) − [j = target]) / pixels, times y²: yellow where blue is the target.",
            functional.cross_entropy,
            colours[:1],
            {"target": target},
        ),
    }


def measured(layer):
    """The layer's value, and the gradients of a third of the sum of its cubes by all that is differentiable."""
    names = ["x", *(name for name in ("weight", "bias") if name in layer.others)]
    fixed = {name: value for name, value in layer.others.items() if name not in names}

    def cubes(arrays):
        y = layer.function(*arrays, **fixed)
        return (y**3).sum() / 3, y

    gradients, y = jax.grad(cubes, has_aux=True)([jnp.asarray({"x": layer.x, **layer.others}[name]) for name in names])
    return np.asarray(y), {name: np.asarray(value) for name, value in zip(names, gradients, strict=True)}


def exhibits(config, state):
    """Each layer with its picture and a table of values and gradients beside PyTorch's, in float64."""
    shown, pytorch = [], twin(__name__)
    with precision("float64"):
        for name, layer in layers().items():
            y, gradients = measured(layer)
            theirs = pytorch and pytorch.measured(name, layer.x, layer.others)
            rows = [row("y", y, theirs and theirs[0])]
            rows += [row(f"∂L/∂{key}", value, theirs and theirs[1][key]) for key, value in gradients.items()]
            shown.append(
                Exhibit(
                    name,
                    headings=("", "shape", "norm", "PyTorch's", "apart"),
                    rows=rows,
                    picture=partial(draw, name=name, layer=layer, y=y, gradient=gradients["x"]),
                    caption=layer.formula,
                )
            )
    return shown


def row(name, own, theirs):
    """An array's shape and norm, PyTorch's norm, and the largest difference in units of the largest number."""
    shape, norm = " × ".join(map(str, own.shape)) or "a number", f"{np.linalg.norm(own):.8g}"
    return [name, shape, norm, "" if theirs is None else f"{np.linalg.norm(theirs):.8g}", apart(own, theirs)]


def draw(file, theme, name, layer, y, gradient):
    """The photograph, what becomes of it, and what comes back."""
    figure = canvas.tiles(["x", "y", "∂L/∂x, L = Σy³/3"], 3, 1.36, theme)
    if name == "Flatten":
        y = y.reshape(-1)[: 8 * 160].reshape(1, -1).repeat(106, axis=0)
    elif name == "CrossEntropyLoss":
        y = np.asarray(functional.cross_entropy(layer.x, layer.others["target"], reduction="none"))
    for axes, image in zip(figure.axes, (layer.x, y, gradient), strict=True):
        axes.imshow(pixels(image), cmap="gray", aspect="auto", interpolation="nearest")
        axes.set(xticks=[], yticks=[])
    file.write_bytes(canvas.png(figure))


def pixels(image):
    """The first of a batch, `[H, W]` or `[H, W, 3]` from 0 to 1; the outermost hundredth at each end is cut off."""
    low, high = np.percentile(image, (1, 99))
    image = image[0] if image.ndim > 2 else image
    image = np.clip((image - low) / (high - low), 0, 1)
    return image.transpose(1, 2, 0).squeeze() if image.ndim == 3 else image

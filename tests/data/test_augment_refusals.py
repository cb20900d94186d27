"""What augmentations refuse, each in a sentence."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.data import augment

X, T = np.ones((2, 3, 4, 5), np.float32), np.eye(2, dtype=np.float32)
K = augment.keys(0, 0, np.arange(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: augment.random_horizontal_flip(K, X[0]), r"`images` \(of shape \(3, 4, 5\)\) must be \[N, C, H, W\]"),
        (lambda: augment.random_horizontal_flip(K, X[..., :0]), "at least one pixel"),
        (lambda: augment.random_horizontal_flip(K[:1], X), r"of shape \(1,\) .* must be 2 keys"),
        (lambda: augment.random_horizontal_flip(None, X), r"`keys` \(=None\) must be 2 keys"),
        (lambda: augment.random_vertical_flip(np.ones(2), X), "dtype float64"),
        (lambda: augment.random_vertical_flip(K, X, 1.5), "`p` .* between 0 and 1"),
        (lambda: augment.random_crop(K, X, 6, padding=(0, 9)), r"`size` \(=\(6, 6\)\) must fit .* \(4, 23\)"),
        (lambda: augment.random_crop(K, X, 4, 4, "reflect"), r"`padding` \(=\(4, 4\)\) by reflection"),
        (lambda: augment.random_crop(K, X, 4, 1, "wrap"), "must be one of zeros, reflect"),
        (lambda: augment.random_crop(K, X, (1, 2, 3)), "must be one integer or two"),
        (lambda: augment.random_crop(K, X, 0), "`size`"),
        (lambda: augment.random_crop(K, X, 2, -1), "`padding`"),
        (lambda: augment.random_crop(K, X, 2.0), "`size`.* not a float"),
        (lambda: augment.random_rotate(K, X, -3), "must not be negative"),
        (lambda: augment.random_rotate(K, X, (3, 1)), r"must be a number or \(lowest, highest\)"),
        (lambda: augment.random_rotate(K, X, float("nan")), "must be finite"),
        (lambda: augment.random_rotate(K, X, 3, "cubic"), "must be one of bilinear, nearest"),
        (lambda: augment.random_rotate(K, X.astype(int), 3), "floating point or uint8"),
        (lambda: augment.cutout(K, X, 0), "`size`"),
        (lambda: augment.cutout(K, X, 2, "red"), "`fill`"),
        (lambda: augment.cutout(K, X.astype(np.uint8), 2, 256), r"`fill` \(=256\) .* images of uint8 can hold"),
        (lambda: augment.cutout(K, X.astype(np.uint8), 2, 0.5), r"`fill` \(=0.5\) .* images of uint8 can hold"),
        (lambda: augment.mixup(K, X, T, 0), r"`alpha` \(=0.0\) must be positive"),
        (lambda: augment.cutmix(K, X, T, -1), "`alpha`"),
        (lambda: augment.mixup(K, X, np.arange(2)), "must be floating-point probabilities"),
        (lambda: augment.mixup(K, X, T[:1]), r"must be \[2, classes\]"),
        (lambda: augment.mixup(K, X.astype(np.uint8), T), "normalise them first"),
        (lambda: augment.normalise(X, [0.0], [1.0]), r"must be \[C\]"),
        (lambda: augment.normalise(X, [0.0] * 3, [1.0, 0.0, 1.0]), "above 0"),
        (lambda: augment.normalise(X[0], [0.0] * 3, [1.0] * 3), r"\[N, C, H, W\]"),
        (lambda: augment.keys(-1, 0, np.arange(2)), "`seed`"),
        (lambda: augment.keys(0, 2**32, np.arange(2)), "`epoch`"),
        (lambda: augment.keys(0, 0.5, np.arange(2)), "`epoch`"),
        (lambda: augment.keys(0, jnp.ones(2), np.arange(2)), "`epoch` .* must be one integer"),
        (lambda: augment.keys(0, 0, np.arange(2.0)), "`indices` .* must be integers"),
        (lambda: augment.keys(0, 0, 3), r"`indices` .* must be \[N\]"),
        (lambda: augment.compose("flip"), "compose takes functions"),
        (lambda: augment.compose(augment.random_horizontal_flip)(K[:1], X), "must be 2 keys"),
        (lambda: augment.augmented(print, print, 0, 0), "`steps_per_epoch`"),
    ],
)
def test_what_will_not_do(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()

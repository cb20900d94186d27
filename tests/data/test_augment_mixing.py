"""mixup and cutmix: partners, shares, and targets that tell the truth about the pixels."""

import jax.numpy as jnp
import numpy as np

from jaxdl.data import augment
from tests.data.test_augment import GENERATOR, images, jit, some_keys


def test_shares_have_their_distribution():
    from scipy.stats import beta, kstest

    alphas = (0.01, 0.2, 3.0)
    x, target = np.zeros((2000, 1, 1, 1), np.float32), np.tile(np.eye(2, dtype=np.float32), (1000, 1))
    mixed = jit(lambda keys: [augment.mixup(keys, x, target, alpha)[1] for alpha in alphas])(some_keys(2000))
    for alpha, probabilities in zip(alphas, map(np.asarray, mixed), strict=True):
        assert np.isfinite(probabilities).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
        own = probabilities[np.arange(2000), np.arange(2000) % 2]
        if alpha >= 0.2:  # below, many shares are 1 in float32
            # a partner of the same class tells nothing
            assert kstest(own[own < 1], beta(alpha, alpha).cdf).pvalue > 1e-3


def test_cutmix_takes_a_rectangle_and_its_part_of_the_target():
    x = np.broadcast_to(np.arange(60, dtype=np.uint8)[:, None, None, None], (60, 3, 9, 11))
    cut, target = map(np.asarray, jit(augment.cutmix)(some_keys(60), x, np.eye(60, dtype=np.float32)))
    assert cut.dtype == np.uint8
    areas = []
    for i, (image, probabilities) in enumerate(zip(cut, target, strict=True)):
        foreign = image[0] != i
        np.testing.assert_array_equal(image, np.broadcast_to(image[:1], image.shape))
        np.testing.assert_array_equal(foreign, foreign.any(1, keepdims=True) & foreign.any(0, keepdims=True))
        counts = np.bincount(image[0].ravel(), minlength=60)
        assert (counts > 0).sum() <= 2
        np.testing.assert_allclose(probabilities, counts / 99, atol=1e-6)
        areas.append(foreign.mean())
    assert min(areas) < 0.05
    assert max(areas) > 0.6


@jit
def both_mixed(rows, x, target):
    keys = augment.keys(0, 3, rows)
    return *augment.mixup(keys, x, target, alpha=1.0), *augment.cutmix(keys, x, target)


def test_mixup_mixes_with_the_next_in_a_circle():
    x, target = images(16), np.eye(16, dtype=np.float32)
    mixed, probabilities = map(np.asarray, both_mixed(np.arange(16), x, target)[:2])
    shares = np.diag(probabilities)
    partners = (probabilities - np.diag(shares)).argmax(axis=1)
    assert sorted(partners) == list(range(16))
    assert (partners != np.arange(16)).all()
    for i, (share, j) in enumerate(zip(shares, partners, strict=True)):
        np.testing.assert_allclose(mixed[i], share * x[i] + (1 - share) * x[j], atol=1e-6)
        np.testing.assert_allclose(probabilities[i], share * target[i] + (1 - share) * target[j], atol=1e-6)


def test_partners_depend_on_the_rows_of_the_batch_not_on_their_order():
    x, target, rows = images(16), np.eye(16, dtype=np.float32), np.arange(16)
    order = GENERATOR.permutation(16)
    ours, elsewhere = both_mixed(rows, x, target), both_mixed(rows + 16, x, target)
    for one, shuffled, other in zip(ours, both_mixed(rows[order], x[order], target[order]), elsewhere, strict=True):
        np.testing.assert_array_equal(np.asarray(one)[order], shuffled)
        assert not np.array_equal(one, other)


def test_an_image_that_is_alone_stays():
    x, target = images(1), np.eye(1, dtype=np.float32)
    for computed, expected in zip(both_mixed(np.arange(1), x, target), (x, target) * 2, strict=True):
        np.testing.assert_allclose(computed, expected, rtol=1e-6)


def test_halves_of_precision_count_all_pixels():
    """1,024 pixels, where bfloat16 counts to 256; and a target's shares are the pixels'."""
    x = np.broadcast_to(np.arange(16, dtype=np.uint8)[:, None, None, None], (16, 1, 32, 32))
    cut, target = jit(augment.cutmix)(some_keys(16), x, jnp.eye(16, dtype=jnp.bfloat16))
    assert target.dtype == jnp.bfloat16
    kept = (np.asarray(cut)[:, 0] == np.arange(16)[:, None, None]).mean(axis=(1, 2))
    np.testing.assert_allclose(np.diag(np.asarray(target, np.float32)), kept, atol=2**-8)

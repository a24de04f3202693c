"""Grey levels and noise about them: estimates, ends of the scale, pictures without noise."""

import warnings

import numpy as np
import pytest
from noise_examples import ENDS, as_8_bit, assert_close, chi_square, half_and_half, likelihood
from PIL import Image

from isingdenoise import (
    EstimationWarning,
    GaussianNoise,
    GaussianPerLevelNoise,
    LaplaceNoise,
    SaltPepperNoise,
    denoise,
)

PICTURES = ["text", "small_text", "horse", "qr_code", "mask", "letter_a"]
GREY = ["gaussian", "gaussian-per-level", "laplace", "salt-pepper"]
SIDES = pytest.mark.parametrize("side", [-1, 1])


@SIDES
@pytest.mark.parametrize("sigma", [20.0, 63.5, 200.0])
def test_saturated_8_bit_pixels_count_for_the_whole_tail(sigma, side):
    noise, n = GaussianNoise(sigma, (64, 191)), 100_000
    rng = np.random.default_rng(2)
    level = noise.levels[(side + 1) // 2]
    x = np.clip(np.rint(level + sigma * rng.standard_normal(n)), 0, 255).astype(np.uint8)
    grey = np.arange(256, dtype=np.uint8)
    mass = likelihood(noise, grey, side)
    assert mass.sum() == pytest.approx(1, abs=1e-4)
    assert chi_square(np.bincount(x, minlength=256), n * mass) > 1e-3
    density = likelihood(noise, grey.astype(np.float64), side)  # control: no ends
    assert density.sum() < 0.99 or sigma == 20


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_gaussian_estimates_of_the_samples(name, sample):
    """The truth is 64, 191 and 63.5; one pixel in six is clipped."""
    found = GaussianNoise.from_image(sample(name, "gaussian"))
    assert found.sigma == pytest.approx(63.5, rel=0.02)
    np.testing.assert_allclose(found.levels, (64, 191), atol=2.0)


LARGE = {
    "gaussian": GaussianNoise(40.0, (64.0, 191.0), ENDS),
    "gaussian, whitened": GaussianNoise(30.0, (64.0, 250.0), ENDS),
    "gaussian-per-level": GaussianPerLevelNoise((20.0, 45.0), (64.0, 191.0), ENDS),
    "gaussian-per-level, dark": GaussianPerLevelNoise((50.0, 15.0), (64.0, 191.0), ENDS),
    "laplace": LaplaceNoise(45.0, (64.0, 191.0), ENDS),
    "laplace, whitened": LaplaceNoise(30.0, (64.0, 240.0), ENDS),
    "salt-pepper": SaltPepperNoise(0.05, 0.1, 20.0, (64.0, 191.0), ENDS),
    "salt-pepper, strong": SaltPepperNoise(0.1, 0.05, 35.0, (64.0, 191.0), ENDS),
    "salt-pepper, four values": SaltPepperNoise(0.1, 0.05, 0.0, (64.0, 191.0), ENDS),
}


@pytest.mark.slow
@pytest.mark.parametrize("noise", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("name", ["text", "small_text", "horse", "qr_code", "mask"])
def test_estimates_of_large_pictures(name, noise, sample):
    """Within 5 % of the truth, levels within 2 % of their distance."""
    z = np.tile(sample(name, "clean"), (5, 5))[:512, :512]
    found = type(noise).from_image(as_8_bit(noise.sample(z, np.random.default_rng(11))))
    np.testing.assert_allclose(found.levels, noise.levels, atol=0.02 * np.diff(noise.levels)[0])
    assert_close(found, noise, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("white", "sigma"), [(250, 20), (270, 20), (270, 63.5), (290, 40)])
@pytest.mark.parametrize("name", ["text", "horse"])
def test_whitened_scans(name, white, sigma, sample):
    """Up to four white pixels in five are saturated, many of them side by side."""
    noise = GaussianNoise(sigma, (64, white), ENDS)
    z = np.tile(sample(name, "clean"), (2, 2))[:512, :512]
    x = as_8_bit(noise.sample(z, np.random.default_rng(13)))
    assert 0.4 < np.mean(x[z] == 255) < 0.83
    assert_close(GaussianNoise.from_image(x), noise, 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("shrunk", [1, 2, 3])
@pytest.mark.parametrize("noise", GREY)
def test_clean_pictures_stay_as_they_are(name, shrunk, noise, sample):
    """Two values, or grey edges as scaled-down pictures have them."""
    grey = Image.fromarray(sample(name, "clean").astype(np.uint8) * 255)
    x = np.array(grey.resize([n // shrunk for n in grey.size], Image.Resampling.BOX))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        found = denoise(x, noise)
    low, high = found.noise.levels
    assert 100 < (low + high) / 2 < 190
    # the coupling of a clean silhouette is strong; the goal is one pixel in 2000
    assert np.mean(found.image != (x > (low + high) / 2)) <= 5e-4


@pytest.mark.slow
def test_noise_inside_a_wide_margin_is_no_clean_picture(sample):
    """The control of the former test."""
    z = sample("letter_a", "clean")
    for sigma in (10.0, 40.0, 63.5):
        x = np.full((500, 500), 255, np.uint8)
        page = GaussianNoise(sigma, (64, 191), ENDS).sample(z, np.random.default_rng(14))
        x[180 : 180 + z.shape[0], 180 : 180 + z.shape[1]] = as_8_bit(page)
        found = GaussianNoise.from_image(x)
        assert found.sigma == pytest.approx(sigma, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "dtype"),
    [
        (GaussianNoise(8000.0, (10000.0, 40000.0)), np.uint16),
        (GaussianNoise(15000.0, (10000.0, 40000.0)), np.uint16),
        (GaussianNoise(2000.0, (-9000.0, -5000.0)), np.int16),
        (GaussianNoise(0.5), np.float32),
        (GaussianNoise(1.0), np.float64),
        (GaussianNoise(0.25, (0.2, 0.7)), np.float32),
        (GaussianNoise(1e-6, (-3e-6, 0.0)), np.float64),
    ],
    ids=str,
)
def test_gaussian_estimates_of_other_scales(noise, dtype):
    x = noise.sample(half_and_half((240, 320)), np.random.default_rng(5)).astype(np.float64)
    if np.dtype(dtype).kind in "iu":
        x = np.clip(np.rint(x), np.iinfo(dtype).min, np.iinfo(dtype).max)
    assert_close(GaussianNoise.from_image(x.astype(dtype)), noise, 0.03)


@pytest.mark.parametrize("seed", range(40))
def test_patternless_pictures_can_be_estimated(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 2))
    x = GaussianNoise(0.5).sample(np.where(rng.random(shape) < 0.5, 1, -1), rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # 1 x 1
        noise = GaussianNoise.from_image(x)
    assert noise.levels[0] < noise.levels[1]


@pytest.mark.parametrize("margin", [5, 20, 60, 150])
@pytest.mark.parametrize("value", [0, 255])
def test_a_margin_without_noise_does_not_mislead(margin, value):
    """What was put around a noisy page after the noise says nothing about the noise."""
    rng = np.random.default_rng(margin)
    clean = np.kron(rng.random((30, 40)) < 0.8, np.ones((8, 8))) > 0
    page = GaussianNoise(40.0, (60.0, 200.0), (0.0, 255.0)).sample(clean, rng)
    x = np.full((240 + 2 * margin, 320 + 2 * margin), value, np.uint8)
    x[margin:-margin, margin:-margin] = np.rint(page)
    noise = GaussianNoise.from_image(x)
    assert noise.levels == pytest.approx((60, 200), abs=4)
    assert noise.sigma == pytest.approx(40, rel=0.05)


def test_two_grey_values_are_no_gaussian_noise():
    x = np.where(np.random.default_rng(0).random((20, 30)) < 0.5, np.uint8(255), np.uint8(0))
    with pytest.warns(EstimationWarning, match="flip"):
        found = denoise(x, "gaussian")
    np.testing.assert_array_equal(found.image, x > 0)
    assert found.noise.levels == (0, 255)


def test_log_ndtr_agrees_with_scipy():
    from scipy.special import log_ndtr as judge

    from isingdenoise.noise.estimation.normal import log_ndtr

    a = np.concatenate([np.linspace(-1e4, 9, 20001), np.linspace(-40, -20, 2001)])
    np.testing.assert_allclose([log_ndtr(v) for v in a], judge(a), rtol=1e-11)


def test_blur_and_opening_agree_with_scipy():
    from scipy import ndimage

    from isingdenoise.noise.estimation.flat import whole_blocks
    from isingdenoise.noise.estimation.grey import _box_mean

    rng = np.random.default_rng(2)
    for shape in [(1, 1), (1, 9), (7, 2), (3, 3), (20, 31)]:
        grey = rng.normal(size=shape)
        np.testing.assert_allclose(_box_mean(grey), ndimage.uniform_filter(grey, 5, mode="nearest"))
        marked = rng.random(shape) < 0.9
        opened = ndimage.binary_opening(marked, np.ones((3, 3)))
        np.testing.assert_array_equal(whole_blocks(marked), opened)

"""Uneven light is found, even light is left alone."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import integrate, special, stats

from isingdenoise.background import _mixture, _surface, estimate_background
from isingdenoise.background._blocks import block_counts
from isingdenoise.errors import ParameterError

SAMPLES = Path(__file__).resolve().parents[2] / "sample_images"
PICTURES = ("horse", "letter_a", "mask", "qr_code", "small_text", "text")
GREYS = {
    "float": ((40, 220), np.float64),
    "8 bit": ((64, 191), np.uint8),
    "saturated": ((40, 220), np.uint8),  # at sigma 1 a third of the pixels
}


def clean(name):
    with Image.open(SAMPLES / f"{name}_clean.png") as file:
        return np.array(file) > 0


def light(kind, shape):
    """Return a surface that falls to 0.4 somewhere, of median 1."""
    y, x = ((np.arange(n) + 0.5) / n for n in shape)
    y, x = y[:, None], x[None, :]
    surface = {
        "even": np.ones(shape),
        "linear": 1 - 0.6 * x + 0 * y,
        "vignette": 1 - 1.2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
        "bump": 0.4 + 0.6 * np.exp(-8 * ((x - 0.35) ** 2 + (y - 0.6) ** 2)),
        "dent": 1 - 0.5 * np.exp(-8 * ((x - 0.6) ** 2 + (y - 0.4) ** 2)),
    }[kind]
    return surface / np.median(surface)


def picture(z, kind="even", sigma=0.5, grey="float", seed=0):
    """Return the spins `z` under a light, noise in half the levels' distance, and the light."""
    (low, high), dtype = GREYS[grey]
    b = light(kind, z.shape)
    x = np.where(z, high, low) * b / b.max()
    x += sigma * (high - low) / 2 * np.random.default_rng(seed).standard_normal(z.shape)
    return (x if dtype is np.float64 else np.clip(np.rint(x), 0, 255).astype(dtype)), b


def error(found, true):
    """Return the root mean square of the relative error, both scaled to median 1."""
    ratio = found / true
    return float(np.sqrt(np.mean((ratio / np.median(ratio) - 1) ** 2)))


def is_even(found):
    return found.dtype == np.float32 and bool(np.all(found == 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("grey", "sigma"),
    [("float", 0.1), ("float", 1), ("8 bit", 0.3), ("8 bit", 1), ("saturated", 0.6)],
)
@pytest.mark.parametrize("kind", ["linear", "vignette"])
@pytest.mark.parametrize("name", PICTURES)
def test_light_that_falls_off_is_found(name, kind, grey, sigma):
    x, b = picture(clean(name), kind, sigma, grey)
    found = estimate_background(x)
    assert error(found, b) < 0.03
    assert error(np.ones_like(b), b) > 0.1  # the control: this light is not even


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.1, 0.3])
@pytest.mark.parametrize("kind", ["bump", "dent"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_bump_is_found(name, kind, sigma):
    x, b = picture(clean(name), kind, sigma)
    assert error(estimate_background(x), b) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.1, 0.5, 1])
@pytest.mark.parametrize("grey", GREYS)
@pytest.mark.parametrize("name", PICTURES)
def test_even_light_is_left_alone(name, grey, sigma):
    x, _ = picture(clean(name), "even", sigma, grey)
    assert is_even(estimate_background(x))


def test_what_follows_the_mean_would_flatten_the_horse():
    """The control of the test above: a smoothed picture is no estimate of the light."""
    x, _ = picture(clean("horse"), sigma=0.1)
    fitter = _surface._Fitter(block_counts(x, None))
    mean = fitter.basis[:, : fitter.terms(4)] @ fitter.follow(4, None)
    assert error(mean, np.ones_like(mean)) > 0.2
    assert is_even(estimate_background(x))


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.1, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_half_black_half_white_is_even(axis, sigma):
    z = np.indices((300, 400))[axis] >= 150 + 50 * axis
    assert is_even(estimate_background(picture(z, sigma=sigma)[0]))


@pytest.mark.slow
@pytest.mark.parametrize("levels", [(0, 200), (64, 191)])
def test_dark_ground_with_a_few_bright_spots(levels):
    rng = np.random.default_rng(1)
    z = np.zeros((300, 400), bool)
    for y, x in rng.integers(0, (288, 388), (40, 2)):
        z[y : y + 12, x : x + 12] = True
    b = light("linear", z.shape)
    grey = np.where(z, *levels[::-1]) * b + 10 * rng.standard_normal(z.shape)
    assert error(estimate_background(grey), b) < 0.03


@pytest.mark.slow
def test_a_clean_picture_is_left_alone_and_its_light_found():
    z = clean("text")
    smooth = (z[:-1:2, ::2] * 60.0 + z[1::2, ::2] * 67.0 + 64).astype(np.uint8)  # four greys
    assert is_even(estimate_background(smooth))
    b = light("linear", z.shape)
    assert error(estimate_background(np.where(z, 191, 64) * b), b) < 0.03


@pytest.mark.slow
def test_levels_are_constant_once_the_light_is_divided_out():
    z = clean("horse")
    x, _ = picture(z, "vignette", 0.1)
    assert is_even(estimate_background(x / estimate_background(x)))


@pytest.mark.slow
def test_scale_does_not_matter_and_median_is_one():
    x, _ = picture(clean("letter_a"), "linear")
    found = estimate_background(x)
    assert np.median(found) == pytest.approx(1, abs=1e-6)
    assert found.min() > 0
    for factor in (2.0**-40, 2.0**60):
        np.testing.assert_allclose(estimate_background(x * factor), found, rtol=1e-5)


@pytest.mark.slow
def test_a_mirrored_picture_has_the_mirrored_light():
    x, _ = picture(clean("mask")[:300, :384], "bump", 0.3)  # whole patches
    found = estimate_background(x)
    for turn in (np.fliplr, np.flipud, np.transpose):
        assert error(estimate_background(turn(x)), turn(found)) < 0.01
    assert error(np.fliplr(found), found) > 0.05  # the control: it is lopsided


@pytest.mark.slow
def test_missing_pixels_do_not_count():
    x, b = picture(clean("text"), "linear", 0.3)
    mask = np.random.default_rng(3).random(x.shape) < 0.7
    mask[100:200, 50:150] = False
    found = estimate_background(x, mask)
    assert error(found, b) < 0.03
    np.testing.assert_array_equal(estimate_background(np.where(mask, x, np.nan)), found)
    np.testing.assert_array_equal(estimate_background(np.where(mask, x, 1e20), mask), found)


@pytest.mark.slow
def test_dead_pixels_do_not_spoil_it():
    x, b = picture(clean("text"), "linear", 0.3)
    x[10, 20], x[300, 400] = 1e29, -1e29
    assert error(estimate_background(x), b) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.uint16, np.float16, ">f4", ">u2"])
def test_any_real_dtype(dtype):
    x, b = picture(clean("horse"), "vignette", 0.1)
    assert error(estimate_background(x.clip(0).astype(dtype)), b) < 0.03


@pytest.mark.slow
def test_input_is_unchanged_and_the_result_the_same_each_time():
    x, _ = picture(clean("qr_code"), "linear", grey="8 bit")
    wide = np.repeat(x, 2, axis=1)[:, ::2]  # a view with strides
    wide.setflags(write=False)
    before = wide.copy()
    found = estimate_background(wide)
    np.testing.assert_array_equal(found, estimate_background(x))
    np.testing.assert_array_equal(wide, before)
    assert found.dtype == np.float32
    assert found.shape == x.shape


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2), (1, 4000), (4000, 1), (3, 90), (31, 31)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_tiny_picture_is_even(shape, dtype):
    x = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    found = estimate_background(x)
    assert is_even(found)
    assert found.shape == shape


@pytest.mark.parametrize(
    "x",
    [
        clean("horse"),
        clean("horse") * 255,
        np.full((200, 200), 7),
        np.full((200, 200), np.nan),
        np.where(clean("horse"), np.nan, 3.0),
        1e6 + np.random.default_rng(0).standard_normal((200, 200)),
        -picture(clean("horse"))[0],
    ],
    ids=[
        "bool",
        "two values",
        "constant",
        "all missing",
        "constant or missing",
        "flat",
        "negative",
    ],
)
def test_nothing_to_learn_from(x):
    assert is_even(estimate_background(x))


def test_a_mask_that_leaves_nothing():
    x, _ = picture(clean("horse"), "linear")
    assert is_even(estimate_background(x, np.zeros(x.shape, bool)))


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("kind", ["even", "linear"])
def test_a_black_level_below_zero_is_no_light(name, kind):
    z = clean(name)
    x = np.where(z, 1.0, -1.0) * light(kind, z.shape)
    x += 0.1 * np.random.default_rng(0).standard_normal(z.shape)
    assert is_even(estimate_background(x))


@pytest.mark.parametrize(
    ("image", "mask", "parameter"),
    [
        (np.zeros((3, 3, 3)), None, "image"),
        (np.zeros((0, 3)), None, "image"),
        (np.full((3, 3), np.inf), None, "image"),
        (np.zeros((3, 3), complex), None, "image"),
        (np.full((3, 3), 1e31), None, "image"),
        (np.zeros((3, 3)), np.ones((3, 3)), "mask"),
        (np.zeros((3, 3)), np.ones((3, 2), bool), "mask"),
    ],
)
def test_what_is_no_picture_is_refused(image, mask, parameter):
    with pytest.raises(ParameterError) as caught:
        estimate_background(image, mask)
    assert caught.value.parameter == parameter
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_temporaries_of_a_large_picture_stay_below_four_bytes_a_pixel():
    z = np.tile(clean("text"), (4, 3))
    x, b = picture(z, "linear", grey="8 bit")
    estimate_background(x)
    tracemalloc.start()
    try:
        found = estimate_background(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - found.nbytes < 4 * x.size
    assert error(found, b) < 0.03


def test_every_whole_patch_is_counted_once():
    x, _ = picture(np.ones((301, 401), bool), sigma=0.1)
    blocks = block_counts(x.clip(100, 250), None)
    assert blocks.side == 3
    assert blocks.counts.sum() == 100 * 133
    # the blocks' centres weigh to the middle of the part that holds whole patches
    weight = blocks.counts.sum(axis=1).reshape(blocks.rows.size, -1)
    assert weight.sum(axis=1) @ blocks.rows / weight.sum() == pytest.approx(300 / 301 - 1)
    assert weight.sum(axis=0) @ blocks.columns / weight.sum() == pytest.approx(399 / 401 - 1)


@pytest.mark.parametrize("name", ["horse", "small_text"])
def test_em_never_lowers_the_likelihood(name):
    x, _ = picture(clean(name), "bump", 0.6)
    fitter = _surface._Fitter(block_counts(x, None))
    basis, none = fitter.basis[:, :15], np.zeros(15)
    state = fitter.run(fitter.begin(fitter.follow(2, 0.5)), 4, 0)
    likelihoods = []
    for _ in range(40):
        step = _mixture.fit_mixture(fitter.blocks, basis, none, state, rounds=1, prior=1e-9)
        likelihoods.append(step.log_likelihood)
        state = replace(step, log_likelihood=-np.inf)
    rise = np.diff(likelihoods)
    assert rise.min() > -1e-6 * abs(likelihoods[0])  # the sum is of float32 logarithms
    assert rise.sum() > 100


@pytest.mark.parametrize("mean", [-0.1, 0.0, 0.2, 0.5, 0.9, 1.2])
@pytest.mark.parametrize("sigma", [0.1, 0.3])
def test_moments_of_a_clipped_normal(mean, sigma):
    inner = stats.norm(mean, sigma)
    ends = (inner.cdf(0), inner.sf(1))
    first, second = (
        integrate.quad(lambda v, k=k: v**k * inner.pdf(v), 0, 1)[0] + ends[1] for k in (1, 2)
    )
    found = _mixture._saturated(np.array([mean]), sigma, (0.0, 1.0))
    variance = max((second - first**2) / sigma**2, 0.05)
    assert found.seen[0] == pytest.approx(first, abs=1e-5 * sigma)
    assert found.narrowing[0] == pytest.approx(variance, abs=1e-5)
    assert found.slope[0] == pytest.approx(max(1 - sum(ends), 0.1), abs=1e-5)
    assert _mixture._saturated(np.array([mean]), sigma, (-np.inf, np.inf)).seen[0] == mean


def test_the_normal_mass_is_exact_to_a_ten_millionth():
    a = np.linspace(-8, 8, 1001)
    np.testing.assert_allclose(_mixture._normal_mass(a), special.ndtr(a), rtol=0, atol=1e-7)

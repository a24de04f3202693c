"""Leaving a picture alone, and light that is detected: hypotheses that others must beat."""

import numpy as np
import pytest
from scipy import ndimage

from isingdenoise import FlipNoise, GaussianNoise, denoise
from isingdenoise.learning import choose, detect_light
from isingdenoise.learning.evidence import EARN, Trial, earn_of

PAGE = np.ones((256, 256), bool)
PAGE[20:240:24, 16:240] = False
PAGE[21:240:24, 16:240] = False
PAGE[100:180, 60:200] = False


def grey(page, blur=1.0, sigma=2.0, seed=0):
    """Return a page as a scanner sees it."""
    soft = 40 + 190 * ndimage.gaussian_filter(page.astype(float), blur)
    noise = np.random.default_rng(seed).normal(0, sigma, page.shape)
    return np.clip(np.rint(soft + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("blur", [0.4, 1.0, 2.0])
def test_a_blurred_page_is_thresholded_and_nothing_else(blur):
    x = grey(PAGE, blur)
    found = denoise(x)
    assert found.fit.left_alone
    assert found.coupling.pull == 0
    assert found.changed == 0
    assert all(nats < EARN for nats in found.fit.evidence.values())
    assert found.fit.notes


@pytest.mark.parametrize("sigma", [40, 60])
def test_noise_leads_by_nats(sigma):
    found = denoise(grey(PAGE, 0.4, sigma))
    assert found.fit.assumed == "gaussian"
    assert found.fit.evidence["gaussian"] > EARN
    assert found.coupling.pull > 0
    assert found.changed > 0.01


@pytest.mark.parametrize("p", [0.002, 0.05, 0.2])
def test_flips_lead_by_what_stands_out(p):
    noisy = PAGE ^ (np.random.default_rng(1).random(PAGE.shape) < p)
    choice = choose("auto", noisy)
    assert choice.fit.assumed == "flip"
    trial = Trial(FlipNoise, noisy, None)
    assert trial.evidence == pytest.approx(choice.fit.evidence["flip"])
    # sum over k of log(p / (1 - p)) - log(epsilon), and n log((1 - k / n) / (1 - epsilon))
    side, q = trial.around.both, trial.model.probability
    k, n = side.against, side.count
    plain = k * (np.log(q / (1 - q)) - np.log(1e-4)) + n * (np.log1p(-k / n) - np.log1p(-1e-4))
    assert trial.evidence == pytest.approx(plain - earn_of(FlipNoise), rel=0.02)


def test_a_clean_page_and_a_dot_or_two_are_left_alone():
    page = PAGE.copy()
    assert choose("auto", page).fit.left_alone
    page[70, 30] = page[210, 220] = False
    assert choose("auto", page).fit.left_alone


def test_what_is_named_is_not_questioned():
    assert choose("gaussian", grey(PAGE)).fit is None
    model = GaussianNoise(3.0, (40, 230))
    assert choose(model, grey(PAGE)).noise is model
    assert denoise(PAGE, "flip").fit is None


def test_random_modules_have_nothing_to_pull():
    """Half of the pixels black, each by itself: as many flips as there can be, or none."""
    code = np.random.default_rng(2).random((128, 128)) < 0.5
    found = denoise(code)
    assert found.fit.left_alone
    np.testing.assert_array_equal(found.image, code)
    noisy = PAGE ^ (np.random.default_rng(3).random(PAGE.shape) < 0.35)  # the control
    assert np.mean(denoise(noisy, "flip").image != PAGE) < 0.2


def lamp(shape, least):
    return np.linspace(1, least, shape[1]) ** 2


def test_light_is_detected_where_one_threshold_misses_edges():
    x = grey(PAGE).astype(np.float32)
    lit = x * lamp(x.shape, 0.5)
    light = detect_light(lit)
    assert light.shape == x.shape
    assert light.min() > 0
    # it falls as the lamp does: by two thirds at least of what it lacks
    assert light[:, -20].mean() < 0.5 * light[:, 20].mean()
    assert light[:, 20].mean() > light[:, 128].mean() > light[:, -20].mean()
    found = denoise(lit)
    assert found.background is not None
    wrong = found.image != PAGE
    assert wrong[16:240, 16:240].mean() < 0.02  # beyond the last edge the light is a guess
    unlit = denoise(lit, background=None).image != PAGE  # the control
    assert unlit[16:240, 16:240].mean() > 0.15
    assert wrong.mean() < 0.2 * unlit.mean()


def test_even_light_is_even_whatever_the_noise():
    for x in (grey(PAGE), grey(PAGE, 2.0), grey(PAGE, 0.4, 50), PAGE, np.full((64, 64), 7)):
        assert detect_light(x) is None
    assert detect_light(grey(PAGE)[:16, :16]) is None  # too small to tell

"""Results that are suspicious are warned of in one line each, and good ones are not."""

import re

import numpy as np
import pytest
from command_line import scene

from isingdenoise import GaussianNoise, NoiseSpec, denoise
from isingdenoise.criticism import lag_correlation, residual_of
from isingdenoise.messages import collected, heard, warn

SCENE = scene(128, 128)


def page(sigma=20.0, levels=(64, 191), clean=SCENE, seed=0):
    noise = sigma * np.random.default_rng(seed).normal(size=clean.shape)
    x = np.where(clean, levels[1], levels[0]) + noise
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def told(x, *args, **kwargs):
    with collected() as messages:
        found = denoise(x, *args, **{"coupling": 0.5, **kwargs})
    return found, messages


def lines():
    """Return black lines of one pixel on white: all of them go where neighbours pull hard."""
    clean = np.ones((128, 128), bool)
    clean[::8] = False
    return clean


def smooth(x, times=3):
    for _ in range(times):
        x = sum(np.roll(x, shift, axis) for axis in (0, 1) for shift in (-1, 0, 1)) / 6
    return x


CASES = {
    "the number of another unit": (
        (page(), NoiseSpec("gaussian", levels=(-400, -200), sigma=40)),
        {},
        "the result is white all over",
    ),
    "all lines gone": (
        (page(60, clean=lines()), NoiseSpec("gaussian")),
        {"coupling": 2.0},
        "the result is white all over|% of what was black turned white",
    ),
    "a bright level that hardly any pixel has": (
        (page(5, (150, 170)) + (np.arange(128 * 128).reshape(128, 128) == 5000) * np.uint8(80),
         NoiseSpec("gaussian", levels=(160, 255), sigma=8)),
        {},
        "of the result is black: .* or give the levels",
    ),
    "less noise than that": (
        (page(5), NoiseSpec("gaussian", sigma=60)), {}, "there is less noise .* deviation 60;",
    ),
    "more noise than that": (
        (page(20), NoiseSpec("gaussian", sigma=1)), {}, "there is more noise .* deviation 1;",
    ),
    "a level that no pixel has": (
        (page(), NoiseSpec("gaussian", levels=(64, 600))), {}, "the level 600 lies outside all",
    ),
    "a smooth picture": (
        (smooth(page(90).astype(np.float64)), NoiseSpec("gaussian")),
        {"coupling": 1.0},
        r"alike from pixel to pixel \(correlation 0\.[4-9]",
    ),
    "too many flips": (
        (np.random.default_rng(0).random((64, 64)) < 0.5, NoiseSpec("flip", probability=0.45)),
        {},
        "probability 0.45 leaves little of a picture",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_suspicious_is_told_in_one_line(case):
    args, more, expected = CASES[case]
    _, messages = told(*args, **more)
    assert any(re.search(expected, message) for message in messages), messages
    assert all("\n" not in message for message in messages)


@pytest.mark.parametrize("sigma", [2.0, 20.0, 64.0])
@pytest.mark.parametrize("name", ["gaussian", "auto", "laplace"])
def test_good_results_pass_in_silence(name, sigma):
    found, messages = told(page(sigma), name)
    assert np.mean(found.image != SCENE) < 0.05
    assert messages == []


def test_flips_pass_in_silence_and_masked_pixels_do_not_count():
    flips = np.random.default_rng(0).random(SCENE.shape) < 0.1
    assert told(SCENE ^ flips, "flip")[1] == []
    known = np.ones(SCENE.shape, bool)
    known[40:80] = False
    x = page()
    x[~known] = 255
    assert told(x, "gaussian", mask=known)[1] == []
    nan = np.where(known, page(), np.nan)
    assert told(nan, "gaussian")[1] == []


def test_a_model_that_is_given_whole_is_not_questioned_but_its_result_is():
    assert told(page(20), GaussianNoise(2.0, (64, 191)))[1] == []
    (message,) = told(page(20), GaussianNoise(40.0, (-400, -200)))[1]
    assert message.startswith("the result is white all over")


def test_the_residual_is_that_of_the_noise():
    x = np.where(SCENE, 191, 64) + 20 * np.random.default_rng(1).normal(size=SCENE.shape)
    found, _ = told(x, GaussianNoise(20.0, (64, 191)))
    residual = residual_of(found, x)
    assert residual.spread == pytest.approx(1, abs=0.03)
    assert abs(residual.correlation) < 0.05
    twice, _ = told(x, GaussianNoise(10.0, (64, 191)))
    assert residual_of(twice, x).spread == pytest.approx(2, abs=0.06)


def test_the_correlation_is_that_of_neighbours_in_a_row():
    rng = np.random.default_rng(0)
    white = rng.normal(size=(200, 300))
    assert abs(lag_correlation(white)) < 5 / np.sqrt(white.size)
    both = white[:, 1:] + white[:, :-1]
    assert lag_correlation(both) == pytest.approx(0.5, abs=0.03)
    with_holes = both.copy()
    with_holes[rng.random(both.shape) < 0.3] = np.nan
    assert lag_correlation(with_holes) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(lag_correlation(np.zeros((4, 4))))
    assert np.isnan(lag_correlation(np.full((4, 4), np.nan)))


def test_a_large_picture_is_judged_by_rows_of_it():
    big = scene(1024, 1024)
    noise = NoiseSpec("gaussian", sigma=1.0)
    assert any("more noise" in message for message in told(page(20, clean=big), noise)[1])


def test_what_is_heard_is_warned_of_all_the_same():
    with heard() as inner, collected() as outer:
        warn("one")
        with heard() as other:
            warn("two")
    assert (inner, other, outer) == (["one"], ["two"], ["one", "two"])

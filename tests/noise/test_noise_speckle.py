"""Specks: what is thrown is found again, and what only looks like specks stays."""

import numpy as np
import pytest

from isingdenoise import FlipNoise, SpeckleNoise, denoise

PAPER = np.ones((600, 600), bool)


def written(dots=True):
    """Return strokes of 3 x 20 pixels in rows, each with a dot of 2 x 2 above it (True is ink)."""
    ink = np.zeros(PAPER.shape, bool)
    for top in range(30, 300, 40):
        for left in range(20, 580, 14):
            ink[top : top + 20, left : left + 3] = True
            ink[top - 4 : top - 2, left : left + 2] = dots
    return ink


def thrown(ink, count, seed=0):
    """Return the picture with blocks of 2 x 2 at random, and those that lie apart from ink."""
    rng = np.random.default_rng(seed)
    near = ink.copy()
    for axis in (0, 1):
        near = np.logical_or.reduce([np.roll(near, k, axis) for k in range(-12, 13)])
    dirty, apart = ink.copy(), np.zeros(ink.shape, bool)
    for i, j in rng.integers(0, 598, (count, 2)):
        dirty[i : i + 2, j : j + 2] = True
        apart[i : i + 2, j : j + 2] = True
    return dirty, apart & ~near


def test_rate_and_size_are_found_again():
    ink = written(dots=False)
    for rate, size in ((5e-4, 2.0), (5e-4, 4.0), (2e-4, 3.0)):
        x = SpeckleNoise(rate, size).sample(~ink, np.random.default_rng(1))
        found = SpeckleNoise.from_image(x)
        assert found.rate == pytest.approx(rate, rel=0.35)
        assert found.size == pytest.approx(size, rel=0.35)


def test_a_pixel_is_turned_as_often_as_the_likelihood_says():
    noise = SpeckleNoise(0.01, 2.0)
    x = noise.sample(PAPER, np.random.default_rng(2))
    low, high = noise.log_likelihood(np.array([-1.0]))
    told = float(np.exp(high[0]) / (np.exp(low[0]) + np.exp(high[0])))
    assert np.mean(x < 0) == pytest.approx(told, rel=0.1)
    assert np.mean(x < 0) != pytest.approx(2 * told, rel=0.1)  # the judge can fail


@pytest.mark.parametrize("white", [False, True])
def test_specks_apart_go_and_dots_stay(white):
    ink = written()
    dirty, apart = thrown(ink, 150)
    found = denoise(dirty if white else ~dirty, "speckle", coupling=0.5)
    cleaned = found.image if white else ~found.image
    assert isinstance(found.noise, SpeckleNoise)
    assert np.mean(cleaned[apart]) < 0.05
    assert np.all(cleaned[ink])
    assert np.all(dirty[cleaned])


def leaders():
    ink = written()
    ink[320:580:20, 40:560:9] = True
    return ink


def halftone():
    ink = written()
    for k in range(2):
        for n in range(2):
            ink[320 + k : 580 : 6, 20 + n : 580 : 6] = True
    return ink


def stars():
    ink = np.zeros(PAPER.shape, bool)
    rng = np.random.default_rng(3)
    ink[rng.integers(0, 600, 80), rng.integers(0, 600, 80)] = True
    return ink


@pytest.mark.parametrize("draw", [written, leaders, halftone, stars])
@pytest.mark.parametrize("white", [False, True])
def test_clean_pages_stay(draw, white):
    ink = draw()
    x = ink if white else ~ink
    found = denoise(x, coupling=0.5)
    np.testing.assert_array_equal(found.image, x)
    assert not isinstance(found.noise, SpeckleNoise)
    if draw is not stars:  # which are flips as far as anybody can tell
        np.testing.assert_array_equal(denoise(x).image, x)


def test_specks_are_suspected_where_they_are_and_flips_do_not_make_them():
    dirty = ~thrown(written(), 150)[0]
    assert SpeckleNoise.suspected(~written(dots=False), None, FlipNoise(1e-4)) == 0
    assert SpeckleNoise.suspected(dirty, None, FlipNoise(1e-4)) > 100
    assert SpeckleNoise.suspected(dirty, None, FlipNoise(0.05)) == 0
    flipped = FlipNoise(0.01).sample(~written(), np.random.default_rng(5)) > 0
    assert SpeckleNoise.suspected(flipped, None, FlipNoise(0.01)) < 10

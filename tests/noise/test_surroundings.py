"""Flat surroundings: against every pixel looked at by itself, and as bounds on noise."""

import numpy as np
import pytest
from scipy import ndimage

from isingdenoise import FlipNoise, GaussianNoise
from isingdenoise.noise.estimation.bits import count, grown, ring
from isingdenoise.noise.estimation.flips import count_flips, flips_in, thresholded
from isingdenoise.noise.estimation.surroundings import (
    CLEAN,
    FAR,
    Side,
    flat_surroundings,
    impulses_in,
    spread_in,
    undisturbed,
)

SHAPES = [(1, 1), (1, 20), (20, 1), (5, 3), (13, 21), (40, 8), (30, 17)]


def square(reach):
    around = np.ones((2 * reach + 1, 2 * reach + 1), bool)
    around[reach, reach] = False
    return around


def all_around(plane, reach):
    """Return where all neighbours are set, outside counting as set."""
    return ndimage.minimum_filter(plane, footprint=square(reach), mode="constant", cval=True)


def scene(shape, p=0.02, seed=0):
    rng = np.random.default_rng(seed)
    bright = np.zeros(shape, bool)
    bright[:, shape[1] // 2 :] = True
    return bright ^ (rng.random(shape) < p), rng.random(shape) < 0.95


@pytest.mark.parametrize("reach", [1, 2, FAR])
@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_those_of_every_pixel_by_itself(shape, reach):
    bright, known = scene(shape)
    for mask in (None, known):
        seen = np.ones(shape, bool) if mask is None else mask
        found = flat_surroundings(bright, mask, reach)
        for flat, side, plane in zip(
            found.flat, (found.dark, found.bright), (~bright, bright), strict=True
        ):
            expected = all_around(plane | ~seen, reach) & seen
            np.testing.assert_array_equal(flat, expected)
            assert side == Side(expected.sum(), (expected & ~plane).sum())


@pytest.mark.parametrize("reach", [1, 4, 7])
@pytest.mark.parametrize("shape", SHAPES)
def test_bits_grow_as_pixels_do(shape, reach):
    plane, _ = scene(shape, 0.1)
    expected = ndimage.maximum_filter(plane, 2 * reach + 1, mode="constant", cval=False)
    bits = grown(np.packbits(plane, axis=1), reach)
    np.testing.assert_array_equal(np.unpackbits(bits, axis=1, count=shape[1]), expected)
    assert count(np.packbits(plane)) == plane.sum()
    full = np.full((3, 2), 0xFF, np.uint8)
    np.testing.assert_array_equal(ring(full, reach), full)


@pytest.mark.parametrize("p", [0.0003, 0.01, 0.1])
def test_the_share_that_stands_out_is_that_of_the_flips(p):
    """Four standard errors; beside strokes it would be more (the control)."""
    bright = np.ones((600, 600), bool)
    bright[::40] = False  # lines
    bright[200:400, 200:400] = False
    noisy = bright ^ (np.random.default_rng(2).random(bright.shape) < p)
    side = undisturbed(noisy).both
    error = np.sqrt(max(p * side.count, 1)) / side.count
    assert abs(side.against / side.count - p) < 4 * error
    lines = noisy[::40]
    assert np.mean(~lines) > 0.5  # what a count of all dark pixels would take in


def test_dots_of_a_text_have_company_and_flips_have_none():
    page = np.ones((400, 400), bool)
    page[20::20, 4:200] = False
    page[16:390:20, 10:200:8] = False  # dots near strokes, all over half of the page
    near, far = flat_surroundings(page), undisturbed(page)
    assert near.bright.against > 20 * CLEAN * near.bright.count
    assert far.bright.against == 0


@pytest.mark.parametrize("sigma", [2.0, 10.0, 25.0])
def test_the_spread_is_that_of_the_noise_and_not_of_blur(sigma):
    rng = np.random.default_rng(3)
    blurred = 60 + 130 * ndimage.gaussian_filter(scene((400, 400), 0)[0].astype(float), 1)
    x = blurred + sigma * rng.standard_normal(blurred.shape)
    assert spread_in(x, None, 125.0) == pytest.approx(sigma, rel=0.03)
    assert x[:, 180:220].std() > 1.5 * sigma  # the control: where the edge is
    alike = ndimage.uniform_filter(rng.standard_normal(blurred.shape), 3)
    correlated = blurred + 3 * sigma * alike
    assert spread_in(correlated, None, 125.0) == pytest.approx(sigma, rel=0.05)


def test_an_antialiased_page_has_the_spread_of_its_paper():
    fine = np.ones((1200, 1200))
    fine[30::60, 60:1100] = 0
    fine[31::60, 60:1100] = 0
    page = fine.reshape(400, 3, 400, 3).mean((1, 3)) * 215 + 30
    page += np.random.default_rng(4).normal(0, 1.5, page.shape)
    x = np.clip(np.rint(page), 0, 255).astype(np.uint8)
    assert GaussianNoise.from_image(x).sigma < 3
    noisy = np.clip(page + np.random.default_rng(5).normal(0, 40, page.shape), 0, 255)
    assert GaussianNoise.from_image(noisy.astype(np.uint8)).sigma > 25  # the control


def test_impulses_are_counted_where_they_stand_out():
    x = np.where(scene((300, 300), 0)[0], 200, 40).astype(np.uint8)
    rng = np.random.default_rng(6)
    x[rng.random(x.shape) < 0.01] = 255
    x[rng.random(x.shape) < 0.02] = 0
    salt, pepper = impulses_in(x, None, 120.0, (0.5, 254.5))
    assert salt.against / salt.count == pytest.approx(0.01, rel=0.15)
    assert pepper.against / pepper.count == pytest.approx(0.02, rel=0.15)


def test_rare_flips_are_counted_over_all_of_a_large_picture():
    """Parts of it would not see enough of them."""
    x = np.ones((2000, 1500), bool)
    where = np.random.default_rng(7).random(x.shape) < 1e-4
    x[where] = False
    flips, most = flips_in(x, None, 0.0)
    assert flips.white == pytest.approx(x.size, rel=0.05)
    assert flips.white_flipped == pytest.approx(where.sum(), rel=0.05)
    assert most[1] < 1.5e-4
    assert most[0] == 1
    part = thresholded(x, None, 0.0)
    assert part.size < x.size / 8
    assert count_flips(part).white < part.size + 1  # the control
    assert FlipNoise.from_image(x).probability == pytest.approx(1e-4, rel=0.2)

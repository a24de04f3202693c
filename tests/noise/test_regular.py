"""Lone pixels at equal distances are told from flips, which have all distances."""

import numpy as np
import pytest

from isingdenoise import denoise
from isingdenoise.noise.estimation.regular import regular
from isingdenoise.noise.estimation.surroundings import flat_surroundings

SHAPE = (400, 500)


def dots(across=9, down=20):
    plane = np.zeros(SHAPE, bool)
    plane[100:300:down, 40:460:across] = True
    return plane


def flipped(p, seed=0):
    return np.random.default_rng(seed).random(SHAPE) < p


def found_in(plane):
    out = np.zeros(plane.size, bool)
    out[regular(np.flatnonzero(plane), plane.shape[1])] = True
    return out.reshape(plane.shape)


@pytest.mark.parametrize("period", [(5, 20), (9, 20), (40, 7), (64, 64)])
def test_dots_of_a_grid_are_all_found(period):
    plane = dots(*period)
    np.testing.assert_array_equal(found_in(plane), plane)
    np.testing.assert_array_equal(found_in(plane.T), plane.T)


def test_a_row_of_dots_is_enough_and_a_few_are_not():
    row = np.zeros(SHAPE, bool)
    row[50, 100:200:10] = True
    assert np.array_equal(found_in(row), row)
    row[50, 180:] = False
    assert not found_in(row).any()
    assert not found_in(np.zeros(SHAPE, bool)).any()


@pytest.mark.parametrize("p", [1e-4, 1e-3, 0.01, 0.05, 0.1, 0.15, 0.2])
@pytest.mark.parametrize("shape", [SHAPE, (1500, 2000)])
def test_flips_have_no_period(p, shape):
    """However many of them have flat surroundings, some of which they share."""
    for seed in range(10):
        bright = np.random.default_rng(seed).random(shape) >= p
        bright[:, :40:8] = False  # strokes
        flat = flat_surroundings(bright).flat[1]
        assert not found_in(flat & ~bright).any()


def test_both_in_one_picture_are_told_apart():
    noise = flipped(0.002)
    found = found_in(dots() | noise)
    assert np.mean(found[dots()]) > 0.95
    assert np.mean(found[noise & ~dots()]) < 0.1


@pytest.mark.parametrize("p", [0.001, 0.003])
def test_flips_go_and_dots_stay(p):
    noise = flipped(p)
    x = ~dots() ^ noise
    cleaned = ~denoise(x).image
    assert np.mean(cleaned[dots() & ~noise]) > 0.9
    assert np.mean(cleaned[noise & ~dots()]) < 0.15
    np.testing.assert_array_equal(denoise(~dots()).image, ~dots())

"""Patterns of 3 x 3 pixels: the kernels against every pixel looked at by itself."""

import numpy as np
import pytest

from isingdenoise import Coupling, FlipNoise
from isingdenoise._kernels.patterns import count_patterns, weigh_patterns
from isingdenoise.learning.pattern_counts import most_in_patterns
from isingdenoise.learning.patterns import keep_patterns

SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (13, 17)]


def codes(bits):
    """Return the pattern of each pixel: column by column, from above to below."""
    height, width = bits.shape[0] - 2, bits.shape[1] - 2
    out = np.zeros((height, width), np.int64)
    for j in range(3):
        for i in range(3):
            out = 2 * out + bits[i : i + height, j : j + width]
    return out


def framed(shape, seed=0):
    bits = np.zeros((shape[0] + 2, shape[1] + 2), np.uint8)
    bits[1:-1, 1:-1] = np.random.default_rng(seed).random(shape) < 0.4
    return bits


@pytest.mark.parametrize("shape", SHAPES)
def test_patterns_are_counted(shape):
    bits, counts = framed(shape), np.ones(512, np.int64)
    count_patterns(bits, counts)
    np.testing.assert_array_equal(counts - 1, np.bincount(codes(bits).ravel(), minlength=512))


@pytest.mark.parametrize("shape", SHAPES)
def test_fields_are_bounded_and_made_firm(shape):
    rng, bits = np.random.default_rng(1), framed(shape)
    field = rng.normal(size=shape).astype(np.float32)
    field.flat[0] = 0
    firmer = rng.random(512).astype(np.float32)
    most = rng.random(512).astype(np.float32)
    new = field.copy()
    weigh_patterns(new, bits, firmer, most)
    code, says = codes(bits), np.where(bits[1:-1, 1:-1] > 0, 1, -1)
    changed = np.sign(field) * (np.minimum(np.abs(field), most[code]) + firmer[code])
    agrees = np.sign(field) == says
    np.testing.assert_array_equal(new, np.where(agrees, changed, field).astype(np.float32))


def hairlines():
    page = np.ones((120, 120), bool)
    for k in range(4, 116, 14):
        page[np.arange(4, 100), np.clip(np.arange(4, 100) - 50 + k, 0, 119)] = False
    return page


def kept(page, noise, coupling=1.5):
    field = np.where(page, noise.field, -noise.field).astype(np.float32)
    count = keep_patterns(field, noise.model, page, None, Coupling.nearest(coupling))
    return field, count


class Rare:
    model = FlipNoise(1e-3)
    field = 3.45


def test_a_diagonal_stays_and_a_lone_pixel_turns():
    page = hairlines()
    alone = [(8, 100), (30, 110), (60, 5), (100, 3), (110, 60), (112, 20)]
    for place in alone:
        page[place] = False
    field, count = kept(page, Rare)
    on_lines = ~page
    for place in alone:
        on_lines[place] = False
        assert abs(field[place]) < 6  # less than four neighbours pull
    assert np.all(field[on_lines] < -6)
    assert count >= on_lines.sum() // 2


def test_nothing_is_kept_where_nothing_pulls_or_noise_is_no_exception():
    page = hairlines()
    noisy = page ^ (np.random.default_rng(2).random(page.shape) < 0.1)
    for x, coupling in ((page, 0.0), (noisy, 1.5)):
        field, count = kept(x, Rare, coupling)
        assert count == 0
        np.testing.assert_array_equal(np.abs(field), np.float32(Rare.field))


def test_every_pattern_bounds_the_flips():
    page = np.zeros((300, 300), bool)
    page[:, 150:] = True
    for p in (0.05, 0.2):
        noisy = page ^ (np.random.default_rng(3).random(page.shape) < p)
        assert p < most_in_patterns(noisy) < 2 * p + 0.05
    for seed in range(200):  # small pictures: few pixels have a pattern, and hardly one is turned
        noisy = page[:60, 100:200] ^ (np.random.default_rng(seed).random((60, 100)) < 0.02)
        assert most_in_patterns(noisy) > 0.02
    checkers = np.indices((60, 60)).sum(0) % 2 == 0
    assert most_in_patterns(checkers) < 0.01
    assert most_in_patterns(np.zeros((3, 3), bool)) == 1

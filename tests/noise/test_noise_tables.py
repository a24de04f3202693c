"""Counts and tables of grey values, against NumPy and against the pixels themselves."""

from __future__ import annotations

import numpy as np
import pytest

from isingdenoise.noise import GaussianNoise, SaltPepperNoise, field_and_offset, unit_scale
from isingdenoise.noise.tables import count_values, look_up

KINDS = ("bool", "uint8", "int8", "uint16", "int16")


def _picture(kind, shape, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "bool":
        return (255 * (rng.random(shape) < 0.4)).astype(np.uint8).view(np.bool_)  # as Pillow does
    low = -90 if kind.startswith("int") else 0
    return rng.integers(low, 90, shape).astype(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (33, 40)])
@pytest.mark.parametrize("masked", [False, True])
def test_counts_are_those_of_numpy(kind, shape, masked):
    x = _picture(kind, shape)
    mask = np.random.default_rng(1).random(shape) < 0.7 if masked else None
    if masked:
        mask = (7 * mask.astype(np.uint8)).view(np.bool_)
    values, counts = count_values(x, mask)
    expected = np.unique(x if mask is None else x[mask], return_counts=True)
    assert values.dtype == x.dtype
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(counts, expected[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_read_by_value(kind):
    x = _picture(kind, (9, 11))
    values, _ = count_values(x, None)
    mask = np.random.default_rng(1).random(x.shape) < 0.7
    results = np.random.default_rng(2).random(values.size).astype(np.float32)
    expected = results[np.searchsorted(values, x != 0 if kind == "bool" else x)]
    np.testing.assert_array_equal(look_up(x, None, values, results), expected)
    np.testing.assert_array_equal(look_up(x, mask, values, results), expected * mask)


@pytest.mark.parametrize("kind", [*KINDS, "float32", "float64", "int32"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("model", [GaussianNoise, SaltPepperNoise])
def test_the_field_is_that_of_each_pixel(kind, masked, model):
    x = _picture(kind, (40, 37))
    noise = model(sigma=0.5) if kind == "bool" else model(sigma=12.0, levels=(20.0, 60.0))
    if kind.startswith("float"):
        x[3, 4] = np.nan
    mask = np.random.default_rng(1).random(x.shape) < 0.7 if masked else None
    field, offset = field_and_offset(noise, x, mask)
    minus, plus = noise.log_likelihood(x)
    known = ~np.isnan(plus) if mask is None else ~np.isnan(plus) & mask
    assert field.dtype == np.float32
    expected = np.where(known, np.clip((plus - minus) / 2, -1e8, 1e8), 0)
    np.testing.assert_array_equal(field, expected.astype(np.float32))
    assert offset == pytest.approx(float(np.sum((plus + minus)[known])) / 2, rel=1e-12)


@pytest.mark.parametrize("kind", [*KINDS, "float32", "float64", "int32"])
def test_the_unit_scale_is_that_of_each_pixel(kind):
    x = _picture(kind, (20, 31))
    levels = (-1.0, 1.0) if kind == "bool" else (20.0, 60.0)
    grey = np.where(x, 1.0, -1.0) if kind == "bool" else x.astype(float)
    if kind.startswith("float"):
        x[3, 4], grey[3, 4] = np.nan, sum(levels) / 2
    start = unit_scale(GaussianNoise(0.5, levels), x)
    assert start.dtype == np.float32
    expected = np.clip((grey - sum(levels) / 2) / ((levels[1] - levels[0]) / 2), -1, 1)
    np.testing.assert_allclose(start, expected, atol=1e-6)

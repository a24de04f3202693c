"""The polynomials against float64, one number at a time and inside a vectorised loop."""

import numba
import numpy as np
import pytest
import reference

from isingdenoise import IsingModel
from isingdenoise._kernels.functions import entropy, log, tanh
from isingdenoise._kernels.objective import objective
from isingdenoise.backends.numba import Lattice

POINTS = 2_001 if numba.config.DISABLE_JIT else 200_001
INF = np.float32(np.inf)


def dense(low, high):
    return np.linspace(low, high, POINTS, dtype=np.float32)


def one_by_one(function, x):
    return np.array([function(value) for value in x], np.float32)


def tanh_in_a_loop(x):
    """Return tanh as a sweep without neighbours computes it, many pixels at a time."""
    lattice = Lattice(IsingModel(np.zeros((1, x.size)), 0.0), parallel=False)
    mean = lattice.allocate(np.float32)
    lattice.field = reference.pack(x.reshape(1, -1), np.float32)
    reference.run_sweep(lattice, mean, mean, 1.0)
    return lattice.unpack(mean)[0]


BOTH = pytest.mark.parametrize(
    "many", [lambda x: one_by_one(tanh, x), tanh_in_a_loop], ids=["alone", "in a loop"]
)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("half_width", [1e-3, 1.0, 12.0])
def test_tanh_is_close_bounded_and_odd(many, half_width):
    x = dense(-half_width, half_width)
    found = many(x)
    error = np.abs(found - np.tanh(x.astype(np.float64)))
    assert error.max() <= 5e-7
    assert np.abs(found).max() <= 1
    np.testing.assert_array_equal(many(-x), -found)


@BOTH
def test_tanh_saturates(many):
    x = np.array([9, 9.5, 20, 1e8, 3e38, INF], np.float32)
    found = many(x)
    assert np.all(found == found[0])
    assert found[0] <= 1
    # Above the largest uniform a sampler can draw: such a field is never contradicted.
    assert found[0] > 1 - 2.0**-23
    np.testing.assert_array_equal(many(-x), -found)


@BOTH
def test_tanh_of_nothing(many):
    x = np.array([0, -0.0, 1e-45, -1e-45, 1e-30, np.nan, 0.5], np.float32)
    found = many(x)
    np.testing.assert_allclose(found[:5], x[:5], rtol=1e-6)
    assert np.isnan(found[5])
    assert found[6] == pytest.approx(np.tanh(0.5), abs=5e-7)  # NaN does not leak to the next pixel


@pytest.mark.parametrize(("low", "high"), [(1e-7, 1e-4), (1e-4, 1.0), (0.5, 1.0)])
def test_log(low, high):
    x = dense(low, high)
    expected = np.log(x.astype(np.float64))
    error = np.abs(one_by_one(log, x) - expected)
    assert np.all(error <= 2e-7 * np.abs(expected) + 1e-12)


def test_log_of_the_ends():
    assert log(np.float32(1)) == 0
    assert -90 < log(np.float32(0)) < -87  # finite, so that 0 log 0 is 0


def test_entropy():
    mean = dense(-1, 1)
    p = (1 + mean.astype(np.float64)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = -np.nan_to_num(p * np.log(p)) - np.nan_to_num((1 - p) * np.log1p(-p))
    found = one_by_one(entropy, mean)
    assert np.abs(found - expected).max() <= 3e-7
    assert found.min() >= 0
    np.testing.assert_allclose(one_by_one(entropy, -mean), found, atol=2e-7)


def test_entropy_of_a_certain_spin_is_nothing():
    assert entropy(np.float32(-1)) == 0
    assert entropy(np.float32(1)) == 0
    assert entropy(np.float32(0)) == pytest.approx(np.log(2), abs=1e-7)


def test_a_loop_over_certain_spins_sums_no_entropy():
    lattice = Lattice(IsingModel(np.zeros((3, 37)), 0.0), parallel=False)
    for value in (-1, 1):
        spins = reference.pack(np.full((3, 37), value), np.float32)
        rows = lattice.rows(np.float64)
        lattice.run(objective, spins, *lattice.parameters, True, rows)
        assert not rows.any()

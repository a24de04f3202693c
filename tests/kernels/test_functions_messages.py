"""The functions that messages are made of, against float64."""

import numba
import numpy as np
import pytest

from isingdenoise._kernels.functions import exp_negative, log, log_2cosh, through

POINTS = 801 if numba.config.DISABLE_JIT else 40_001
SIZES = np.array([0, 1e-30, 1e-6, 0.01, 0.3, 1, 3, 9, 30, 88, 400, 1e6, 1e8], np.float32)
SIGNED = np.concatenate([-SIZES[::-1], SIZES])


def one_by_one(function, *arrays):
    return np.array([function(*values) for values in zip(*arrays, strict=True)], np.float32)


def exact_through(J, a):
    J, a = np.abs(J.astype(np.float64)), np.abs(a.astype(np.float64))
    return np.minimum(J, a) + 0.5 * (
        np.log1p(np.exp(-2 * (J + a))) - np.log1p(np.exp(-2 * abs(J - a)))
    )


def test_exp():
    x = np.linspace(-87, 0, POINTS, dtype=np.float32)
    found = one_by_one(exp_negative, x)
    error = np.abs(found / np.exp(x.astype(np.float64)) - 1)
    assert np.all(error <= 2e-7 + 6e-8 * np.abs(x))
    assert exp_negative(np.float32(0)) == 1
    assert 0 <= exp_negative(np.float32(-3e38)) < 1e-37


def test_log_above_one():
    x = np.linspace(1, 4, POINTS, dtype=np.float32)
    assert np.abs(one_by_one(log, x) - np.log(x.astype(np.float64))).max() <= 2.5e-7


def test_log_2cosh():
    x = np.concatenate([np.linspace(-20, 20, POINTS, dtype=np.float32), SIGNED])
    expected = np.logaddexp(x.astype(np.float64), -x.astype(np.float64))
    np.testing.assert_allclose(one_by_one(log_2cosh, x), expected, rtol=1.2e-7, atol=2.5e-7)


@pytest.mark.parametrize("J", SIGNED)
def test_through(J):
    a = np.concatenate([np.linspace(-12, 12, POINTS // 20, dtype=np.float32), SIGNED])
    J = np.full_like(a, J)
    found, expected = one_by_one(through, J, a), np.sign(J) * np.sign(a) * exact_through(J, a)
    np.testing.assert_allclose(found, expected, rtol=1.2e-7, atol=2.5e-7)
    assert np.all(np.abs(found) <= np.minimum(np.abs(J), np.abs(a)) + 1e-30)
    assert not found[(a == 0) | (J == 0)].any()
    np.testing.assert_array_equal(one_by_one(through, -J, a), -found)
    np.testing.assert_array_equal(one_by_one(through, J, -a), -found)


def test_through_of_moderate_numbers_is_the_inverse_of_a_product():
    J, a = np.random.default_rng(1).uniform(-3, 3, (2, 500)).astype(np.float32)
    expected = np.arctanh(np.tanh(J.astype(float)) * np.tanh(a.astype(float)))
    np.testing.assert_allclose(one_by_one(through, J, a), expected, atol=3e-7)

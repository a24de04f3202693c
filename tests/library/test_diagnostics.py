"""Diagnostics against theory, a slow direct reference, and controls that must fail."""

import math

import numpy as np
import pytest

from isingdenoise.diagnostics import (
    autocorrelation,
    effective_sample_size,
    r_hat,
    standard_error,
)
from isingdenoise.errors import ParameterError

SEEDS = range(20)
CHAINS, DRAWS = 4, 2000


def ar1(phi, seed, chains=CHAINS, draws=DRAWS):
    """Stationary AR(1) chains of unit variance: autocorrelation phi**t."""
    shocks = np.random.default_rng(seed).standard_normal((chains, draws))
    out = shocks.copy()
    for t in range(1, draws):
        out[:, t] = phi * out[:, t - 1] + math.sqrt(1 - phi**2) * shocks[:, t]
    return out


def slow_autocovariance(x):
    """Direct sums with divisor N."""
    n, d = len(x), x - x.mean()
    return np.array([np.dot(d[: n - t], d[t:]) / n for t in range(n)])


def slow_r_hat_and_ess(chains):
    """The estimators, written out term by term."""
    m, draws = chains.shape
    n = draws // 2
    halves = [c[:n] for c in chains] + [c[draws - n :] for c in chains]
    w = np.mean([np.var(h, ddof=1) for h in halves])
    var_plus = (n - 1) / n * w + np.var([h.mean() for h in halves], ddof=1)
    covariances = [slow_autocovariance(h) for h in halves]
    rho = []
    for t in range(n):
        terms = [np.var(h, ddof=1) * c[t] / c[0] for h, c in zip(halves, covariances, strict=True)]
        rho.append(1 - (w - np.mean(terms)) / var_plus)
    total, smallest, t = 0.0, math.inf, 0
    while t + 1 < n and rho[t] + rho[t + 1] > 0:
        smallest = min(smallest, rho[t] + rho[t + 1])
        total += smallest
        t += 2
    size = 2 * m * n
    return math.sqrt(var_plus / w), size / max(2 * total - 1, 1 / math.log10(size))


@pytest.mark.parametrize("n", [1, 2, 3, 50, 257])
def test_autocorrelation_equals_the_direct_sum(n):
    x = 1e3 + ar1(0.7, n, 1, n)[0]
    found = autocorrelation(x)
    assert found.shape == (n,)
    if n == 1:
        assert np.isnan(found).all()
        return
    slow = slow_autocovariance(x)
    np.testing.assert_allclose(found, slow / slow[0], atol=1e-10)
    assert found[0] == 1.0


@pytest.mark.parametrize("shape", [(1, 4), (1, 5), (2, 31), (4, 200), (3, 333)])
@pytest.mark.parametrize("phi", [-0.6, 0.0, 0.8])
def test_equals_the_slow_reference(shape, phi):
    x = ar1(phi, 11, *shape) * 3 + 7
    slow_r, slow_ess = slow_r_hat_and_ess(x)
    assert r_hat(x) == pytest.approx(slow_r, rel=1e-9)
    assert effective_sample_size(x) == pytest.approx(slow_ess, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.5, 0.9])
def test_ar1_has_the_size_that_theory_gives(phi):
    theory = CHAINS * DRAWS * (1 - phi) / (1 + phi)
    ratio = np.array([effective_sample_size(ar1(phi, s)) for s in SEEDS]) / theory
    assert 0.85 < ratio.mean() < 1.15
    assert np.all((ratio > 0.5) & (ratio < 2.0))
    # Control: a chain a little more correlated must fall outside the bounds.
    other = phi + 0.15 * (1 - abs(phi))
    ratio = np.array([effective_sample_size(ar1(other, s)) for s in SEEDS]) / theory
    assert not 0.85 < ratio.mean() < 1.15


@pytest.mark.slow
def test_standard_error_covers_the_true_mean():
    draws = [ar1(0.8, s, 4, 500) + 5.0 for s in range(100)]
    z = np.array([(x.mean() - 5.0) / standard_error(x) for x in draws])
    assert 0.8 < z.std() < 1.25  # its own standard error is 0.07
    # Control: without the correction for autocorrelation it is 3 times too small.
    naive = np.array([(x.mean() - 5.0) / (x.std() / math.sqrt(x.size)) for x in draws])
    assert naive.std() > 2.0


def test_r_hat_passes_chains_that_agree_and_fails_the_others():
    for seed in SEEDS:
        x = ar1(0.5, seed)
        assert r_hat(x) < 1.02
        assert r_hat(x + np.arange(CHAINS)[:, None]) > 1.1  # shifted
        assert r_hat(x + np.linspace(0, 3, DRAWS)) > 1.1  # drifting together
        assert r_hat(x[:1] + np.linspace(0, 3, DRAWS)) > 1.1  # one chain, drifting


def test_disagreeing_chains_count_for_little():
    x = ar1(0.0, 1)
    assert effective_sample_size(x + 10 * np.arange(CHAINS)[:, None]) < 20
    assert effective_sample_size(x) > 5000


def test_antithetic_chains_have_a_ceiling():
    x = np.tile([1.0, -1.0], (2, 500)) + 1e-3 * ar1(0.0, 2, 2, 1000)
    assert effective_sample_size(x) == pytest.approx(2000 * math.log10(2000))


@pytest.mark.parametrize("value", [0.0, 0.1, -1.0, 1e300, 5e-324])
@pytest.mark.parametrize("shape", [(1, 10), (3, 1001)])
def test_constant_chains_are_unknown(value, shape):
    x = np.full(shape, value)
    for diagnostic in (effective_sample_size, r_hat, standard_error):
        assert math.isnan(diagnostic(x))
    assert np.isnan(autocorrelation(x[0])).all()


def test_chains_stuck_at_different_values():
    x = np.repeat([[0.1], [0.7]], 101, axis=1)
    assert r_hat(x) == math.inf
    assert 1.0 <= effective_sample_size(x) <= 4.0


@pytest.mark.parametrize("draws", [0, 1, 2, 3])
def test_fewer_than_four_draws_are_unknown(draws):
    x = ar1(0.0, 3, 3, draws)
    for diagnostic in (effective_sample_size, r_hat, standard_error):
        assert math.isnan(diagnostic(x))


def test_one_chain_may_come_flat():
    x = ar1(0.3, 4, 1, 300)
    for diagnostic in (effective_sample_size, r_hat, standard_error):
        assert diagnostic(x[0]) == diagnostic(x) == diagnostic(x[0].tolist())


@pytest.mark.parametrize("dtype", [bool, np.int8, np.float32])
def test_spins_of_any_dtype(dtype):
    x = (ar1(0.6, 5) > 0).astype(dtype)
    wide = x.astype(np.float64)
    x.flags.writeable = False
    for diagnostic in (effective_sample_size, r_hat, standard_error):
        assert diagnostic(x) == diagnostic(wide)


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1e300])
def test_scale_and_shift_do_not_matter(scale):
    x = ar1(0.6, 6, 2, 400) / 10
    assert effective_sample_size(x * scale) == pytest.approx(effective_sample_size(x))
    assert r_hat(x * scale) == pytest.approx(r_hat(x))
    assert standard_error(x * scale) == pytest.approx(standard_error(x) * scale)
    assert effective_sample_size(x + 1e6) == pytest.approx(effective_sample_size(x), rel=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        np.array([[0.0, np.nan, 1.0, 2.0]]),
        np.array([[0.0, np.inf, 1.0, 2.0]]),
        np.ones((2, 3, 4)),
        np.ones((0, 10)),
        np.float64(3.0),
        np.ones((2, 10), complex),
        np.array([["a", "b"]]),
    ],
)
def test_wrong_input(bad):
    for diagnostic in (effective_sample_size, r_hat, standard_error):
        with pytest.raises(ParameterError, match=r"^chains: "):
            diagnostic(bad)
    with pytest.raises(ParameterError, match=r"^chain: "):
        autocorrelation(bad[0] if bad.ndim == 2 and len(bad) and bad.dtype.kind != "c" else bad)


def test_autocorrelation_wants_one_chain():
    for bad in (np.ones((1, 5)), np.ones(0)):
        with pytest.raises(ParameterError, match=r"^chain: must have shape"):
            autocorrelation(bad)

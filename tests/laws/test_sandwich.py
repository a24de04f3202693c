"""Bounds of all engines around the exact log evidence, on models too large to enumerate.

The judge is inference by transfer matrices, which is itself judged by enumeration.
"""

from functools import lru_cache

import numpy as np
import pytest

from isingdenoise import ENGINES, Coupling, IsingModel

MODELS = 200
SIDE = 12
#: Their bounds can only rise from that of mean field.
ABOVE_MEAN_FIELD = ("structured", "mixture", "anneal")
#: float32 means and messages, for 144 spins of fields up to 20.
ROUNDING = 2e-3


@lru_cache
def drawn(seed):
    """Return a model of a two-level patch in noise, and the exact answer."""
    rng = np.random.default_rng([seed, SIDE])
    J, sigma = rng.uniform(0.1, 1.2), rng.uniform(0.5, 3.0)
    patch = np.ones((SIDE, SIDE))
    patch[:, : rng.integers(2, SIDE - 1)] = -1
    x = patch + sigma * rng.normal(size=patch.shape)
    coupling = Coupling.eight(J) if seed % 2 else Coupling.nearest(J)
    model = IsingModel(x / sigma**2, coupling, float(rng.normal()))
    return model, ENGINES["exact"]().solve(model)


def solved(name, seed):
    return ENGINES[name]().solve(drawn(seed)[0], rng=seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, kind in ENGINES.items() if kind.traits.lower_bound])
def test_lower_bounds_are_below_the_log_evidence(name):
    for seed in range(0, MODELS, 5):
        assert solved(name, seed).lower_bound <= drawn(seed)[1].upper_bound + ROUNDING, seed


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, kind in ENGINES.items() if kind.traits.upper_bound])
def test_upper_bounds_are_above_the_log_evidence(name):
    for seed in range(0, MODELS, 5):
        assert solved(name, seed).upper_bound >= drawn(seed)[1].lower_bound - ROUNDING, seed


@pytest.mark.slow
def test_the_order_of_the_bounds_in_every_model():
    for seed in range(MODELS):
        bottom = solved("mf", seed).lower_bound
        truth = drawn(seed)[1].lower_bound
        for name in ABOVE_MEAN_FIELD:
            assert bottom - ROUNDING <= solved(name, seed).lower_bound <= truth + ROUNDING, seed
        assert truth - ROUNDING <= solved("trw", seed).upper_bound, seed


@pytest.mark.slow
def test_the_bethe_value_is_close_in_the_median():
    off = []
    for seed in range(0, MODELS, 4):
        truth = drawn(seed)[1].lower_bound - drawn(seed)[0].offset
        bethe = solved("bp", seed).diagnostics["bethe"] - drawn(seed)[0].offset
        off.append(abs(bethe / truth - 1))
    assert np.median(off) <= 0.01


@pytest.mark.slow
def test_no_engine_finds_less_energy_than_the_minimum_cut():
    for seed in range(0, MODELS, 20):
        least = solved("map", seed).energy
        for name in ENGINES:
            assert solved(name, seed).energy >= least - ROUNDING, (name, seed)

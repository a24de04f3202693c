"""Steps of EM that take their sums in one pass, against those of the densities themselves."""

from __future__ import annotations

import numpy as np
import pytest

from isingdenoise.noise.estimation.mixture import climb
from isingdenoise.noise.estimation.normal import NormalPair
from isingdenoise.noise.estimation.pair import Pair
from isingdenoise.noise.estimation.salt_pepper import ImpulsePair

NONE = (-np.inf, np.inf)
PAIRS = {
    "one sigma": NormalPair((60.0, 190.0), (40.0, 40.0), NONE),
    "two sigmas": NormalPair((60.0, 190.0), (20.0, 50.0), NONE, common=False),
    "saturated": NormalPair((10.0, 240.0), (40.0, 40.0), (0.5, 254.5)),
    "saturated above": NormalPair((60.0, 270.0), (30.0, 50.0), (-np.inf, 254.5), common=False),
    "narrow": NormalPair((60.0, 190.0), (0.3, 0.3), (0.5, 254.5)),
    "impulses": ImpulsePair((60.0, 190.0), 30.0, 0.03, 0.1, (0.5, 254.5), (0.0, 255.0)),
}


def _sample(pair, seed):
    rng = np.random.default_rng(seed)
    x = np.clip(np.rint(rng.normal(rng.choice([60, 190], 900), 50)), 0, 255)
    x = np.where(rng.random(900) < 0.1, rng.choice([0.0, 255.0], 900), x)
    return x, rng.integers(1, 50, 900).astype(float), rng.integers(0, 8, 900)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("seed", range(3))
def test_a_step_is_that_of_the_densities(name, seed):
    pair = PAIRS[name]
    data = _sample(pair, seed)
    shares = np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, 8)
    new, bright, log_p = pair.step(data, shares, 0.2)
    expected, bright_expected, log_p_expected = Pair.step(pair, data, shares, 0.2)
    np.testing.assert_allclose(new.vector(), expected.vector(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(bright, bright_expected, rtol=1e-9, atol=1e-6)
    assert log_p == pytest.approx(log_p_expected, rel=1e-10)


@pytest.mark.parametrize("name", ["one sigma", "two sigmas", "saturated", "impulses"])
def test_the_climb_ends_where_that_of_the_densities_does(name, monkeypatch):
    pair = PAIRS[name]
    data = _sample(pair, 5)
    found, shares = climb(data, pair, 0.5, floor=0.3)
    monkeypatch.setattr(type(pair), "step", Pair.step)
    expected, shares_expected = climb(data, pair, 0.5, floor=0.3)
    np.testing.assert_allclose(found.vector(), expected.vector(), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(shares, shares_expected, atol=1e-3)


def test_a_component_without_pixels_stays():
    pair = NormalPair((60.0, 9000.0), (2.0, 2.0), NONE, common=False)
    data = np.full(5, 61.0), np.ones(5), np.zeros(5, np.intp)
    new, bright, _ = pair.step(data, np.array([0.5]), 0.1)
    assert new.levels == (61.0, 9000.0)
    assert new.sigmas[1] == 2.0
    assert bright[0] == 0

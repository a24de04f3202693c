"""Weights of hidden pixels' log odds: at the top of their objective."""

from __future__ import annotations

import numpy as np
import pytest

from isingdenoise.learning._calibration import fit_weights, log_evidence


def _objective(columns, evidence, expected, w):
    return log_evidence(w @ columns, evidence) - 5 * float(np.sum((w - expected) ** 2))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0])
def test_no_weights_near_by_are_better(seed, sigma):
    rng = np.random.default_rng(seed)
    columns = np.concatenate([np.ones((1, 5000)), rng.normal(0, 2, (2, 5000))])
    true = np.array([0.3, 0.8, -0.2])
    z = np.where(rng.random(5000) < 1 / (1 + np.exp(-true @ columns)), 1.0, -1.0)
    evidence = 2 * (z + rng.normal(0, sigma, 5000)) / sigma**2
    expected = np.array([0.0, 1.0, 0.0])
    found = fit_weights(columns, evidence, expected)
    best = _objective(columns, evidence, expected, found)
    assert best > _objective(columns, evidence, expected, expected)
    for _ in range(200):
        near = found + rng.normal(0, 0.02, 3)
        assert _objective(columns, evidence, expected, near) <= best + 1e-3


def test_evidence_that_is_not_concave_is_climbed():
    rng = np.random.default_rng(0)
    columns = rng.normal(0, 5, (1, 400))
    evidence = rng.choice([-1e4, 1e4], 400)  # certain: posterior weights vanish or jump
    start = np.array([5.0])
    found = fit_weights(columns, evidence, start)
    assert np.isfinite(found).all()
    grid = np.linspace(-6, 6, 4001)
    best = max(_objective(columns, evidence, start, np.array([w])) for w in grid)
    assert _objective(columns, evidence, start, found) >= best - 1e-2

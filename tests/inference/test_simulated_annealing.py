"""Simulated annealing: never above ICM, near the exact minimum, and what it gains."""

import numpy as np
import pytest
from reference import Exact, random_model

from isingdenoise import ICM, Coupling, IsingModel, MeanField, ParameterError
from isingdenoise.inference import SimulatedAnnealing, Status

MODELS = [
    random_model(seed, (4, 4), neighbours=neighbours, size=size, spread=0.7, signs=signs)
    for seed in range(5)
    for neighbours, size, signs in [
        (4, 1.0, (1, 1, 1, 1)), (8, 0.7, (1, 1, 1, 1)), (8, 0.7, (-1, -1, -1, -1))
    ]
]  # fmt: skip


@pytest.mark.slow
def test_it_is_never_above_icm_and_mostly_at_the_minimum():
    hits = 0
    for number, model in enumerate(MODELS):
        for init in (None, np.random.default_rng(number).uniform(-1, 1, model.shape)):
            plain = ICM().solve(model, init=init)
            found = SimulatedAnnealing().solve(model, init=init, rng=number)
            _, lowest = Exact(model).map
            assert lowest - 1e-4 <= found.energy <= plain.energy + 1e-4
            assert found.energy == pytest.approx(model.energy(found.labels), abs=1e-4)
            assert found.diagnostics["gain"] == pytest.approx(plain.energy - found.energy, abs=1e-4)
            # a local minimum: ICM changes nothing
            np.testing.assert_array_equal(
                ICM().solve(model, init=found.labels).labels, found.labels
            )
            hits += found.energy < lowest + 1e-4
    assert hits >= 0.9 * 2 * len(MODELS)


def test_further_starts_never_hurt():
    model = random_model(3, (20, 20), neighbours=8, size=1.0, spread=0.5, signs=(1, -1, -1, 1))
    energies = [SimulatedAnnealing(starts=n).solve(model, rng=1).energy for n in (1, 3, 9)]
    assert energies[2] <= energies[1] + 1e-4 <= energies[0] + 2e-4


@pytest.mark.slow
def test_at_strong_coupling_and_noise_it_is_far_below_icm():
    """And below the signs of mean field, though these have fewer wrong pixels."""
    rng, (y, x) = np.random.default_rng(0), np.mgrid[:256, :256]
    truth = np.where((np.hypot(y - 100, x - 90) < 60) ^ (np.abs(y - x) < 20), 1, -1)
    model = IsingModel((truth + 2 * rng.normal(size=truth.shape)) / 4, 1.0)
    plain, means = ICM().solve(model), MeanField().solve(model)
    found = SimulatedAnnealing().solve(model, rng=0)
    wrong = [np.mean(s.labels != truth) for s in (plain, means, found)]
    assert wrong[0] > 0.1
    assert max(wrong[1:]) < 0.05
    assert found.energy < means.energy < plain.energy - 10_000


def test_the_largest_strengths_and_fields_end_in_a_minimum():
    model = IsingModel(np.full((5, 5), -1e8), Coupling.nearest(-1e6))
    found = SimulatedAnnealing(coldest=1000.0).solve(model, rng=0)
    assert np.all(found.labels == -1)
    assert found.status == "converged"


def test_when_the_sweeps_run_out_the_best_until_then_is_the_answer():
    model = random_model(1, (9, 9), size=1.0)
    for most in (1, 2, 50):
        found = SimulatedAnnealing(max_sweeps=most).solve(model, rng=0)
        assert found.status is Status.MAX_SWEEPS
        assert found.energy <= ICM(max_sweeps=most).solve(model).energy + 1e-4
        assert found.energy == pytest.approx(model.energy(found.labels), abs=1e-4)
        assert found.advice[0].settings == ("max_sweeps",)


def test_the_schedule_rises():
    with pytest.raises(ParameterError, match=r"^hottest: must be in \(0, 0.5\)"):
        SimulatedAnnealing(hottest=0.7, coldest=0.5)

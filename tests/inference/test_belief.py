"""Belief propagation: against a slow version, exact answers on trees, and derivatives."""

import numpy as np
import pytest
import reference
from reference import Exact, per_edge_model, random_model

from isingdenoise import Coupling, IsingModel, MeanField
from isingdenoise.inference import BeliefPropagation

MODELS = {
    f"{kind.__name__} {shape} {neighbours}": kind(k, shape, neighbours=neighbours, size=size)
    for kind, size in ((random_model, 0.4), (per_edge_model, 0.8))
    for k, shape in enumerate([(4, 4), (3, 5), (5, 2)])
    for neighbours in (4, 8)
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


@EVERY_MODEL
@pytest.mark.parametrize("damping", [1.0, 0.4])
def test_each_sweep_is_that_of_the_reference(name, damping):
    model, means = MODELS[name], []
    engine = BeliefPropagation(damping=damping, tol=0, max_sweeps=3)
    found = engine.solve(model, callback=lambda step: means.append(step.snapshot()))
    heard = reference.messages_begun(model, np.tanh(model.field), (1,) * 4)
    for mean in means:
        heard = reference.messages_sent(model, heard, damping, (1,) * 4)
        a = reference.field(model) + heard.sum(axis=1)
        np.testing.assert_allclose(mean.reshape(-1), np.tanh(a), atol=3e-6)
    expected = reference.bethe(model, heard)
    assert found.diagnostics["bethe"] == pytest.approx(expected, abs=1e-5)
    assert found.status == "max_sweeps"


@pytest.mark.parametrize("kind", [random_model, per_edge_model])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 11), (12, 1)])
@pytest.mark.parametrize("size", [0.7, -1.5, 4.0])
def test_a_single_row_or_column_is_exact(shape, kind, size):
    truth = Exact(kind(1, shape, size=size))
    found = BeliefPropagation(tol=1e-6).solve(truth.model)
    assert found.status == "converged"
    np.testing.assert_allclose(found.mean, truth.mean, atol=2e-6)
    expected = truth.log_z + truth.model.offset
    assert found.diagnostics["bethe"] == pytest.approx(expected, abs=2e-5)


def test_a_tree_among_the_edges_is_exact():
    """A comb: one column, and rows that hang on it."""
    vertical = np.zeros((3, 4))
    vertical[:, 1] = [0.8, -0.6, 1.2]
    coupling = Coupling.per_edge(np.random.default_rng(0).uniform(-1, 1, (4, 3)), vertical)
    truth = Exact(IsingModel(np.random.default_rng(1).normal(size=(4, 4)), coupling, 0.5))
    found = BeliefPropagation(tol=1e-6).solve(truth.model)
    np.testing.assert_allclose(found.mean, truth.mean, atol=2e-6)
    assert found.diagnostics["bethe"] == pytest.approx(truth.log_z + 0.5, abs=1e-5)


@EVERY_MODEL
def test_the_bethe_free_energy_has_the_means_as_its_derivatives(name):
    model, step = MODELS[name], 0.01
    engine = BeliefPropagation(tol=1e-6, max_sweeps=3000)
    found = engine.solve(model)
    assert found.status == "converged"
    for site in np.ndindex(model.shape):
        values = []
        for sign in (1, -1):
            moved = model.field.astype(float)
            moved[site] += sign * step
            near = engine.solve(IsingModel(moved, model.coupling, model.offset))
            values.append(near.diagnostics["bethe"])
        slope = (values[0] - values[1]) / (2 * step)
        assert slope == pytest.approx(found.mean[site], abs=1e-3)


@EVERY_MODEL
def test_means_are_closer_to_the_truth_than_those_of_mean_field(name):
    truth = Exact(MODELS[name])
    found = BeliefPropagation(tol=1e-5).solve(truth.model)
    plain = MeanField(tol=1e-5).solve(truth.model)
    error = np.abs(found.mean - truth.mean).mean()
    assert error < np.abs(plain.mean - truth.mean).mean()


@pytest.mark.slow
def test_bethe_is_close_to_the_truth_and_not_by_chance():
    errors, worse = [], []
    for seed in range(40):
        truth = Exact(random_model(seed, (4, 4), size=0.6))
        exact = truth.log_z + truth.model.offset
        found = BeliefPropagation().solve(truth.model)
        errors.append(abs(found.diagnostics["bethe"] - exact) / abs(truth.log_z))
        worse.append(abs(MeanField().solve(truth.model).lower_bound - exact) / abs(truth.log_z))
    assert np.median(errors) < 0.01
    assert np.median(errors) < np.median(worse) / 3


@pytest.mark.slow
def test_threads_and_odd_shapes():
    for neighbours in (4, 8):
        model = random_model(7, (41, 75), neighbours=neighbours, size=0.3)
        one = BeliefPropagation(tol=1e-5, parallel=False).solve(model)
        other = BeliefPropagation(tol=1e-5, parallel=True).solve(model)
        reference.assert_same_solution(one, other)
        assert one.diagnostics == other.diagnostics


@pytest.mark.parametrize("J", [1e6, -1e6, 40.0, 1e-3, 0.0])
def test_huge_and_tiny_strengths(J):
    field = np.random.default_rng(8).normal(size=(5, 6))
    found = BeliefPropagation(max_sweeps=100).solve(IsingModel(field, J))
    assert np.isfinite(found.diagnostics["bethe"])
    assert np.isfinite(found.mean).all()
    if abs(J) <= 1e-3:
        np.testing.assert_allclose(found.mean, np.tanh(field), atol=3e-3)


def test_circling_messages_are_slowed_down():
    """Frustrated and strong: undamped messages never rest here."""
    model = random_model(2, (6, 6), neighbours=8, size=1.0, spread=0.2, signs=(-1, -1, -1, -1))
    found = BeliefPropagation(max_sweeps=3000).solve(model)
    assert found.diagnostics["residual"] < 0.1

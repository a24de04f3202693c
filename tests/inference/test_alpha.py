"""Power expectation propagation: its two ends, the reference between them, and the bound."""

from itertools import pairwise

import numpy as np
import pytest
import reference
from reference import Exact, per_edge_model, random_model

from isingdenoise import IsingModel, MeanField
from isingdenoise.inference import AlphaDivergence, BeliefPropagation

MODELS = {
    f"{kind.__name__} {shape} {neighbours}": kind(k, shape, neighbours=neighbours, size=size)
    for kind, size in ((random_model, 0.5), (per_edge_model, 0.9))
    for k, shape in enumerate([(4, 4), (3, 5)])
    for neighbours in (4, 8)
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


@EVERY_MODEL
def test_at_nought_it_is_mean_field(name):
    model = MODELS[name]
    found = AlphaDivergence(alpha=0, tol=1e-6, max_sweeps=5000).solve(model)
    assert found.status == "converged"
    a = reference.matrix(model) @ found.mean.reshape(-1) + reference.field(model)
    np.testing.assert_allclose(found.mean.reshape(-1), np.tanh(a), atol=3e-6)
    plain = MeanField(tol=1e-6, schedule="checkerboard").solve(model)
    np.testing.assert_allclose(found.mean, plain.mean, atol=2e-5)
    assert found.lower_bound == pytest.approx(plain.lower_bound, abs=1e-5)


@EVERY_MODEL
def test_at_one_it_is_belief_propagation(name):
    found = AlphaDivergence(alpha=1).solve(MODELS[name])
    other = BeliefPropagation().solve(MODELS[name])
    np.testing.assert_array_equal(found.mean, other.mean)


@EVERY_MODEL
@pytest.mark.parametrize("alpha", [1e-6, 0.01, 0.3, 0.5, 0.9])
def test_each_sweep_is_that_of_the_reference(name, alpha):
    model, means = MODELS[name], []
    engine = AlphaDivergence(alpha=alpha, damping=0.8, tol=0, max_sweeps=3)
    found = engine.solve(model, callback=lambda step: means.append(step.snapshot()))
    counts = (1 / alpha,) * 4
    heard = reference.messages_begun(model, np.tanh(model.field), counts)
    for mean in means:
        heard = reference.messages_sent(model, heard, 0.8, counts)
        a = reference.field(model) + heard.sum(axis=1)
        np.testing.assert_allclose(mean.reshape(-1), np.tanh(a), atol=5e-6)
    expected = reference.elbo(model, found.mean)
    assert found.lower_bound == pytest.approx(expected, abs=2e-5)


@EVERY_MODEL
def test_the_bound_holds_and_mean_field_has_the_best(name):
    model = MODELS[name]
    truth, best = Exact(model).log_z + model.offset, MeanField(tol=1e-5).solve(model).lower_bound
    for alpha in (0, 0.2, 0.5, 0.8, 1):
        found = AlphaDivergence(alpha=alpha).solve(model)
        assert found.lower_bound <= truth
        assert found.lower_bound <= best + 1e-3


def test_it_leads_from_one_end_to_the_other():
    truth = Exact(random_model(3, (4, 4), size=0.4))
    means = [AlphaDivergence(alpha=k / 8, tol=1e-6).solve(truth.model).mean for k in range(9)]
    errors = [float(np.abs(mean - truth.mean).mean()) for mean in means]
    assert np.all(np.diff(errors) < 0)  # here belief propagation is the better, step by step
    assert max(np.abs(a - b).max() for a, b in pairwise(means)) < 0.1


@pytest.mark.parametrize("J", [1e6, -1e6, 40.0, 1e-3])
@pytest.mark.parametrize("alpha", [0.0, 1e-7, 0.5])
def test_huge_and_tiny_strengths(J, alpha):
    model = IsingModel(np.random.default_rng(8).normal(size=(3, 4)), J)
    found = AlphaDivergence(alpha=alpha, max_sweeps=60).solve(model)
    assert np.isfinite(found.mean).all()
    assert found.lower_bound <= Exact(model).log_z * (1 + 1e-6)

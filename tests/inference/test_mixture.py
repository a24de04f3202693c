"""The mixture of mean fields: its bound by its definition, and the modes that it finds."""

import numpy as np
import pytest
from reference import Exact, random_model

from isingdenoise import Coupling, IsingModel, MeanField
from isingdenoise.inference import MixtureMeanField, Status
from isingdenoise.inference._mixture_bound import Mixture

KINDS = [(4, (1, 1, 1, 1)), (8, (1, 1, 1, 1)), (8, (1, -1, -1, 1)), (8, (-1, -1, -1, -1))]


def small_models(count, shape=(3, 3)):
    for seed in range(count):
        neighbours, signs = KINDS[seed % 4]
        size, spread = (0.3, 0.6, 1.2)[seed % 3], (0.0, 0.3, 1.0)[seed // 3 % 3]
        yield random_model(
            seed, shape, neighbours=neighbours, size=size, spread=spread, signs=signs
        )


def probabilities(truth, mean):
    """Return the probability of every state under independent spins."""
    return np.prod((1 + truth.states * np.ravel(mean).astype(float)) / 2, axis=1)


def by_definition(truth, mixture):
    """Return F, and the evidence lower bound of the mixture itself, state by state."""
    components = np.array([probabilities(truth, mean) for mean in mixture.means])
    whole = mixture.weights @ components
    with np.errstate(divide="ignore", invalid="ignore"):
        entropies = -np.nansum(components * np.log(components), axis=1)
        entropy = -float(np.nansum(whole * np.log(whole)))
    total = float(whole @ -truth.energies) + truth.model.offset
    information = 0.0
    for k, tilt in enumerate(mixture.tilts):
        log_r = truth.states @ tilt.astype(float)
        gain = components[k] @ log_r - np.log(whole @ np.exp(log_r))
        information += mixture.weights[k] * gain
    return total + mixture.weights @ entropies + information, total + entropy


def random_mixture(model, seed, size):
    rng = np.random.default_rng(seed)
    means = [rng.uniform(-1, 1, model.shape).astype(np.float32) for _ in range(size)]
    return Mixture(means, [model.elbo(mean) for mean in means])


@pytest.mark.parametrize("size", [2, 3, 8])
def test_the_bound_is_its_definition_for_any_tilts_and_weights(size):
    for seed, model in enumerate(small_models(12)):
        truth, mixture = Exact(model), random_mixture(model, seed, size)
        rng = np.random.default_rng(seed)
        for scale in (0.0, 0.3, 3.0):
            for k in range(size):
                mixture.tilt(k, rng.normal(size=model.shape).astype(np.float32) * scale)
            mixture.weights = rng.dirichlet(np.ones(size))
            value, own = by_definition(truth, mixture)
            assert mixture.bound() == pytest.approx(value, abs=1e-6)
            assert value <= own + 1e-9
            assert own <= truth.log_z + model.offset + 1e-9
            expected = sum(a * m for a, m in zip(mixture.weights, mixture.means, strict=True))
            np.testing.assert_allclose(mixture.mean().reshape(-1), expected, atol=1e-6)


def test_every_step_raises_the_bound_and_the_slope_is_its_slope():
    for seed, model in enumerate(small_models(12)):
        mixture = random_mixture(model, seed, 3)
        bounds = [mixture.bound()]
        for seek in (mixture.seek_tilts, mixture.seek_weights) * 3:
            seek()
            bounds.append(mixture.bound())
        assert np.all(np.diff(bounds) >= 0)
        assert bounds[1] > bounds[0]
        # Newton's method has found the maximum in each tilt: no other is better
        rng = np.random.default_rng(seed)
        mixture.seek_tilts()
        best, kept = mixture.bound(), [tilt.copy() for tilt in mixture.tilts]
        for k in range(3):
            mixture.tilt(k, kept[k] + 0.05 * rng.normal(size=kept[k].shape).astype(np.float32))
            assert mixture.bound() <= best + 1e-5
            mixture.tilt(k, kept[k])
        # the slope by one mean, less that of the component's own bound, is the extra field
        extra, step, m = mixture.extra_field(1).reshape(-1), 1e-3, mixture.means[1]
        for i in range(m.size):
            sides = []
            for sign in (1, -1):
                moved = m.copy()
                moved[i] += sign * step
                other = Mixture([x.reshape(model.shape) for x in mixture.means], mixture.elbos)
                other.means[1], other.weights = moved, mixture.weights
                for k in range(3):
                    other.tilt(k, mixture.tilts[k])
                sides.append(other.bound())
            slope = (sides[0] - sides[1]) / (2 * step) / mixture.weights[1]
            assert extra[i] == pytest.approx(slope, abs=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("components", [2, 4])
def test_the_bound_lies_between_mean_field_and_the_evidence(components):
    """On hundreds of models; together half of what mean field lacks is found."""
    gaps = []
    for model in small_models(150):
        truth, plain = Exact(model), MeanField(tol=1e-5).solve(model)
        found = MixtureMeanField(components=components, tol=1e-5).solve(model)
        evidence = truth.log_z + model.offset
        assert plain.lower_bound - 1e-5 <= found.lower_bound <= evidence + 1e-5
        assert found.diagnostics["gain"] == pytest.approx(
            found.lower_bound - plain.lower_bound, abs=1e-4
        )
        assert 1 <= found.diagnostics["components"] <= components
        errors = [np.abs(s.mean - truth.mean).mean() for s in (plain, found)]
        gaps.append((evidence - plain.lower_bound, evidence - found.lower_bound, *errors))
    plain_gap, gap, plain_error, error = np.mean(gaps, axis=0)
    assert gap < 0.6 * plain_gap
    assert error < 0.5 * plain_error


@pytest.mark.parametrize("side", [8, 10, 12])
@pytest.mark.parametrize("strength", [1.0, -1.0])
def test_without_a_field_both_modes_are_found(side, strength):
    """Mean field has to choose one of two pictures; both have the weight 1/2."""
    model = IsingModel(np.zeros((side, side)), strength)
    found = MixtureMeanField().solve(model)
    one = MeanField().solve(model, init=a_mode(side, strength))
    assert np.abs(found.mean).max() < 1e-3
    assert np.abs(one.mean).min() > 0.9
    assert found.lower_bound == pytest.approx(one.lower_bound + np.log(2), abs=1e-3)


def a_mode(side, strength):
    y, x = np.mgrid[:side, :side]
    return np.where((y + x) % 2, np.sign(strength), 1.0)


def log_z_without_a_field(side):
    """Return log Z of a square picture with J = 1, column by column."""
    states = 2.0 * (np.arange(1 << side)[:, None] >> np.arange(side) & 1) - 1
    inside, between = (states[:, 1:] * states[:, :-1]).sum(axis=1), states @ states.T
    weight = inside
    for _ in range(side - 1):
        terms = weight[:, None] + between
        top = terms.max(axis=0)
        weight = inside + top + np.log(np.exp(terms - top).sum(axis=0))
    return float(np.log(np.exp(weight - weight.max()).sum()) + weight.max())


def test_the_bound_without_a_field_is_close_to_the_evidence():
    model = IsingModel(np.zeros((8, 8)), 1.0)
    exact = log_z_without_a_field(8)
    found, one = MixtureMeanField().solve(model), MeanField().solve(model, init=np.ones((8, 8)))
    assert 0 < exact - found.lower_bound < 0.4 * (exact - one.lower_bound)


def test_modes_of_unequal_weight():
    """A weak field everywhere weighs the two by exp(2 N h), and the means say so."""
    model = IsingModel(np.full((8, 8), 0.004), 1.2)
    found = MixtureMeanField().solve(model)
    np.testing.assert_allclose(found.mean, np.tanh(64 * 0.004), atol=0.01)


def test_a_large_picture_is_none_the_worse():
    rng = np.random.default_rng(0)
    model = IsingModel(np.kron(rng.choice([-1, 1], (6, 7)), np.ones((16, 16))) +
                       rng.normal(size=(96, 112)), Coupling.eight(0.4))  # fmt: skip
    plain, found = MeanField().solve(model), MixtureMeanField().solve(model)
    assert found.lower_bound >= plain.lower_bound - 1e-3
    assert found.status == "converged"


def test_when_the_sweeps_run_out_the_best_until_then_is_the_answer():
    model = random_model(1, (6, 6), size=1.0)
    for most in (1, 10, 60):
        found = MixtureMeanField(max_sweeps=most, tol=1e-6).solve(model)
        assert found.status is Status.MAX_SWEEPS
        plain = MeanField(max_sweeps=most, tol=1e-6).solve(model)
        assert found.lower_bound >= plain.lower_bound - 1e-4
        assert found.advice[0].settings == ("max_sweeps",)

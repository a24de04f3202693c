"""The Renyi bound, judged by listing all states."""

import numpy as np
import pytest
import reference
from reference import Exact, per_edge_model, random_model

from isingdenoise import IsingModel, MeanField, ParameterError, TransferMatrix
from isingdenoise.inference import renyi
from isingdenoise.inference.renyi import renyi_bound

MODELS = {
    f"{kind.__name__} {shape} {neighbours}": kind(k, shape, neighbours=neighbours, size=0.6)
    for kind in (random_model, per_edge_model)
    for k, shape in enumerate([(1, 1), (1, 7), (6, 1), (3, 3), (4, 3)])
    for neighbours in (4, 8)
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


def means_of(model):
    return {
        "mean field": MeanField().solve(model).mean,
        "any": np.random.default_rng(0).uniform(-0.9, 0.9, model.shape),
    }


def listed(truth, mean, order):
    mu = np.asarray(mean, np.float64).reshape(-1)
    log_q = np.log((1 + truth.states * mu) / 2).sum(axis=1)
    log_p = truth.model.offset - truth.energies
    return float(np.logaddexp.reduce((1 - order) * log_p + order * log_q)) / (1 - order)


@EVERY_MODEL
@pytest.mark.parametrize("order", [-3, -0.5, 0.1, 0.5, 0.99, 2])
def test_it_is_what_it_says(name, order):
    truth = Exact(MODELS[name])
    for mean in means_of(truth.model).values():
        found = renyi_bound(truth.model, mean, order)
        assert found == pytest.approx(listed(truth, mean, order), abs=1e-7)


@EVERY_MODEL
def test_orders_and_bounds(name):
    truth = Exact(MODELS[name])
    exact = truth.log_z + truth.model.offset
    for mean in means_of(truth.model).values():
        orders = [-20, -2, -1, -0.1, 0, 0.1, 0.5, 0.9, 1, 1.1, 2, 10]
        bounds = [renyi_bound(truth.model, mean, order) for order in orders]
        assert np.all(np.diff(bounds) <= 1e-7)
        assert bounds[4] == pytest.approx(exact, abs=1e-7)
        assert bounds[8] == pytest.approx(reference.elbo(truth.model, mean), abs=1e-6)
        for near in (1 - 1e-5, 1 + 1e-5):
            value = renyi_bound(truth.model, mean, near)
            assert value == pytest.approx(bounds[8], abs=1e-3)


def test_certain_means_and_large_orders_are_finite():
    model = random_model(1, (2, 3))
    for order in (-1e6, -1, 0.5, 3, 1e6):
        assert np.isfinite(renyi_bound(model, np.ones(model.shape), order))


@pytest.mark.parametrize(
    ("mean", "order", "name"),
    [
        (np.zeros((2, 2)), 0.5, "mean"),
        (np.full((2, 3), 1.5), 0.5, "mean"),
        (np.full((2, 3), np.nan), 0.5, "mean"),
        (np.full((2, 3), 1j), 0.5, "mean"),
        (np.zeros((2, 3)), np.nan, "order"),
        (np.zeros((2, 3)), 1e9, "order"),
    ],
)
def test_arguments_are_checked(mean, order, name):
    with pytest.raises(ParameterError, match=f"^{name}: "):
        renyi_bound(random_model(1, (2, 3)), mean, order)


def test_a_wide_picture_is_refused():
    with pytest.raises(ParameterError, match=r"^model: needs .* at most 18 pixels"):
        renyi_bound(IsingModel(np.zeros((19, 20)), 0.3), np.zeros((19, 20)), 0.5)


@pytest.mark.parametrize("neighbours", [4, 8])
def test_on_narrow_pictures_it_lies_on_the_right_side(neighbours):
    model = random_model(3, (11, 6), neighbours=neighbours, size=0.6)
    exact, mean = TransferMatrix(model).log_z, MeanField().solve(model).mean
    orders = [-2, -0.5, 0, 0.3, 0.9, 1, 1.5]
    bounds = [renyi_bound(model, mean, order) for order in orders]
    assert np.all(np.diff(bounds) < 0)
    assert bounds[1] > exact > bounds[3]
    assert bounds[2] == pytest.approx(exact, abs=1e-4)
    assert bounds[5] == pytest.approx(model.elbo(mean), abs=1e-4)
    with pytest.raises(ParameterError, match=r"^order: must be 1, or at least 0.01 from it"):
        renyi_bound(model, mean, 0.999)


def test_both_ways_to_the_normaliser_agree(monkeypatch):
    model = random_model(4, (4, 4), neighbours=8, size=0.6)
    mean = MeanField().solve(model).mean
    orders = (-3, -0.5, 0.2, 0.8, 2)
    listed_bounds = [renyi_bound(model, mean, order) for order in orders]
    monkeypatch.setattr(renyi, "_LISTED", 0)
    again = [renyi_bound(model, mean, order) for order in orders]
    np.testing.assert_allclose(again, listed_bounds, rtol=0, atol=1e-4)

"""The roof dual, against all states of small models and the minimum cut of those that have one."""

from itertools import product

import numpy as np
import pytest
import reference
from reference import random_model
from scipy.optimize import linprog

from isingdenoise import ICM, Coupling, IsingModel
from isingdenoise.backends import cut
from isingdenoise.gauge import find_gauge
from isingdenoise.inference.graph_cut import GraphCut
from isingdenoise.inference.roof_dual import RoofDual

SIGNS = [(-1, -1, -1, -1), (1, -1, -1, 1), (1, 1, -1, -1), (-1, 1, 1, 1)]


def mixed(shape, neighbours, seed, size=1.0):
    """Return a model with a strength of any sign at each edge."""
    rng = np.random.default_rng([*shape, neighbours, seed])
    height, width = shape
    sizes = [(height, width - 1), (height - 1, width), *[(height - 1, width - 1)] * 2]
    strengths = [size * rng.normal(size=s) for s in sizes[: neighbours // 2]]
    return IsingModel(rng.normal(size=shape), Coupling.per_edge(*strengths))


def sure(model):
    """Return the labels that the cut alone is sure of, 0 elsewhere."""
    network = cut(model, None)
    while network.run(1000)[1]:
        pass
    return network.labels()


def check(model):
    """Return the share of labels left open."""
    truth, found, labels = reference.Exact(model), RoofDual().solve(model), sure(model)
    best, lowest = truth.map
    np.testing.assert_array_equal(labels[labels != 0], best[labels != 0])
    share = np.mean(labels == 0)
    assert found.diagnostics["unlabelled"] == share
    assert found.status == ("converged" if share else "exact")
    assert found.energy == pytest.approx(reference.energy(model, found.labels), abs=1e-6)
    assert found.energy >= lowest - 1e-6
    assert found.energy <= ICM().solve(model).energy + 1e-5
    if not share:
        assert found.energy == pytest.approx(lowest, abs=1e-6)
    return share


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (4, 1), (2, 2), (3, 4), (4, 4)], ids=str)
def test_what_is_labelled_is_so_in_the_best_state(shape):
    shares = [
        check(random_model(seed, shape, neighbours=neighbours, size=size, signs=signs))
        for seed, neighbours, size, signs in product(range(3), (4, 8), (0.2, 0.5, 1.5), SIGNS)
    ]
    shares += [
        check(mixed(shape, neighbours, seed, size))
        for neighbours, seed, size in product((4, 8), range(5), (0.3, 1.0, 3.0))
    ]
    if shape == (4, 4):
        assert 0.1 < np.mean(shares) < 0.9
    if 1 in shape:  # a chain has no circle
        assert max(shares) == 0


def relaxed(model):
    """Return a best point x in [0, 1] of the relaxation that the roof dual solves.

    It has one product y for each edge: y >= x_i + x_j - 1, y >= 0, y <= x_i, y <= x_j.
    """
    links, h = reference.edges(model), reference.field(model)
    n, m = len(h), len(links)
    cost = np.zeros(n + m)
    cost[:n] = -2 * h
    rows, limits = [], []
    for e, (i, j, J) in enumerate(links):  # J z z = J (4 x x - 2 x - 2 x + 1)
        cost[n + e] -= 4 * J
        cost[i] += 2 * J
        cost[j] += 2 * J
        for one, two, own, limit in ((1, 1, -1, 1), (-1, 0, 1, 0), (0, -1, 1, 0)):
            row = np.zeros(n + m)
            row[i], row[j], row[n + e] = one, two, own
            rows.append(row)
            limits.append(limit)
    found = linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=(0, 1), method="highs")
    return found.x[:n]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_labelled_is_whole_in_the_relaxation(seed):
    """Every best point of the linear programme has those labels, and else perhaps 1/2."""
    model = mixed((4, 5), 8, seed)
    labels, x = sure(model).reshape(-1), relaxed(model)
    np.testing.assert_allclose(2 * x[labels != 0] - 1, labels[labels != 0], atol=1e-6)
    assert set(np.round(2 * x) / 2) <= {0.0, 0.5, 1.0}


@pytest.mark.parametrize("neighbours", [4, 8])
def test_without_frustration_it_is_the_minimum_cut(neighbours):
    rng = np.random.default_rng(neighbours)
    for signs in [(1, 1, 1, 1), (-1, 1, -1, -1)]:
        model = random_model(1, (70, 90), neighbours=neighbours, size=0.9, signs=signs)
        assert find_gauge(model.coupling, model.shape) is not None
        found = RoofDual().solve(model, init=rng.uniform(-1, 1, model.shape))
        np.testing.assert_array_equal(found.labels, GraphCut().solve(model).labels)
        assert found.status == "exact"


def test_where_nothing_is_sure_it_is_icm():
    model = IsingModel(np.zeros((6, 7)), Coupling.eight(-1.0))
    found = RoofDual().solve(model, init=np.ones((6, 7)))
    assert found.diagnostics["unlabelled"] == 1
    np.testing.assert_array_equal(found.labels, ICM().solve(model, init=np.ones((6, 7))).labels)


def test_a_large_frustrated_picture():
    model = random_model(2, (90, 110), neighbours=8, size=0.3, signs=(1, 1, 1, -1))
    found, rough = RoofDual().solve(model), ICM().solve(model)
    assert 0 < found.diagnostics["unlabelled"] < 0.5
    assert found.energy < rough.energy
    again = ICM().solve(model, init=found.labels)
    np.testing.assert_array_equal(again.labels, found.labels)

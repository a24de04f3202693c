"""Gauges, against all gauges of models small enough to list."""

from itertools import product

import numpy as np
import pytest
import reference
from reference import random_model

from isingdenoise import Coupling, IsingModel
from isingdenoise.gauge import attractive, find_gauge

SHAPES = [(1, 1), (1, 2), (1, 5), (5, 1), (2, 2), (2, 3), (3, 2), (3, 4), (4, 3)]
STRENGTHS = list(product((-0.7, 0.0, 0.4), repeat=4))


def is_balanced(model):
    """Try all signs."""
    found = [(i, j, J) for i, j, J in reference.edges(model) if J != 0]
    signs = reference.Exact(model).states
    good = np.ones(len(signs), bool)
    for i, j, J in found:
        good &= J * signs[:, i] * signs[:, j] > 0
    return bool(good.any())


def check(model):
    gauge = find_gauge(model.coupling, model.shape)
    assert (gauge is not None) == is_balanced(model), str(model)
    assert (attractive(model) is None) == (gauge is None)
    if gauge is None:
        return
    assert gauge.shape == model.shape
    assert gauge.dtype == np.int8
    assert gauge[0, 0] == 1
    other, same = attractive(model)
    np.testing.assert_array_equal(same, gauge)
    assert all(J >= 0 for _, _, J in reference.edges(other))
    z = np.random.default_rng(0).choice([-1, 1], model.shape)
    assert other.energy(z * gauge) == pytest.approx(model.energy(z), abs=1e-5)
    assert other.offset == model.offset


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_uniform_strengths_of_all_signs(shape):
    field = np.random.default_rng(1).normal(size=shape)
    for strengths in STRENGTHS:
        check(IsingModel(field, Coupling(*strengths), 0.3))


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_strengths_of_single_edges(shape, neighbours):
    rng = np.random.default_rng([*shape, neighbours])
    height, width = shape
    sizes = [(height, width - 1), (height - 1, width), *[(height - 1, width - 1)] * 2]
    for cut in (0.0, 0.3, 0.7):
        for _ in range(4):
            hidden = rng.choice([-1, 1], shape)  # one balanced model, and one of any signs
            pairs = [
                hidden[:, 1:] * hidden[:, :-1],
                hidden[1:] * hidden[:-1],
                hidden[1:, 1:] * hidden[:-1, :-1],
                hidden[1:, :-1] * hidden[:-1, 1:],
            ]
            many = neighbours // 2
            kept = [rng.random(size) * (rng.random(size) >= cut) for size in sizes[:many]]
            balanced = [a * b for a, b in zip(kept, pairs, strict=False)]
            mixed = [a * rng.choice([-1, 1], a.shape) for a in kept]
            field = rng.normal(size=shape)
            check(IsingModel(field, Coupling.per_edge(*balanced)))
            assert find_gauge(Coupling.per_edge(*balanced), shape) is not None
            check(IsingModel(field, Coupling.per_edge(*mixed)))


def test_without_negative_strengths_nothing_changes():
    model = random_model(1, (4, 5), neighbours=8)
    other, gauge = attractive(model)
    assert other is model
    np.testing.assert_array_equal(gauge, 1)
    edges = Coupling.contrast(model.field, 0.5, 0.1)
    np.testing.assert_array_equal(find_gauge(edges, model.shape), 1)


def test_a_large_one():
    shape = (300, 401)
    hidden = np.random.default_rng(2).choice([-1, 1], shape)
    coupling = Coupling.per_edge(hidden[:, 1:] * hidden[:, :-1], hidden[1:] * hidden[:-1])
    np.testing.assert_array_equal(find_gauge(coupling, shape), hidden * hidden[0, 0])
    broken = np.array(hidden[:, 1:] * hidden[:, :-1])
    broken[100, 100] *= -1
    other = Coupling.per_edge(broken, hidden[1:] * hidden[:-1])
    assert find_gauge(other, shape) is None

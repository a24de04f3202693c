"""Minimum cuts, against all states of small models, another program's flow, and other engines."""

from itertools import product

import numpy as np
import pytest
import reference
from reference import random_model

from isingdenoise import ENGINES, Coupling, EngineRefusalError, IsingModel
from isingdenoise.gauge import find_gauge
from isingdenoise.inference import objection_to
from isingdenoise.inference.graph_cut import GraphCut

SHAPES = [(1, 1), (1, 2), (2, 1), (1, 9), (7, 1), (2, 2), (3, 5), (5, 3), (4, 4), (2, 8)]
ON_EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids=str)
WITH_AND_WITHOUT_DIAGONALS = pytest.mark.parametrize("neighbours", [4, 8])


def per_edge(shape, neighbours, seed=0, *, hidden=None, size=1.0):
    """Return a model with a strength of its own at each edge, made negative by hidden signs."""
    rng = np.random.default_rng([*shape, neighbours, seed])
    g = np.ones(shape, int) if hidden is None else hidden
    pairs = [g[:, 1:] * g[:, :-1], g[1:] * g[:-1], g[1:, 1:] * g[:-1, :-1], g[1:, :-1] * g[:-1, 1:]]
    strengths = [size * rng.exponential(size=p.shape) * p for p in pairs[: neighbours // 2]]
    return IsingModel(rng.normal(size=shape), Coupling.per_edge(*strengths), 0.7)


def scene(shape, sigma, seed=0):
    """Return the field of a noisy picture of discs, x / sigma^2."""
    rng = np.random.default_rng([*shape, seed])
    y, x = np.indices(shape)
    clean = -np.ones(shape)
    for _ in range(12):
        cy, cx, r = rng.integers(0, shape[0]), rng.integers(0, shape[1]), rng.integers(2, 15)
        clean[(y - cy) ** 2 + (x - cx) ** 2 < r * r] *= -1
    return (clean + sigma * rng.normal(size=shape)) / sigma**2


def check(model):
    best, lowest = reference.Exact(model).map
    found = GraphCut().solve(model)
    assert reference.energy(model, found.labels) == pytest.approx(lowest, rel=1e-9, abs=1e-9)
    np.testing.assert_array_equal(found.labels, best)
    assert found.status == "exact"
    assert found.energy == pytest.approx(lowest, rel=1e-9, abs=1e-9)


@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_uniform_strengths(shape, neighbours):
    for seed, size in product(range(5), (0.2, 0.8, 3.0)):
        check(random_model(seed, shape, neighbours=neighbours, size=size))


@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_strengths_of_single_edges_of_both_signs(shape, neighbours):
    for seed in range(5):
        check(per_edge(shape, neighbours, seed))
        hidden = np.random.default_rng(seed).choice([-1, 1], shape)
        check(per_edge(shape, neighbours, seed, hidden=hidden))


@pytest.mark.parametrize("signs", [(-1, -1, 1, 1), (1, -1, -1, -1), (-1, 1, -1, -1)])
def test_uniform_strengths_that_a_gauge_makes_positive(signs):
    for seed in range(4):
        check(random_model(seed, (4, 4), neighbours=4, size=0.8, signs=signs))
        check(random_model(seed, (4, 4), neighbours=8, size=0.8, signs=signs))


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("size", [1e-30, 1e-6, 1e4, 1e6])
@pytest.mark.parametrize("spread", [1e-6, 1.0, 1e8])
def test_strong_and_weak(neighbours, size, spread):
    """Fields beyond the pull of the neighbours, and far below it."""
    model = random_model(3, (4, 4), neighbours=neighbours, size=size, spread=spread)
    truth, found = reference.Exact(model), GraphCut().solve(model)
    scale = np.abs(model.field).sum(dtype=float) + np.abs(reference.matrix(model)).sum()
    assert reference.energy(model, found.labels) <= truth.map[1] + 1e-12 * scale


def test_without_strengths_each_sign_counts_however_small():
    field = np.array([[1e-38, -1e-38, 0.0, -1e8, 3.0]])
    for coupling in (Coupling.nearest(0.0), Coupling.nearest(1e-300)):
        found = GraphCut().solve(IsingModel(field, coupling))
        np.testing.assert_array_equal(found.labels, [[1, -1, 1, -1, 1]])


def test_of_several_best_states_that_of_most_bright_spins():
    for field in ([[1.0, -1.0]], [[-1.0, 1.0]], [[0.0, 0.0]]):
        assert GraphCut().solve(IsingModel(field, 5.0)).labels.tolist() == [[1, 1]]
    held = np.full((5, 5), 3.0)
    held[2, 2] = -4.0  # as much as its neighbours pull
    assert np.all(GraphCut().solve(IsingModel(held, 1.0)).labels == 1)
    held[2, 2] = np.nextafter(np.float32(-4), np.float32(-5))
    assert GraphCut().solve(IsingModel(held, 1.0)).labels[2, 2] == -1


def flow_energy(model):
    """Return the least energy by SciPy's maximum flow, of strengths and fields in 2^-12."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_flow

    sites = model.field.size
    h = reference.field(model) * 4096
    links = [(i, j, J * 4096) for i, j, J in reference.edges(model)]
    begin = [i for i, _, _ in links] + [j for _, j, _ in links]
    end = [j for _, j, _ in links] + [i for i, _, _ in links]
    room = [2 * J for _, _, J in links] * 2
    for i in range(sites):
        begin.append(sites if h[i] > 0 else i)
        end.append(i if h[i] > 0 else sites + 1)
        room.append(2 * abs(h[i]))
    whole = np.array(room).astype(np.int32)
    np.testing.assert_array_equal(whole, room)
    graph = coo_array((whole, (begin, end)), shape=(sites + 2, sites + 2)).tocsr()
    flow = maximum_flow(graph, sites, sites + 1).flow_value
    return (flow - np.abs(h).sum() - sum(J for _, _, J in links)) / 4096


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize(("size", "sigma"), [(0.45, 1.0), (1.0, 2.0), (2.0, 1.5)])
def test_another_programs_maximum_flow_has_the_same_energy(neighbours, size, sigma):
    field = np.rint(scene((40, 53), sigma) * 4096) / 4096
    along = np.rint(size * 4096) / 4096
    across = np.rint(size / 3 * 4096) / 4096 if neighbours == 8 else 0.0
    model = IsingModel(field, Coupling(along, along / 2, across, across))
    found = GraphCut().solve(model)
    assert reference.energy(model, found.labels) == pytest.approx(flow_energy(model), abs=1e-6)


LARGE = {
    "0.45": lambda: IsingModel(scene((90, 110), 1.0), 0.45),
    "1": lambda: IsingModel(scene((90, 110), 2.0), 1.0),
    "2": lambda: IsingModel(scene((90, 110), 1.5), 2.0),
    "eight": lambda: IsingModel(scene((90, 110), 1.5), Coupling.eight(0.4)),
    "contrast": lambda: IsingModel(
        scene((90, 110), 1.0), Coupling.contrast(scene((90, 110), 1.0), Coupling.eight(0.5), 0.3)
    ),
    "negative": lambda: IsingModel(scene((90, 110), 1.0, 1), Coupling(-0.6, 0.4)),
    "hidden": lambda: per_edge(
        (90, 110), 8, hidden=np.random.default_rng(5).choice([-1, 1], (90, 110)), size=0.4
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_no_engine_finds_a_lower_energy(name):
    model = LARGE[name]()
    found = GraphCut().solve(model)
    assert found.energy == pytest.approx(model.energy(found.labels), abs=1e-9)
    rounding = 1e-7 * np.abs(model.field).sum(dtype=float)
    others = 0
    for kind in ENGINES.values():
        engine = kind()
        if engine.name != found.engine and objection_to(engine, model) is None:
            other = engine.solve(model, rng=1)
            assert model.energy(other.labels) >= found.energy - rounding, engine.name
            again = ENGINES["icm"]().solve(model, init=found.labels)
            assert again.energy >= found.energy - rounding
            others += 1
    assert others >= 3


def test_turning_all_signs_turns_the_answer():
    for make in LARGE.values():
        model = make()
        other = IsingModel(-model.field, model.coupling)
        np.testing.assert_array_equal(
            GraphCut().solve(other).labels, -GraphCut().solve(model).labels
        )


def test_a_frustrated_model_is_refused():
    model = random_model(1, (5, 5), neighbours=8, signs=(-1, -1, -1, -1))
    assert find_gauge(model.coupling, model.shape) is None
    with pytest.raises(EngineRefusalError, match="circles of edges with an odd number"):
        GraphCut().solve(model)


def test_rounds_can_be_watched(monkeypatch):
    monkeypatch.setattr("isingdenoise.inference._cuts._EFFORT", 100)
    model, pictures = LARGE["1"](), []
    found = GraphCut().solve(model, callback=lambda step: pictures.append(step.snapshot()))
    assert len(found.trace) == len(pictures) > 100
    assert found.trace.residual[-1] == 0
    np.testing.assert_array_equal(pictures[-1], found.labels)
    np.testing.assert_array_equal(GraphCut().solve(model).labels, found.labels)

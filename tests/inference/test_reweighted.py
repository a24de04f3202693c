"""Tree-reweighted belief propagation: the bound holds from any messages, after every sweep."""

import numpy as np
import pytest
import reference
from reference import Exact, per_edge_model, random_model

from isingdenoise import Coupling, IsingModel
from isingdenoise.backends import packed
from isingdenoise.inference import TreeReweighted
from isingdenoise.inference.reweighted import forest_weights

SIGNS = [(1, 1, 1, 1), (1, -1, 1, -1), (-1, -1, -1, -1), (0, 1, 1, 0), (1, 0, 0, 0), (0, 0, 1, 1)]
SHAPES = [(3, 4), (4, 3), (2, 5), (5, 2), (2, 2), (1, 8), (8, 1), (3, 3)]


def some_model(seed):
    """Return one of hundreds of small models: strong and weak, of either sign, per edge or not."""
    rng = np.random.default_rng([seed, 99])
    shape, neighbours = SHAPES[seed % len(SHAPES)], int(rng.choice([4, 8]))
    options = {"neighbours": neighbours, "size": rng.uniform(0.1, 2), "spread": rng.uniform(0, 2)}
    if seed % 3 == 0:
        return per_edge_model(seed, shape, **options)
    signs = SIGNS[int(rng.integers(len(SIGNS)))]
    return random_model(seed, shape, signs=signs, **options)


def rounding(model):
    size = np.abs(model.field).sum(dtype=float) + np.abs(reference.matrix(model)).sum()
    return 1e-6 * float(size + model.field.size)


@pytest.mark.slow
def test_the_bound_holds_after_every_sweep_of_hundreds_of_models():
    for seed in range(300):
        model = some_model(seed)
        truth = Exact(model).log_z + model.offset
        start = np.random.default_rng(seed).uniform(-1, 1, model.shape)
        engine = TreeReweighted(max_sweeps=12, bound_every=1, tol=0)
        found = engine.solve(model, init=start)
        assert found.trace.upper_bound.min() >= truth, seed
        assert found.upper_bound == found.trace.upper_bound.min()


@pytest.mark.slow
def test_the_bound_holds_for_messages_that_nobody_sent():
    for seed in range(200):
        model, rng = some_model(seed), np.random.default_rng(seed)
        weights = forest_weights(model)
        share = tuple(1 / w if w else 1.0 for w in weights)
        with packed(model, False) as lattice:
            passing = lattice.passing(lattice.pack(np.zeros(model.shape, np.float32)), share)
            inside = lattice.pack(np.ones(model.shape, np.float32))
            passing.message[...] = inside * rng.normal(size=passing.message.shape, scale=2)
            for d in range(len(passing.message) // 2):
                passing.message[2 * d : 2 * d + 2] *= weights[d] > 0  # only along edges
            bound = passing.upper_bound(weights)
        assert bound >= Exact(model).log_z + model.offset, seed


@pytest.mark.parametrize("seed", range(24))
def test_the_fields_of_the_forests_mix_to_those_of_the_model(seed):
    from isingdenoise.backends.numba.forests import forest_field

    model = some_model(seed)
    weights = forest_weights(model)
    share = tuple(1 / w if w else 1.0 for w in weights)
    assert sum(weights) == pytest.approx(1)
    with packed(model, False) as lattice:
        passing = lattice.passing(lattice.pack(np.tanh(model.field)), share)
        passing.sweep(1.0)
        total = passing.fields()
        mixed = sum(w * forest_field(passing, total, d, 1 / w) for d, w in enumerate(weights) if w)
    np.testing.assert_allclose(mixed, model.field, atol=2e-5)


@pytest.mark.parametrize("seed", range(24))
def test_each_sweep_is_that_of_the_reference(seed):
    model, means = some_model(seed), []
    weights = forest_weights(model)
    counts = tuple(w or 1.0 for w in weights)
    engine = TreeReweighted(damping=0.6, tol=0, max_sweeps=3)
    found = engine.solve(model, callback=lambda step: means.append(step.snapshot()))
    heard = reference.messages_begun(model, np.tanh(model.field), counts)
    for mean in means:
        heard = reference.messages_sent(model, heard, 0.6, counts)
        a = reference.field(model) + heard.sum(axis=1)
        np.testing.assert_allclose(mean.reshape(-1), np.tanh(a), atol=1e-5)
    expected = reference.forest_bound(model, heard, weights)
    assert found.upper_bound == pytest.approx(expected, abs=3 * rounding(model))
    assert found.upper_bound >= expected


@pytest.mark.parametrize("kind", [random_model, per_edge_model])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 11), (12, 1)])
@pytest.mark.parametrize("size", [0.7, -1.5, 4.0])
def test_a_single_row_or_column_is_exact(shape, kind, size):
    truth = Exact(kind(1, shape, size=size))
    found = TreeReweighted(tol=1e-6).solve(truth.model)
    assert found.status == "converged"
    np.testing.assert_allclose(found.mean, truth.mean, atol=2e-6)
    expected = truth.log_z + truth.model.offset
    assert found.upper_bound == pytest.approx(expected, abs=5e-5)
    assert found.upper_bound >= expected


@pytest.mark.parametrize("direction", range(4))
def test_edges_of_one_direction_alone_are_exact(direction):
    strengths = [0.0] * 4
    strengths[direction] = 0.9
    model = random_model(2, (4, 4), spread=1.0)
    truth = Exact(IsingModel(model.field, Coupling(*strengths), 1.0))
    found = TreeReweighted(tol=1e-6).solve(truth.model)
    np.testing.assert_allclose(found.mean, truth.mean, atol=2e-6)
    assert found.upper_bound == pytest.approx(truth.log_z + 1, abs=5e-5)


def test_where_messages_rest_the_bound_is_least():
    """The dual is convex: no change of the messages lowers it any further."""
    for seed in (1, 2, 4, 5, 7):
        model, rng = some_model(seed), np.random.default_rng(seed)
        weights = forest_weights(model)
        counts = tuple(w or 1.0 for w in weights)
        found = TreeReweighted(tol=1e-6, max_sweeps=5000).solve(model)
        if found.status != "converged":
            continue
        heard = reference.messages_begun(model, np.tanh(model.field), counts)
        for _ in range(500):
            heard = reference.messages_sent(model, heard, 0.5, counts)
        least = reference.forest_bound(model, heard, weights)
        assert found.upper_bound == pytest.approx(least, abs=3 * rounding(model))
        for scale in (1e-3, 0.1):
            moved = heard + scale * rng.normal(size=heard.shape) * (heard != 0)
            assert reference.forest_bound(model, moved, weights) >= least - 1e-9


@pytest.mark.slow
def test_threads_and_odd_shapes():
    for neighbours in (4, 8):
        model = random_model(7, (41, 300), neighbours=neighbours, size=0.3)
        one = TreeReweighted(tol=1e-5, parallel=False).solve(model)
        other = TreeReweighted(tol=1e-5, parallel=True).solve(model)
        reference.assert_same_solution(one, other)


@pytest.mark.parametrize("J", [1e6, -1e6, 40.0, 1e-3])
def test_huge_and_tiny_strengths(J):
    model = IsingModel(np.random.default_rng(8).normal(size=(3, 4)), J)
    found = TreeReweighted(max_sweeps=100).solve(model)
    assert np.isfinite(found.mean).all()
    assert Exact(model).log_z <= found.upper_bound < np.inf

"""The transfer matrix, against all states of small models, known sums, and its own derivatives."""

import numpy as np
import pytest
import reference
from reference import assert_same_solution, random_model

from isingdenoise import Coupling, EngineRefusalError, IsingModel, ParameterError
from isingdenoise.inference import _passes
from isingdenoise.inference.exact import Exact
from isingdenoise.inference.transfer_matrix import TransferMatrix

SHAPES = [(1, 1), (1, 2), (2, 1), (1, 7), (6, 1), (2, 2), (3, 5), (5, 3), (4, 4), (2, 7), (8, 2)]
SIGNS = [(1, 1, 1, 1), (1, -1, -1, 1), (-1, -1, -1, -1)]
ON_EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids=str)
WITH_AND_WITHOUT_DIAGONALS = pytest.mark.parametrize("neighbours", [4, 8])


def per_edge(shape, neighbours, seed=0):
    """Return a model with a strength of any sign at each edge."""
    rng = np.random.default_rng([*shape, neighbours, seed])
    height, width = shape
    across = [(height - 1, width - 1)] * 2 if neighbours == 8 else []
    strengths = [rng.normal(size=s) for s in [(height, width - 1), (height - 1, width), *across]]
    return IsingModel(rng.normal(size=shape), Coupling.per_edge(*strengths), 0.7)


def check(model):
    truth, found = reference.Exact(model), TransferMatrix(model)
    assert found.log_z == pytest.approx(truth.log_z + model.offset, rel=1e-14, abs=1e-12)
    np.testing.assert_allclose(found.mean, truth.mean, rtol=1e-12, atol=1e-12)
    best, lowest = truth.map
    assert reference.energy(model, found.map()) == pytest.approx(lowest, abs=1e-9)
    np.testing.assert_array_equal(found.map(), best)


@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_uniform_strengths(shape, neighbours):
    for k, signs in enumerate(SIGNS):
        check(random_model(k, shape, neighbours=neighbours, size=0.8, signs=signs))


@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_strengths_of_single_edges(shape, neighbours):
    check(per_edge(shape, neighbours))


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("size", [1e-6, 30.0, 1e4, 1e6])
def test_strong_and_weak(neighbours, size):
    for signs in SIGNS:
        model = random_model(4, (4, 4), neighbours=neighbours, size=size, spread=size, signs=signs)
        truth, found = reference.Exact(model), TransferMatrix(model)
        assert found.log_z == pytest.approx(truth.log_z + model.offset, rel=1e-14)
        np.testing.assert_allclose(found.mean, truth.mean, atol=1e-15 * max(size, 1e3))


@WITH_AND_WITHOUT_DIAGONALS
def test_huge_fields_take_no_digits_from_the_others(neighbours):
    """Beside spins that are held fast, a row of free ones is a model of its own."""
    field = np.full((9, 5), 1e8)
    field[4] = np.random.default_rng(0).normal(size=5)
    field[::2, 1] *= -1
    field[4, 1] = 0.3
    model = random_model(1, field.shape, neighbours=neighbours)
    whole = TransferMatrix(IsingModel(field, model.coupling))
    held = np.sign(field)
    held[4] = 0
    pull = IsingModel(0 * field, model.coupling).local_field(held).astype(float)[4]
    c = model.coupling
    row = reference.Exact(IsingModel((field[4] + pull)[None], Coupling(c.horizontal, 0.0)))
    np.testing.assert_allclose(whole.mean[4], row.mean[0], atol=1e-6)  # fields are float32
    rest = np.delete(np.arange(9), 4)
    np.testing.assert_array_equal(whole.mean[rest], np.sign(field[rest]))


def test_a_chain_has_a_closed_form():
    """Z = 2 (2 cosh J)^(n - 1) without a field; with one, powers of a matrix of 2 x 2."""
    J, n = 0.7, 60
    found = TransferMatrix(IsingModel(np.zeros((1, n)), J))
    assert found.log_z == pytest.approx(np.log(2) + (n - 1) * np.log(2 * np.cosh(J)), rel=1e-14)
    assert not found.mean.any()
    h = 0.25
    step = np.array([[np.exp(J - h), np.exp(-J - h)], [np.exp(-J + h), np.exp(J + h)]])
    weight = np.array([np.exp(-h), np.exp(h)])
    for _ in range(n - 1):
        weight = step @ weight
    found = TransferMatrix(IsingModel(np.full((n, 1), h), J))
    assert found.log_z == pytest.approx(np.log(weight.sum()), rel=1e-13)


def onsager(J):
    """Return the free energy of a site of the infinite lattice, log Z / n (Onsager 1944)."""
    k = 2 * np.sinh(2 * J) / np.cosh(2 * J) ** 2
    theta = np.pi * (np.arange(4000) + 0.5) / 4000
    inner = np.log((1 + np.sqrt(np.maximum(1 - (k * np.sin(theta)) ** 2, 0))) / 2)
    return np.log(2 * np.cosh(2 * J)) + inner.mean() / 2


@pytest.mark.parametrize("J", [0.25, -0.25, 0.7])
def test_the_infinite_lattice_has_onsagers_free_energy(J):
    """Differences of free borders cancel: what one more row and column add, to the corner."""

    def log_z(height, width):
        return TransferMatrix(IsingModel(np.zeros((height, width)), J)).log_z

    n = 11
    mixed = log_z(n + 1, n + 1) - log_z(n, n + 1) - log_z(n + 1, n) + log_z(n, n)
    assert mixed == pytest.approx(onsager(abs(J)), abs=2e-4)


@WITH_AND_WITHOUT_DIAGONALS
def test_means_are_the_derivatives_of_log_z(neighbours):
    model = per_edge((9, 13), neighbours)
    mean, step = TransferMatrix(model).mean, 2.0**-10  # exact in float32
    for y, x in [(0, 0), (4, 12), (8, 5), (3, 7)]:
        sides = []
        for sign in (1, -1):
            field = np.round(model.field.astype(float) * 1024) / 1024
            field[y, x] += sign * step
            sides.append(TransferMatrix(IsingModel(field, model.coupling)).log_z)
        model_here = IsingModel(np.round(model.field.astype(float) * 1024) / 1024, model.coupling)
        mean = TransferMatrix(model_here).mean
        assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(mean[y, x], abs=1e-6)


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("shape", [(7, 10), (10, 7), (3, 40)], ids=str)
def test_turning_the_picture(shape, neighbours):
    model = per_edge(shape, neighbours)
    planes = [np.asarray(strength) for _, strength in model.coupling.planes]
    inner = [planes[1][:-1].T, planes[0][:, :-1].T]
    if neighbours == 8:
        inner += [planes[2][:-1, :-1].T, planes[3][:-1, 1:].T]
    other = TransferMatrix(IsingModel(model.field.T, Coupling.per_edge(*inner), model.offset))
    found = TransferMatrix(model)
    assert other.log_z == pytest.approx(found.log_z, rel=1e-13)
    np.testing.assert_allclose(other.mean.T, found.mean, atol=1e-12)
    np.testing.assert_array_equal(other.map().T, found.map())
    upside = TransferMatrix(
        IsingModel(
            model.field[::-1],
            Coupling.per_edge(
                planes[0][::-1, :-1],
                planes[1][-2::-1],
                *([planes[3][-2::-1, 1:], planes[2][-2::-1, :-1]] if neighbours == 8 else []),
            ),
            model.offset,
        )
    )
    assert upside.log_z == pytest.approx(found.log_z, rel=1e-13)
    np.testing.assert_allclose(upside.mean[::-1], found.mean, atol=1e-12)


@WITH_AND_WITHOUT_DIAGONALS
def test_turning_all_signs_turns_the_means_exactly(neighbours):
    model = per_edge((6, 9), neighbours)
    other = IsingModel(-model.field, model.coupling)
    np.testing.assert_array_equal(TransferMatrix(other).mean, -TransferMatrix(model).mean)
    nothing = TransferMatrix(IsingModel(0 * model.field, model.coupling))
    assert not nothing.mean.any()


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("held", [1, 2, 5, 31])
def test_long_pictures_are_solved_from_few_messages(monkeypatch, held, neighbours):
    model = per_edge((3, 30), neighbours)
    whole = TransferMatrix(model)
    mean, best, drawn = whole.mean, whole.map(), whole.sample(7, rng=1)
    monkeypatch.setattr(_passes, "HELD", held)
    again = TransferMatrix(model)
    np.testing.assert_array_equal(again.mean, mean)
    assert again.log_z == whole.log_z
    np.testing.assert_array_equal(again.map(), best)
    np.testing.assert_array_equal(again.sample(7, rng=1), drawn)


def scores(spins, model):
    """Return means and neighbours' products of samples, in standard errors from the exact ones."""
    truth = reference.Exact(model)
    z = spins.reshape(len(spins), -1).astype(float)
    pairs = [z[:, i] * z[:, j] for i, j, _ in reference.edges(model)]
    exact = [truth.states[:, i] * truth.states[:, j] for i, j, _ in reference.edges(model)]
    seen = np.concatenate([z.T, pairs])
    right = np.concatenate([truth.states.T, exact]).astype(float) @ truth.probabilities
    error = np.sqrt((1 - right**2) / len(spins))
    return np.abs(seen.mean(axis=1) - right) / error


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("shape", [(4, 4), (2, 8)], ids=str)
def test_samples(shape, neighbours):
    model = random_model(5, shape, neighbours=neighbours, size=0.5, signs=SIGNS[1])
    spins = TransferMatrix(model).sample(20_000, rng=2)
    assert spins.shape == (20_000, *shape)
    assert spins.dtype == np.int8
    assert scores(spins, model).max() < 4
    near = IsingModel(model.field, model.coupling.scaled(0.9))  # the test can fail
    assert scores(spins, near).max() > 4
    np.testing.assert_array_equal(spins, TransferMatrix(model).sample(20_000, rng=2))


def test_samples_of_states_that_cannot_be_otherwise():
    signs = np.where(np.random.default_rng(3).random((6, 5)) < 0.5, 1, -1)
    drawn = TransferMatrix(IsingModel(1e8 * signs, Coupling.eight(-3.0))).sample(50, rng=0)
    np.testing.assert_array_equal(drawn, np.broadcast_to(signs, drawn.shape))


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [Coupling.nearest(0.45), Coupling.eight(0.3)], ids=str)
def test_the_widest(coupling):
    """By the rows of the other side: a picture of 18 x 3 is one of 3 x 18."""
    field = np.random.default_rng(0).normal(size=(18, 18))
    model = IsingModel(field, coupling)
    serial, threads = TransferMatrix(model, False), TransferMatrix(model, True)
    np.testing.assert_array_equal(serial.mean, threads.mean)
    assert serial.log_z == threads.log_z
    turned = TransferMatrix(IsingModel(field[::-1].T, coupling), True)
    assert turned.log_z == pytest.approx(serial.log_z, rel=1e-13)
    np.testing.assert_allclose(turned.mean.T[::-1], serial.mean, atol=1e-12)


def test_the_engine_tells_what_the_class_finds():
    model = per_edge((5, 8), 8)
    found, whole = Exact().solve(model), TransferMatrix(model)
    np.testing.assert_array_equal(found.mean, whole.mean.astype(np.float32))
    assert found.lower_bound == found.upper_bound == whole.log_z
    assert found.status == "exact"
    assert found.energy == pytest.approx(model.energy(found.labels))
    assert (found.work.sweeps, len(found.trace)) == (2, 16)
    assert_same_solution(Exact(parallel=True).solve(model), found)
    with pytest.raises(ValueError, match="read-only"):
        whole.mean[0, 0] = 0


@pytest.mark.parametrize("shape", [(19, 19), (500, 20)])
def test_what_is_too_wide_is_told(shape):
    model = IsingModel(np.zeros(shape), 0.4)
    side = min(shape)
    with pytest.raises(EngineRefusalError, match=rf"at most 18 pixels.* and 2\^{side} states"):
        Exact().solve(model)
    with pytest.raises(ParameterError, match=r"^model: needs a picture"):
        TransferMatrix(model)
    with pytest.raises(ParameterError, match=r"^number: must be at least 1"):
        TransferMatrix(IsingModel(np.zeros((2, 2)), 0.4)).sample(0)


@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("shape", [(12, 12), (90, 11), (2, 300)])
def test_the_memory_is_as_told(shape, neighbours):
    import tracemalloc

    model = per_edge(shape, neighbours)
    Exact().solve(model)
    tracemalloc.start()
    try:
        Exact().solve(model)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most + model.field.nbytes <= Exact().footprint(model.field.size)

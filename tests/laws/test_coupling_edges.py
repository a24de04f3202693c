"""Strengths of single edges, against the list of edges and all states of small models."""

import json
import pickle
import subprocess
import sys
import tracemalloc
from dataclasses import fields, replace

import numpy as np
import pytest
import reference
from engines import serial_and_parallel
from reference import assert_same_solution

from isingdenoise import (
    ENGINES,
    ICM,
    Calibration,
    Coupling,
    GaussianNoise,
    Gibbs,
    IsingModel,
    MeanField,
    ParameterError,
    denoise,
    memory_to_denoise,
)
from isingdenoise.experiments import compare
from isingdenoise.warmup import compile_for

SHAPES = [(1, 1), (1, 5), (4, 1), (2, 2), (3, 5), (5, 3), (4, 4)]
ON_EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids=str)
WITH_AND_WITHOUT_DIAGONALS = pytest.mark.parametrize("neighbours", [4, 8])
UNIFORM = [Coupling(0.5, 0.3), Coupling(0.4, 0.3, 0.2, 0.1), Coupling(0.4, -0.3, -0.2, 0.1)]


def random_strengths(shape, neighbours, seed=0, low=-0.6, high=0.8):
    """Return strengths as `Coupling.per_edge` takes them."""
    height, width = shape
    rng = np.random.default_rng([*shape, seed])
    across = [(height - 1, width - 1)] * 2 if neighbours == 8 else []
    sizes = [(height, width - 1), (height - 1, width), *across]
    return [rng.uniform(low, high, size) for size in sizes]


def random_model(shape, neighbours, seed=0, **limits):
    rng = np.random.default_rng([*shape, seed, 1])
    coupling = Coupling.per_edge(*random_strengths(shape, neighbours, seed, **limits))
    return IsingModel(rng.normal(size=shape), coupling, 0.7)


def edges_of(shape, strengths):
    """List (i, j, J) as the documentation of `per_edge` says, edge by edge."""
    height, width = shape
    number = np.arange(height * width).reshape(shape)
    one = [number[:, :-1], number[:-1], number[:-1, :-1], number[:-1, 1:]]
    other = [number[:, 1:], number[1:], number[1:, 1:], number[1:, :-1]]
    return {
        (int(i), int(j)): np.float32(J)
        for a, b, s in zip(one, other, strengths, strict=False)
        for i, j, J in zip(a.flat, b.flat, s.flat, strict=True)
    }


def constant(coupling, shape):
    """Return the same strengths, edge by edge."""
    height, width = shape
    sizes = [(height, width - 1), (height - 1, width), *[(height - 1, width - 1)] * 2]
    values = (coupling.horizontal, coupling.vertical, coupling.diagonal, coupling.antidiagonal)
    return Coupling.per_edge(*(np.full(s, v) for s, v in zip(sizes, values, strict=True)))


@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_each_strength_lies_at_its_edge(shape, neighbours):
    strengths = random_strengths(shape, neighbours)
    coupling = Coupling.per_edge(*strengths)
    assert coupling.shape == shape
    found = reference.edges(IsingModel(np.zeros(shape), coupling))
    assert {(i, j): J for i, j, J in found} == edges_of(shape, strengths)


@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_the_model(shape, neighbours):
    model = random_model(shape, neighbours)
    mean = np.random.default_rng(3).uniform(-1, 1, shape)
    labels = np.where(mean > 0, 1, -1)
    expected = reference.matrix(model) @ mean.reshape(-1) + reference.field(model)
    np.testing.assert_allclose(model.local_field(mean).reshape(-1), expected, atol=1e-6)
    assert model.energy(labels) == pytest.approx(reference.energy(model, labels), abs=1e-5)
    assert model.elbo(mean) == pytest.approx(reference.elbo(model, mean), abs=1e-5)
    half = model.tempered(0.5)
    assert half.energy(labels) == pytest.approx(model.energy(labels) / 2, abs=1e-5)
    most = np.abs(reference.matrix(model)).sum(axis=1).max()
    assert model.coupling.pull >= most


def test_a_model_higher_than_a_band():
    model = random_model((150, 3), 8)
    mean = np.random.default_rng(3).uniform(-1, 1, model.shape)
    expected = reference.matrix(model) @ mean.reshape(-1) + reference.field(model)
    np.testing.assert_allclose(model.local_field(mean).reshape(-1), expected, atol=1e-6)
    part = model.coupling.rows(70, 80)
    np.testing.assert_allclose(
        IsingModel(model.field[70:80], part).local_field(mean[70:80])[1:-1],
        model.local_field(mean)[71:79],
        atol=1e-6,
    )


@pytest.mark.slow
@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("schedule", ["tiled", "checkerboard", "jacobi"])
def test_mean_field_finds_a_fixed_point_below_log_z(shape, neighbours, schedule):
    model = random_model(shape, neighbours, low=-0.3, high=0.4)
    damping = 0.5 if schedule == "jacobi" else 1.0
    found = MeanField(schedule=schedule, damping=damping, tol=1e-6).solve(model)
    assert found.status == "converged"
    field = reference.matrix(model) @ found.mean.reshape(-1) + reference.field(model)
    np.testing.assert_allclose(found.mean.reshape(-1), np.tanh(field), atol=3e-6)
    assert found.lower_bound <= reference.Exact(model).log_z + model.offset + 1e-4
    assert found.lower_bound == pytest.approx(reference.elbo(model, found.mean), abs=1e-4)
    assert found.energy == pytest.approx(reference.energy(model, found.labels), abs=1e-5)


@pytest.mark.slow
@ON_EVERY_SHAPE
@WITH_AND_WITHOUT_DIAGONALS
def test_icm_ends_where_no_label_gains(shape, neighbours):
    model = random_model(shape, neighbours)
    found = ICM().solve(model)
    local = reference.matrix(model) @ found.labels.reshape(-1) + reference.field(model)
    assert np.all(local * found.labels.reshape(-1) >= -1e-6)
    assert np.all(np.diff(found.trace.energy) <= 1e-9)
    assert found.energy == pytest.approx(reference.energy(model, found.labels), abs=1e-5)


@pytest.mark.slow
@WITH_AND_WITHOUT_DIAGONALS
def test_gibbs_samples_the_posterior(neighbours):
    model = random_model((3, 4), neighbours)
    found = Gibbs(sweeps=4000, chains=4).solve(model, rng=1)
    exact = reference.Exact(model)
    np.testing.assert_allclose(found.mean, exact.mean, atol=0.02)
    other = IsingModel(model.field, Coupling.nearest(0.1))  # the test can fail
    assert np.abs(reference.Exact(other).mean - exact.mean).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("coupling", UNIFORM, ids=str)
@pytest.mark.parametrize("name", ENGINES)
def test_equal_strengths_are_one_strength(name, coupling):
    field = np.random.default_rng(5).normal(size=(23, 30))
    engine = ENGINES[name]()
    # Far into the fixed point, and few sweeps: sooner or later rounding turns a spin.
    finer = {"schedule": "checkerboard", "tol": 1e-7, "sweeps": 8, "samples": 4, "steps": 1}
    known = {setting.name for setting in fields(engine)}
    engine = replace(engine, **{key: value for key, value in finer.items() if key in known})
    expected = engine.solve(IsingModel(field, coupling), rng=3)
    found = engine.solve(IsingModel(field, constant(coupling, field.shape)), rng=3)
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert found.energy == pytest.approx(expected.energy, rel=1e-5)
    if expected.mean is not None:
        # what rounding does to a field reaches a pixel by some hundred weights of hidden spins
        atol = 1e-5 if engine.traits.learned else 1e-6
        np.testing.assert_allclose(found.mean, expected.mean, atol=atol)


@pytest.mark.slow
@WITH_AND_WITHOUT_DIAGONALS
@pytest.mark.parametrize("name", ENGINES)
def test_threads_change_no_bit(name, neighbours):
    model = random_model((61, 70), neighbours)
    quick = ENGINES[name]().quick()
    serial, parallel = (e.solve(model, rng=3) for e in serial_and_parallel(quick))
    assert_same_solution(serial, parallel)


def test_contrast():
    x = np.array([[0.0, 1.0, 1.0], [3.0, np.nan, 1.5]])
    found = Coupling.contrast(x, Coupling(2.0, 1.0), 0.5)
    e = np.exp
    expected = Coupling.per_edge(
        [[2 * e(-0.5), 2.0], [2.0, 2.0]], [[e(-0.5 * 9), 1.0, e(-0.5 * 0.25)]]
    )
    for (_, a), (_, b) in zip(found.planes, expected.planes, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_contrast_in_all_directions_and_of_two_values():
    x = np.array([[True, False], [True, True]])
    found = Coupling.contrast(x, Coupling(1.0, 2.0, 3.0, 4.0), 0.1)
    away = np.exp(-0.4)  # bools count as -1 and +1
    strengths = {(i, j): J for i, j, J in reference.edges(IsingModel(np.zeros((2, 2)), found))}
    expected = {(0, 1): away, (0, 2): 2, (0, 3): 3, (1, 2): 4 * away, (1, 3): 2 * away, (2, 3): 1}
    assert strengths == pytest.approx(expected, rel=1e-6)


def test_without_contrast_nothing_changes():
    x = np.random.default_rng(0).normal(size=(6, 7))
    assert Coupling.contrast(x, 0.4, 0.0) == constant(Coupling.nearest(0.4), (6, 7))
    twice = Coupling.contrast(x, Coupling.contrast(x, 0.4, 0.3), 0.3)
    once = Coupling.contrast(x, 0.4, 0.6)
    for (_, a), (_, b) in zip(twice.planes, once.planes, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.* of what was ")  # where contrast does not weaken them
def test_a_thin_stroke_survives_where_contrast_weakens_the_edges():
    x = np.full((15, 15), -1.0)
    x[:, 7] = 0.9
    smoothed, noise = 1.2, GaussianNoise(1.0)
    lost = denoise(x, noise, coupling=smoothed)
    kept = denoise(x, noise, coupling=Coupling.contrast(x, smoothed, 1.0))
    assert not lost.image[:, 7].any()
    assert kept.image[:, 7].all()


@pytest.mark.parametrize("engine", ENGINES)
def test_denoise(engine):
    x = np.random.default_rng(0).normal(size=(20, 17))
    coupling = Coupling.contrast(x, Coupling.eight(0.4), 0.1)
    protect = np.zeros(x.shape, bool)
    protect[3, 4] = True
    found = denoise(x, GaussianNoise(0.8), engine=engine, coupling=coupling, protect=protect, rng=1)
    assert found.coupling == coupling
    assert found.image[3, 4] == (x[3, 4] >= 0)
    told = json.loads(json.dumps(found.settings["coupling"]))
    assert told["source"] == "given"
    assert len(told["edges"]) == 64
    assert "edge by edge, on 8 neighbours" in repr(found)
    assert pickle.loads(pickle.dumps(found)).coupling == coupling


def test_calibrated_probabilities_are_the_same_band_by_band(monkeypatch):
    x = np.random.default_rng(0).normal(size=(40, 17))
    coupling = Coupling.contrast(x, Coupling.eight(0.3), 0.1)
    options = {"coupling": coupling, "calibration": Calibration(0.1, 0.8)}
    whole = denoise(x, GaussianNoise(0.8), **options).probability
    monkeypatch.setattr("isingdenoise.result._PIXELS_AT_ONCE", 17 * 7)
    np.testing.assert_array_equal(denoise(x, GaussianNoise(0.8), **options).probability, whole)
    same = denoise(x, GaussianNoise(0.8), coupling=constant(Coupling.eight(0.3), x.shape))
    flat = denoise(x, GaussianNoise(0.8), coupling=Coupling.eight(0.3))
    np.testing.assert_allclose(same.probability, flat.probability, atol=2e-3)  # the default tol


def test_compare_and_memory():
    x = np.random.default_rng(0).normal(size=(20, 17))
    coupling = Coupling.contrast(x, 0.4, 0.1)
    rows = compare(x, GaussianNoise(0.8), coupling=coupling, rng=1)
    assert [row.engine for row in rows] == list(ENGINES)
    many, known = 10**8, {"noise": GaussianNoise(1.0)}
    more = memory_to_denoise(many, coupling=coupling, **known)
    assert more > memory_to_denoise(many, coupling=0.4, **known)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
@WITH_AND_WITHOUT_DIAGONALS
def test_the_estimate_of_the_memory_holds(name, neighbours):
    x = np.random.default_rng(0).normal(size=(500, 600)).astype(np.float32)
    coupling = Coupling.contrast(x, Coupling.eight(0.3) if neighbours == 8 else 0.4, 0.1)
    known = {"engine": ENGINES[name]().quick(), "noise": GaussianNoise(0.8), "coupling": coupling}
    denoise(x, rng=0, **known)  # loads kernels
    tracemalloc.start()
    try:
        denoise(x, rng=0, **known).probability  # noqa: B018
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    once = memory_to_denoise(0)
    told = memory_to_denoise(x.size, dtype=x.dtype, **known) - once
    assert most <= told <= 1.5 * most


def test_they_are_values():
    a, b = (Coupling.per_edge(*random_strengths((4, 5), 8)) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    assert len({a, b, Coupling.per_edge(*random_strengths((4, 5), 8, seed=1))}) == 2
    assert a.record() == b.record()
    assert pickle.loads(pickle.dumps(a)) == a
    assert a != Coupling(a.horizontal, a.vertical, a.diagonal, a.antidiagonal)
    assert a.scaled(2.0).scaled(0.5) == a
    with pytest.raises(ValueError, match="read-only"):
        a.planes[0][1][0, 0] = 1.0


def test_diagonals_that_are_all_zero_make_four_neighbours():
    strengths = random_strengths((4, 5), 4)
    assert Coupling.per_edge(*strengths, np.zeros((3, 4)), None).neighbours == 4
    assert Coupling.per_edge(*strengths, None, np.ones((3, 4))).neighbours == 8


@pytest.mark.parametrize(
    ("arguments", "parameter", "message"),
    [
        ((np.zeros(3), np.zeros((2, 3))), "horizontal", "shape"),
        ((np.zeros((0, 3)), np.zeros((2, 3))), "horizontal", "shape"),
        ((np.zeros((3, 3)), np.zeros((3, 4))), "vertical", r"\(3, 4\).*needs \(2, 4\)"),
        ((np.zeros((3, 3)), np.zeros((2, 4)), np.zeros((3, 4))), "diagonal", r"needs \(2, 3\)"),
        ((np.zeros((3, 3)), np.full((2, 4), np.nan)), "vertical", "every edge"),
        ((np.zeros((3, 3)), np.full((2, 4), np.inf)), "vertical", "infinite"),
        ((np.zeros((3, 3)), np.full((2, 4), 1e7)), "vertical", "every edge"),
        ((np.zeros((3, 3)), np.full((2, 4), "1")), "vertical", "numbers"),
        ((np.zeros((3, 3)), [[1.0], [1.0, 2.0]]), "vertical", "unequal"),
        ((np.zeros((3, 3)), None), "vertical", "shape"),
    ],
)
def test_bad_strengths_are_named(arguments, parameter, message):
    with pytest.raises(ParameterError, match=message) as caught:
        Coupling.per_edge(*arguments)
    assert caught.value.parameter == parameter


def test_a_coupling_of_another_picture_is_refused():
    coupling = Coupling.per_edge(*random_strengths((4, 5), 4))
    with pytest.raises(ParameterError, match=r"^coupling: is for a picture of \(4, 5\)"):
        IsingModel(np.zeros((5, 4)), coupling)
    with pytest.raises(ParameterError, match=r"^coupling: "):
        denoise(np.zeros((5, 4)), GaussianNoise(1.0), coupling=coupling)
    with pytest.raises(ParameterError, match=r"^J: "):
        Coupling.contrast(np.zeros((5, 4)), coupling, 1.0)


@pytest.mark.parametrize("beta", [-1.0, np.nan, np.inf, "1"])
def test_beta_is_checked(beta):
    with pytest.raises(ParameterError, match=r"^beta: "):
        Coupling.contrast(np.zeros((3, 3)), 0.4, beta)


@pytest.mark.process
@pytest.mark.slow
def test_uniform_models_load_nothing_of_it():
    code = (
        "from isingdenoise import denoise, FlipNoise; import numpy as np, sys\n"
        "denoise(np.eye(9) > 0, FlipNoise(0.1), coupling=0.4)\n"
        "assert 'isingdenoise._kernels.mean_field' in sys.modules\n"
        "assert 'isingdenoise._kernels.per_edge' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@WITH_AND_WITHOUT_DIAGONALS
def test_compiling_ahead(neighbours):
    coupling = Coupling.per_edge(*random_strengths((4, 5), neighbours))
    for kind in ENGINES.values():
        compile_for(kind(), coupling, 20)

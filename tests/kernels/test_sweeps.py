"""One sweep of each kernel against the slow reference, and with threads against without."""

import numba
import numpy as np
import pytest
import reference

from isingdenoise import IsingModel
from isingdenoise._kernels import gibbs, icm, mean_field
from isingdenoise.backends.numba import Lattice

LARGE = (9, 14) if numba.config.DISABLE_JIT else (133, 258)
CASES = [
    (shape, neighbours, signs)
    for shape in [(1, 1), (1, 6), (5, 1), (4, 5), (7, 6)]
    for neighbours, signs in [(4, (1, 1, 0, 0)), (8, (1, 1, 1, 1)), (8, (-1, 1, -1, 1))]
]
EVERY_CASE = pytest.mark.parametrize(("shape", "neighbours", "signs"), CASES)
SERIAL_AND_PARALLEL = pytest.mark.parametrize("parallel", [False, True])
KEY = (12345, 678910)


def setting(shape, neighbours, signs, parallel=False):
    model = reference.random_model(5, shape, neighbours=neighbours, size=0.8, signs=signs)
    rng = np.random.default_rng(6)
    mean = rng.uniform(-1, 1, shape).astype(np.float32)
    return Lattice(model, parallel), mean, np.where(mean > 0, 1, -1).astype(np.int8)


def mean_field_sweep(lattice, mean, damping=1.0):
    packed = reference.pack(mean, np.float32)
    rows, _ = reference.run_sweep(lattice, packed, packed, damping)
    return lattice.unpack(packed), rows


def jacobi_sweep(lattice, mean, damping):
    old = reference.pack(mean, np.float32)
    new = old.copy()
    rows, _ = reference.run_sweep(lattice, new, old, damping)
    return lattice.unpack(new), rows


def icm_sweep(lattice, labels):
    packed = reference.pack(labels, np.int8)
    flips, drop = lattice.rows(np.int64), lattice.rows(np.float64)
    lattice.run(icm.sweep, packed, *lattice.parameters, flips, drop)
    return lattice.unpack(packed), flips, drop


def gibbs_sweep(lattice, labels, total, weight=1.0, sweep=3, chain=1):
    packed, sums = reference.pack(labels, np.int8), reference.pack(total, np.float32)
    scratch = np.empty((gibbs.GROUPS, lattice.field.shape[2] + 4), np.float32)
    counter = (np.uint32(sweep), np.uint32(chain))
    key = (np.uint32(KEY[0]), np.uint32(KEY[1]))
    lattice.run(
        gibbs.sweep, packed, sums, scratch, *lattice.parameters, np.float32(weight), counter, key
    )
    return lattice.unpack(packed), lattice.unpack(sums)


@pytest.mark.slow
@EVERY_CASE
@SERIAL_AND_PARALLEL
@pytest.mark.parametrize("damping", [1.0, 0.3])
def test_mean_field(shape, neighbours, signs, parallel, damping):
    lattice, mean, _ = setting(shape, neighbours, signs, parallel)
    found, rows = mean_field_sweep(lattice, mean, damping)
    expected, residual = reference.mean_field_sweep(lattice.model, mean, damping)
    np.testing.assert_allclose(found, expected, atol=3e-6)
    assert rows.max() == pytest.approx(residual, abs=3e-6)


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_jacobi(shape, neighbours, signs, parallel):
    lattice, mean, _ = setting(shape, neighbours, signs, parallel)
    found, rows = jacobi_sweep(lattice, mean, 0.6)
    np.testing.assert_allclose(found, reference.jacobi_sweep(lattice.model, mean, 0.6), atol=3e-6)
    whole = reference.jacobi_sweep(lattice.model, mean, 1.0) - mean
    assert rows.max() == pytest.approx(np.abs(whole).max(), abs=3e-6)


@EVERY_CASE
def test_no_damping_factor_means_a_look_only(shape, neighbours, signs):
    lattice, mean, _ = setting(shape, neighbours, signs)
    found, rows = mean_field_sweep(lattice, mean, 0.0)
    np.testing.assert_array_equal(found, mean)
    target = np.tanh(lattice.model.local_field(mean).astype(np.float64))
    assert rows.max() == pytest.approx(np.abs(target - mean).max(), abs=3e-6)


def test_a_nan_is_the_largest_residual():
    lattice, mean, _ = setting((5, 6), 4, (1, 1, 0, 0))
    mean[2, 3] = np.nan
    _, rows = mean_field_sweep(lattice, mean)
    assert np.isnan(rows.max())


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_icm(shape, neighbours, signs, parallel):
    lattice, _, labels = setting(shape, neighbours, signs, parallel)
    found, flips, drop = icm_sweep(lattice, labels)
    expected, flipped, given_up = reference.icm_sweep(lattice.model, labels)
    np.testing.assert_array_equal(found, expected)
    assert flips.sum() == flipped
    assert drop.sum() == pytest.approx(given_up, abs=1e-5)


@pytest.mark.parametrize("label", [-1, 1])
@pytest.mark.parametrize("coupling", [0.0, -0.0])
def test_icm_keeps_the_label_on_a_tie(label, coupling):
    lattice = Lattice(IsingModel(np.zeros((3, 4)), coupling), parallel=False)
    found, flips, drop = icm_sweep(lattice, np.full((3, 4), label))
    assert np.all(found == label)
    assert not flips.any()
    assert not drop.any()


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_gibbs(shape, neighbours, signs, parallel):
    lattice, _, labels = setting(shape, neighbours, signs, parallel)
    uniforms = reference.picture_of_uniforms(shape, 3, 1, KEY)
    expected, means = reference.gibbs_sweep(lattice.model, labels, uniforms)
    assert np.abs(uniforms - means).min() > 1e-5  # no draw hangs on the last digit of tanh
    found, total = gibbs_sweep(lattice, labels, np.full(shape, 0.25))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(total, 0.25 + means, atol=3e-6)


def test_gibbs_throws_the_means_away_while_burning_in():
    lattice, _, labels = setting((4, 5), 8, (1, 1, 1, 1))
    found, total = gibbs_sweep(lattice, labels, np.zeros((4, 5)), weight=0.0)
    assert not total.any()
    np.testing.assert_array_equal(found, gibbs_sweep(lattice, labels, np.zeros((4, 5)))[0])


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_objective(shape, neighbours, signs, parallel):
    lattice, mean, labels = setting(shape, neighbours, signs, parallel)
    model = lattice.model
    energy = lattice.energy(reference.pack(labels, np.int8))
    assert energy == pytest.approx(model.energy(labels), abs=2e-5)
    assert energy == pytest.approx(reference.energy(model, labels), abs=2e-5)
    bound = lattice.elbo(reference.pack(mean, np.float32))
    assert bound == pytest.approx(model.elbo(mean), abs=2e-5)
    assert bound == pytest.approx(reference.elbo(model, mean), abs=2e-5)


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize(
    "run",
    [
        lambda lattice, mean, labels: mean_field_sweep(lattice, mean, 0.7),
        lambda lattice, mean, labels: jacobi_sweep(lattice, mean, 0.7),
        lambda lattice, mean, labels: icm_sweep(lattice, labels),
        lambda lattice, mean, labels: gibbs_sweep(lattice, labels, mean),
        lambda lattice, mean, labels: (
            lattice.energy(reference.pack(labels, np.int8)),
            lattice.elbo(reference.pack(mean, np.float32)),
        ),
    ],
    ids=["mean field", "jacobi", "icm", "gibbs", "objective"],
)
def test_threads_change_no_bit(run, neighbours):
    signs = (1, 1, -1, 1)
    one = run(*setting(LARGE, neighbours, signs, parallel=False))
    many = run(*setting(LARGE, neighbours, signs, parallel=True))
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("weight", [0.6, 1.0, 1.3])
@pytest.mark.parametrize("sweeps", [1, 3, 6])
def test_blocked_sweeps_are_sweeps(neighbours, weight, sweeps):
    """Strips and wedges give the bits of so many plain sweeps."""
    shape = (2 * 2 * mean_field.STRIP + 6, 3)  # two strips and the wedge between them
    lattice, mean, _ = setting(shape, neighbours, (1, -1, 1, 1))
    plain = reference.pack(mean, np.float32)
    blocked = plain.copy()
    for _ in range(sweeps):
        rows, moving = reference.run_sweep(lattice, plain, plain, weight)
    found = lattice.rows(np.float32), lattice.rows(np.int32)
    weights = np.float32(weight), np.float32(0.1)
    lattice.run(mean_field.blocked_sweeps, blocked, *lattice.parameters, *weights, *found, sweeps)
    np.testing.assert_array_equal(blocked, plain)
    np.testing.assert_array_equal(found[0], rows)
    np.testing.assert_array_equal(found[1], moving)
    assert 0 < moving.sum() < mean.size

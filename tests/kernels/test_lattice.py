"""Packing, and what every kernel sees of a site's neighbours."""

import numpy as np
import pytest
import reference

from isingdenoise import Coupling, IsingModel, ParameterError
from isingdenoise._kernels import gibbs, icm
from isingdenoise._kernels.lattice import columns_of, rows_of
from isingdenoise._kernels.objective import objective
from isingdenoise.backends.numba import Lattice

SHAPES = [(1, 1), (1, 2), (1, 5), (2, 1), (6, 1), (2, 2), (3, 5), (4, 6), (5, 4), (7, 9)]
COUPLINGS = {
    "4 neighbours": Coupling(0.3, 0.2),
    "4, signs mixed": Coupling(-0.3, 0.2),
    "8 neighbours": Coupling(0.3, 0.2, 0.15, 0.1),
    "8, signs mixed": Coupling(0.3, -0.2, -0.15, 0.1),
    "antidiagonal alone": Coupling(0, 0, 0, 0.4),
}
ON_EVERY_LATTICE = pytest.mark.parametrize("shape", SHAPES, ids=str)
WITH_EVERY_COUPLING = pytest.mark.parametrize("name", COUPLINGS)


def setting(shape, name, seed=0):
    """Return a lattice, labels and means, all random."""
    rng = np.random.default_rng([*shape, seed])
    model = IsingModel(rng.uniform(-0.5, 0.5, shape), COUPLINGS[name])
    labels = np.where(rng.random(shape) < 0.5, 1, -1)
    return Lattice(model, parallel=False), labels, rng.uniform(-1, 1, shape)


@ON_EVERY_LATTICE
@pytest.mark.parametrize("parallel", [False, True])
def test_round_trip(shape, parallel):
    lattice = Lattice(IsingModel(np.zeros(shape), 0.0), parallel)
    picture = np.arange(1, shape[0] * shape[1] + 1, dtype=np.float32).reshape(shape)
    planes = lattice.pack(picture)
    np.testing.assert_array_equal(planes, reference.pack(picture, np.float32))
    np.testing.assert_array_equal(lattice.unpack(planes), picture)
    # Nothing but the picture: the border is zero, which is what free borders rest on.
    assert np.count_nonzero(planes) == picture.size
    assert not planes[:, [0, -1]].any()
    assert not planes[:, :, [0, -1]].any()
    clipped = lattice.pack(picture - 3, -1, 1)
    np.testing.assert_array_equal(lattice.unpack(clipped), np.clip(picture - 3, -1, 1))
    for q in range(4):
        part = picture[q >> 1 :: 2, q & 1 :: 2]
        assert (rows_of(q, shape[0]), columns_of(q, shape[1])) == part.shape


@ON_EVERY_LATTICE
@pytest.mark.parametrize("parallel", [False, True])
def test_signs(shape, parallel):
    lattice = Lattice(IsingModel(np.zeros(shape), 0.0), parallel)
    mean = np.random.default_rng(1).choice([-0.5, 0.0, 0.5], shape)
    labels = lattice.signs(reference.pack(mean, np.float32))
    np.testing.assert_array_equal(labels, reference.pack(np.where(mean >= 0, 1, -1), np.int8))


def test_missing_values_are_refused():
    lattice = Lattice(IsingModel(np.zeros((3, 4)), 0.0), False)
    picture = np.zeros((3, 4), np.float32)
    picture[2, 3] = np.nan
    with pytest.raises(ParameterError, match="NaN"):
        lattice.pack(picture, -1, 1)


@ON_EVERY_LATTICE
@WITH_EVERY_COUPLING
def test_the_model_agrees_with_the_list_of_edges(shape, name):
    lattice, _, mean = setting(shape, name)
    model = lattice.model
    expected = reference.matrix(model) @ mean.reshape(-1) + reference.field(model)
    np.testing.assert_allclose(model.local_field(mean).reshape(-1), expected, atol=1e-6)


@ON_EVERY_LATTICE
@WITH_EVERY_COUPLING
def test_mean_field_sees_the_local_field(shape, name):
    lattice, _, mean = setting(shape, name)
    packed = reference.pack(mean, np.float32)
    reference.run_sweep(lattice, packed, packed, 1.0)
    after = lattice.unpack(packed)
    met = reference.local_fields_met(lattice.model, mean, after)
    np.testing.assert_allclose(after, np.tanh(met), atol=2e-6)


@ON_EVERY_LATTICE
@WITH_EVERY_COUPLING
def test_icm_sees_the_local_field(shape, name):
    lattice, before, _ = setting(shape, name)
    packed = reference.pack(before, np.int8)
    flips, drop = lattice.rows(np.int64), lattice.rows(np.float64)
    lattice.run(icm.sweep, packed, *lattice.parameters, flips, drop)
    after = lattice.unpack(packed)
    agreement = before * reference.local_fields_met(lattice.model, before, after)
    np.testing.assert_array_equal(after, np.where(agreement < 0, -before, before))
    assert flips.sum() == np.sum(agreement < 0)
    assert drop.sum() == pytest.approx(-2 * np.sum(np.minimum(agreement, 0)), abs=1e-5)


@ON_EVERY_LATTICE
@WITH_EVERY_COUPLING
def test_gibbs_sees_the_local_field(shape, name):
    lattice, before, _ = setting(shape, name)
    packed, total = reference.pack(before, np.int8), lattice.allocate(np.float32)
    scratch = np.empty((gibbs.GROUPS, lattice.field.shape[2] + 4), np.float32)
    words = np.arange(4, dtype=np.uint32)
    lattice.run(
        gibbs.sweep, packed, total, scratch, *lattice.parameters, np.float32(1),
        (words[1], words[0]), (words[2], words[3]),
    )  # fmt: skip
    after = lattice.unpack(packed)
    met = reference.local_fields_met(lattice.model, before, after)
    np.testing.assert_allclose(lattice.unpack(total), np.tanh(met), atol=2e-6)


@pytest.mark.slow
@WITH_EVERY_COUPLING
@pytest.mark.parametrize("shape", [(1, 4), (5, 1), (4, 5)], ids=str)
def test_the_objective_sees_every_edge_once(shape, name):
    """With two spins set and no field it is the strength of the edge between them, or 0."""
    model = IsingModel(np.zeros(shape), COUPLINGS[name])
    lattice, found = Lattice(model, parallel=False), reference.matrix(model) * np.nan
    for i in range(model.field.size):
        for j in range(model.field.size):
            spins = np.zeros(model.field.size, np.float32)
            spins[[i, j]] = 1
            rows = lattice.rows(np.float64)
            packed = reference.pack(spins.reshape(shape), np.float32)
            lattice.run(objective, packed, *lattice.parameters, None, rows)
            found[i, j] = rows.sum()
    np.testing.assert_allclose(found, reference.matrix(model), atol=1e-7)

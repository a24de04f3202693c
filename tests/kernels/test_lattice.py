"""Packing, and what every kernel sees of a site's neighbours."""

import numpy as np
import pytest
import reference

from isingdenoise import Coupling, IsingModel
from isingdenoise._kernels import gibbs, icm
from isingdenoise._kernels.lattice import allocate, columns_of, pack, rows_of, unpack
from isingdenoise._kernels.objective import objective
from isingdenoise.inference._lattice import Lattice

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
@pytest.mark.parametrize("dtype", [np.int8, np.float32])
def test_round_trip(shape, dtype):
    picture = np.arange(1, shape[0] * shape[1] + 1).reshape(shape).astype(dtype)
    planes = pack(picture, dtype)
    assert planes.dtype == dtype
    np.testing.assert_array_equal(unpack(planes, np.zeros_like(picture)), picture)
    # Nothing but the picture: the border is zero, which is what free borders rest on.
    assert np.count_nonzero(planes) == picture.size
    assert not planes[:, [0, -1]].any()
    assert not planes[:, :, [0, -1]].any()


@ON_EVERY_LATTICE
def test_planes_hold_the_parities(shape):
    number = np.arange(shape[0] * shape[1]).reshape(shape) + 1
    planes = pack(number, np.int32)
    assert planes.shape == allocate(shape, np.int32).shape
    for q in range(4):
        part = number[q >> 1 :: 2, q & 1 :: 2]
        assert (rows_of(q, shape[0]), columns_of(q, shape[1])) == part.shape
        np.testing.assert_array_equal(planes[q, 1 : 1 + part.shape[0], 1 : 1 + part.shape[1]], part)


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
    packed = lattice.pack(mean, np.float32)
    reference.run_sweep(lattice, packed, packed, 1.0)
    after = lattice.unpack(packed)
    met = reference.local_fields_met(lattice.model, mean, after)
    np.testing.assert_allclose(after, np.tanh(met), atol=2e-6)


@ON_EVERY_LATTICE
@WITH_EVERY_COUPLING
def test_icm_sees_the_local_field(shape, name):
    lattice, before, _ = setting(shape, name)
    packed = lattice.pack(before, np.int8)
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
    packed, total = lattice.pack(before, np.int8), lattice.allocate(np.float32)
    scratch = np.empty((gibbs.GROUPS, lattice.field.shape[2] + 4), np.float32)
    words = np.arange(4, dtype=np.uint32)
    lattice.run(
        gibbs.sweep, packed, total, scratch, *lattice.parameters, np.float32(1),
        (words[1], words[0]), (words[2], words[3]),
    )  # fmt: skip
    after = lattice.unpack(packed)
    met = reference.local_fields_met(lattice.model, before, after)
    np.testing.assert_allclose(lattice.unpack(total), np.tanh(met), atol=2e-6)


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
            packed = lattice.pack(spins.reshape(shape), np.float32)
            lattice.run(objective, packed, *lattice.parameters, None, rows)
            found[i, j] = rows.sum()
    np.testing.assert_allclose(found, reference.matrix(model), atol=1e-7)

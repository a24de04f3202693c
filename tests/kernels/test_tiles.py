"""The work list against full sweeps: the same fixed point, the same bits on threads."""

import numba
import numpy as np
import pytest
import reference

from isingdenoise import IsingModel, MeanField
from isingdenoise._kernels import tiles
from isingdenoise.backends.numba import Lattice, WorkList
from isingdenoise.inference._sweeps import TiledSweeps

# Units are 128 sites wide and 2 high in each plane, tiles 8 units each way: these shapes
# have several units and tiles both ways, short last ones among them, and odd sides.
SHAPES = [(9, 600), (70, 131), (37, 2117), (1, 5), (5, 1)]
if numba.config.DISABLE_JIT:
    SHAPES = [(9, 259), (1, 5), (5, 1)]
COUPLINGS = [(4, (1, 1, 0, 0)), (4, (1, -1, 0, 0)), (8, (1, 1, 1, 1)), (8, (-1, 1, -1, 1))]
EVERY = pytest.mark.parametrize("shape", SHAPES)
EVERY_COUPLING = pytest.mark.parametrize(("neighbours", "signs"), COUPLINGS)
TOL = 1e-4


def rested(lattice, mean, weight=1.3, threshold=1e-5, visits=8):
    """Let the work list run dry from the start; return the means and the visits it took."""
    packed = reference.pack(mean, np.float32)
    work = WorkList(lattice, packed)
    rounds = 0
    while work.waiting():
        work.visit(weight, threshold, visits)
        rounds += 1
        assert rounds < 1000
    return lattice.unpack(packed)


@EVERY
@EVERY_COUPLING
def test_the_work_list_alone_finds_a_fixed_point(shape, neighbours, signs):
    model = reference.random_model(3, shape, neighbours=neighbours, size=0.3, signs=signs)
    found = rested(Lattice(model, False), np.zeros(shape, np.float32))
    target = np.tanh(model.local_field(found).astype(np.float64))
    # sum |J| is below 2.4 here, and each neighbour hides at most the threshold
    assert np.abs(target - found).max() <= 3e-5


@EVERY
@EVERY_COUPLING
@pytest.mark.parametrize("weight", [0.7, 1.0, 1.3])
def test_threads_change_no_bit(shape, neighbours, signs, weight):
    model = reference.random_model(4, shape, neighbours=neighbours, size=0.4, signs=signs)
    start = np.random.default_rng(5).uniform(-1, 1, shape).astype(np.float32)
    serial = rested(Lattice(model, False), start, weight, 1e-3)
    parallel = rested(Lattice(model, True), start, weight, 1e-3)
    np.testing.assert_array_equal(serial, parallel)


def test_a_lone_change_wakes_only_its_neighbourhood():
    """A settled picture with one field changed: a handful of units, not all of them."""
    shape = (40, 1400) if not numba.config.DISABLE_JIT else (60, 600)
    model = reference.random_model(6, shape, size=0.2)
    lattice = Lattice(model, False)
    packed = reference.pack(rested(lattice, np.zeros(shape, np.float32)), np.float32)
    work = WorkList(lattice, packed)
    total = work.dirty[:, 1:-1, 1:-1].size
    work.dirty[...] = 0
    lattice.field[0, 2, 2] += 3  # the pixel (2, 2)
    work.dirty[0, 1, 1] = 1
    updated = 0
    while work.waiting():
        updated += work.visit(1.0, 1e-4, 8)
    updated //= 2 * tiles.UNIT_ROWS * tiles.UNIT_COLUMNS
    assert 1 < updated < total / 3
    found = lattice.unpack(packed)
    field = model.field.copy()
    field[2, 2] += 3
    target = np.tanh(model.local_field(found) - model.field + field)
    assert np.abs(target - found).max() <= 1e-3


@EVERY_COUPLING
def test_tiled_and_full_sweeps_agree(neighbours, signs):
    """The promise to the user: the fixed point of full sweeps, within 20 tol; labels equal."""
    shape = (90, 311) if not numba.config.DISABLE_JIT else (12, 140)
    for seed in range(3 if not numba.config.DISABLE_JIT else 1):
        model = reference.random_model(
            seed, shape, neighbours=neighbours, size=0.4, spread=1.5, signs=signs
        )
        full = MeanField(schedule="checkerboard", tol=TOL / 100).solve(model)
        tiled = MeanField(tol=TOL).solve(model)
        assert tiled.status == full.status == "converged"
        assert tiled.diagnostics["residual"] <= TOL
        assert np.abs(tiled.mean - full.mean).max() <= 20 * TOL
        sure = np.abs(full.mean) > 20 * TOL
        np.testing.assert_array_equal(tiled.labels[sure], full.labels[sure])


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="needs a large picture")
def test_the_work_list_does_less():
    """Most of the picture rests early: fewer updates than full sweeps for the same tolerance."""
    shape = (256, 256)
    rng = np.random.default_rng(1)
    clean = np.kron(rng.choice([-1, 1], (8, 8)), np.ones((32, 32)))
    model = IsingModel(clean + rng.normal(size=shape), 0.6)
    full = MeanField(schedule="checkerboard", tol=TOL).solve(model)
    tiled = MeanField(tol=TOL).solve(model)
    assert tiled.trace.site_updates[-1] < 0.6 * full.trace.site_updates[-1]
    assert tiled.lower_bound >= full.lower_bound - 1e-6 * abs(full.lower_bound)


def test_a_row_that_still_moves_is_woken():
    """What a last look finds unsettled goes back on the list."""
    model = reference.random_model(8, (20, 150), size=0.4)
    lattice = Lattice(model, False)
    mean = reference.pack(np.zeros(model.shape, np.float32), np.float32)
    sweeps = TiledSweeps(lattice, mean, weight=1.0, tol=TOL)
    sweeps.list = WorkList(lattice, mean)
    sweeps.list.dirty[...] = 0
    sweeps.list.active[...] = 0
    rounds = 0
    done = sweeps.step(1000)
    assert not done.done
    while not done.done:
        done = sweeps.step(1000)
        rounds += 1
        assert rounds < 1000
    assert sweeps.residual() <= TOL

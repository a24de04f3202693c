"""One sweep of each kernel of label maps against the slow reference, with threads and without."""

import numba
import numpy as np
import pytest
import reference_potts as ref
from reference import picture_of_uniforms

from isingdenoise.backends.numba.potts import PottsLattice

LARGE = (9, 14) if numba.config.DISABLE_JIT else (61, 1100)
KEY = (12345, 678910)
# negative strengths, and those beyond exp's range, take the way with the largest field
CASES = [
    (shape, labels, neighbours, size, sign)
    for shape, labels in [((1, 1), 3), ((1, 6), 2), ((5, 1), 4), ((4, 5), 3), ((7, 6), 5)]
    for neighbours, size, sign in [(4, 0.8, 1), (8, 0.8, 1), (8, 0.8, -1), (4, 30.0, 1)]
]
EVERY_CASE = pytest.mark.parametrize(("shape", "labels", "neighbours", "size", "sign"), CASES)
SERIAL_AND_PARALLEL = pytest.mark.parametrize("parallel", [False, True])


def setting(shape, labels, neighbours, size, sign, parallel=False):
    model = ref.random_potts(5, shape, labels, neighbours=neighbours, size=size, sign=sign)
    rng = np.random.default_rng(6)
    q = rng.dirichlet(np.ones(labels), shape).transpose(2, 0, 1).astype(np.float32)
    z = rng.integers(0, labels, shape).astype(np.int8)
    lattice = PottsLattice(model.unary, model.coupling, parallel)
    assert (lattice.shift is None) == (sign < 0 or size > 20)
    return model, lattice, q, z


def gibbs_sweep(lattice, z, keep=True):
    packed, total = lattice.pack_labels(z), lattice.allocate()
    key = np.uint32(KEY[0]), np.uint32(KEY[1])
    lattice.gibbs(packed, total, keep, (3, 1), key)
    return lattice.unpack_labels(packed), lattice.unpack(total)


@EVERY_CASE
@SERIAL_AND_PARALLEL
@pytest.mark.parametrize("damping", [1.0, 0.3])
def test_mean_field_of_labels(shape, labels, neighbours, size, sign, parallel, damping):
    model, lattice, q, _ = setting(shape, labels, neighbours, size, sign, parallel)
    packed = lattice.pack(q)
    residual = lattice.mean_field(packed, packed, damping)
    expected, largest = ref.mean_field_sweep(model, q, damping)
    atol = 3e-6 * max(1, size)  # exp(a): what is rounded in a is an error of the result
    np.testing.assert_allclose(lattice.unpack(packed), expected, atol=atol)
    assert residual == pytest.approx(largest, abs=atol)


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_jacobi_of_labels(shape, labels, neighbours, size, sign, parallel):
    model, lattice, q, _ = setting(shape, labels, neighbours, size, sign, parallel)
    new, old = lattice.pack(q), lattice.pack(q)
    lattice.mean_field(new, old, 0.6)
    expected = ref.jacobi_sweep(model, q, 0.6)
    np.testing.assert_allclose(lattice.unpack(new), expected, atol=3e-6 * max(1, size))
    np.testing.assert_array_equal(lattice.unpack(old), q)


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_the_bound_of_labels(shape, labels, neighbours, size, sign, parallel):
    model, lattice, q, _ = setting(shape, labels, neighbours, size, sign, parallel)
    found = lattice.bound(lattice.pack(q)) + model.offset
    assert found == pytest.approx(ref.elbo(model, q), rel=2e-6, abs=2e-5)
    assert model.elbo(q) == pytest.approx(ref.elbo(model, q), rel=1e-12)


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_modes_of_labels(shape, labels, neighbours, size, sign, parallel):
    model, lattice, _, z = setting(shape, labels, neighbours, size, sign, parallel)
    packed = lattice.pack_labels(z)
    flips, drop = lattice.modes(packed)
    expected, count, gain = ref.icm_sweep(model, z)
    np.testing.assert_array_equal(lattice.unpack_labels(packed), expected)
    assert (flips, drop) == (count, pytest.approx(gain, rel=1e-5, abs=1e-5))
    assert ref.energy(model, z) - ref.energy(model, expected) == pytest.approx(gain, abs=1e-9)
    outside = np.ones(packed.shape, bool)
    outside[:, 1:-1, 1:-1] = False
    assert (packed[outside] == -1).all()  # the border agrees with no label


@EVERY_CASE
@SERIAL_AND_PARALLEL
def test_gibbs_of_labels(shape, labels, neighbours, size, sign, parallel):
    model, lattice, _, z = setting(shape, labels, neighbours, size, sign, parallel)
    found, total = gibbs_sweep(lattice, z)
    uniforms = picture_of_uniforms(shape, 3, 1, KEY)
    expected, probability = ref.gibbs_sweep(model, z, uniforms)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(total, probability, atol=3e-6 * max(1, size))
    again, nothing = gibbs_sweep(lattice, z, keep=False)
    np.testing.assert_array_equal(again, found)
    assert not nothing.any()


@pytest.mark.slow
@pytest.mark.parametrize(("neighbours", "sign"), [(4, 1), (8, -1)])
def test_threads_change_no_bit_of_a_label_map(neighbours, sign):
    """Also in a width of more than one part of columns."""
    found = []
    for parallel in (False, True):
        _, lattice, q, z = setting(LARGE, 4, neighbours, 0.5, sign, parallel)
        packed, labels = lattice.pack(q), lattice.pack_labels(z)
        told = [lattice.mean_field(packed, packed, 0.7), *lattice.modes(labels)]
        found.append([told, lattice.unpack(packed), lattice.unpack_labels(labels)])
        found[-1] += [*gibbs_sweep(lattice, z), lattice.bound(packed)]
    *exact, bound = zip(*found, strict=True)
    for one, other in exact:
        np.testing.assert_array_equal(one, other)
    assert bound[0] == pytest.approx(bound[1], rel=1e-7)  # a sum, in another order


BLOCKED = (140, 9) if numba.config.DISABLE_JIT else (530, 270)  # more than one strip


@pytest.mark.slow
@SERIAL_AND_PARALLEL
@pytest.mark.parametrize(("neighbours", "sign"), [(4, 1), (8, -1)])
@pytest.mark.parametrize("sweeps", [1, 3])
def test_sweeps_in_blocks_are_those_of_the_whole_picture(neighbours, sign, parallel, sweeps):
    _, lattice, q, _ = setting(BLOCKED, 3, neighbours, 0.5, sign, parallel)
    whole, blocks = lattice.pack(q), lattice.pack(q)
    steps = [lattice.mean_field(whole, whole, 0.8) for _ in range(sweeps)]
    assert lattice.mean_field_blocks(blocks, 0.8, sweeps) == steps[-1]
    np.testing.assert_array_equal(blocks, whole)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 4), (7, 1)])
def test_packing_a_stack_and_labels_is_undone_by_unpacking(shape):
    _, lattice, q, z = setting(shape, 3, 4, 0.8, 1)
    np.testing.assert_array_equal(lattice.unpack(lattice.pack(q)), q)
    np.testing.assert_array_equal(lattice.unpack_labels(lattice.pack_labels(z)), z)

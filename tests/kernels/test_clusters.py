"""One cluster sweep against the slow reference, for every kind of coupling."""

import numpy as np
import pytest
import reference

from isingdenoise import Coupling, IsingModel
from isingdenoise.backends import packed

KEY = (12345, 678910)
SHAPES = [(1, 1), (1, 6), (5, 1), (4, 5), (7, 6)]


def swept(model, labels, sweep=3, chain=1):
    key = (np.uint32(KEY[0]), np.uint32(KEY[1]))
    with packed(model, False) as lattice:
        state = lattice.signs(lattice.pack(labels.astype(np.float32)))
        total = lattice.allocate(np.float32)
        lattice.cluster_sweeps().sweep(state, total, True, (sweep, chain), key)
        return lattice.unpack(state), lattice.unpack(total)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("neighbours", "signs"), [(4, (1, 1, 0, 0)), (8, (1, 1, 1, 1)), (8, (-1, 1, -1, 1))]
)
def test_a_sweep_is_that_of_the_reference(shape, neighbours, signs):
    """Bonds, clusters, their fields and their random numbers: bit for bit."""
    model = reference.random_model(5, shape, neighbours=neighbours, size=0.8, signs=signs)
    for sweep in range(1, 4):
        labels = np.where(np.random.default_rng(sweep).random(shape) < 0.7, 1, -1)
        found, means = swept(model, labels, sweep)
        expected, expected_means = reference.cluster_sweep(model, labels, sweep, 1, KEY)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(means, expected_means, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("neighbours", [4, 8])
def test_edges_with_strengths_of_their_own(shape, neighbours):
    rng, (height, width) = np.random.default_rng(2), shape
    sizes = [(height, width - 1), (height - 1, width), *[(height - 1, width - 1)] * 2]
    strengths = [rng.uniform(-1, 2, size) for size in sizes[: neighbours // 2]]
    model = IsingModel(rng.normal(size=shape), Coupling.per_edge(*strengths))
    labels = np.where(rng.random(shape) < 0.7, 1, -1)
    found, means = swept(model, labels)
    expected, expected_means = reference.cluster_sweep(model, labels, 3, 1, KEY)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(means, expected_means, atol=1e-6)


def test_a_cluster_of_opposed_huge_fields_is_summed_without_loss():
    """In float32 the small field between two large ones would be lost."""
    field = np.array([[1e8, 0.5, -1e8]])
    _, means = swept(IsingModel(field, 1e6), np.ones((1, 3)))
    np.testing.assert_allclose(means, np.tanh(0.5), atol=1e-6)

"""Messages in ratios against messages in fields: two ways to say the same."""

import numpy as np
import pytest
from reference import random_model

from isingdenoise import IsingModel
from isingdenoise.backends import packed

SHARES = {4: (1.0, 2.0, 0.5), 8: (1.0, 4.0, 0.5)}


def both(model, share, rounds=4):
    """Return what the two hold after some sweeps: Ratios and Passing."""
    with packed(model, False) as lattice:
        found = []
        for make in (lattice.undamped, lattice.passing):
            state = make(lattice.pack(np.tanh(model.field)), (share,) * 4)
            changes = [state.sweep(1.0) for _ in range(rounds)]
            found.append((state, changes))
        found[1][0].sweep(0.0)  # its sums are to be those of the messages as they stand
        found[0][0].sweep(0.0)
        assert type(found[0][0]) is not type(found[1][0])
        return lattice, *found


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (7, 1), (5, 6), (6, 5)])
@pytest.mark.parametrize("which", range(3))
def test_sweeps_means_and_sums_agree(shape, neighbours, which):
    share = SHARES[neighbours][which]
    model = random_model(which, shape, neighbours=neighbours, size=0.3)
    lattice, (ratios, changes), (passing, expected) = both(model, share)
    np.testing.assert_allclose(changes, expected, atol=2e-6)
    mean = lattice.unpack(ratios.mean())
    np.testing.assert_allclose(mean, lattice.unpack(passing.mean()), atol=2e-6)
    if share == 1:
        assert ratios.bethe() == pytest.approx(passing.bethe(), abs=1e-5)
    damped = ratios.damped()
    assert damped.sweep(0.5) == pytest.approx(passing.sweep(0.5), abs=3e-6)
    np.testing.assert_allclose(
        lattice.unpack(damped.mean()), lattice.unpack(passing.mean()), atol=3e-6
    )


@pytest.mark.parametrize("J", [1.25, -1.25, 1e-4])
@pytest.mark.parametrize("size", [0.3, 1.0, 30.0, 1e8])
def test_strong_couplings_and_fields_up_to_huge(J, size):
    field = size * np.random.default_rng(3).normal(size=(6, 7))
    lattice, (ratios, _), (passing, _) = both(IsingModel(field, J), 1.0)
    mean = lattice.unpack(ratios.mean())
    np.testing.assert_allclose(mean, lattice.unpack(passing.mean()), atol=5e-6)
    assert ratios.bethe() == pytest.approx(passing.bethe(), rel=1e-6, abs=2e-5)


@pytest.mark.parametrize(("J", "share"), [(1.3, 1.0), (0.8, 2.0), (0.1, 0.7), (0.0, 1.0)])
def test_what_ratios_are_not_for_is_passed_as_fields(J, share):
    with packed(IsingModel(np.ones((2, 2)), J), False) as lattice:
        state = lattice.undamped(lattice.pack(np.ones((2, 2), np.float32)), (share,) * 4)
        assert type(state).__name__ == "Passing"


def test_strips_and_wedges_change_no_bit():
    """A strip has 64 rows of a plane; the picture below has two of them, and a wedge."""
    model = random_model(5, (260, 9), size=0.4)
    with packed(model, False) as lattice:
        whole = lattice.undamped(lattice.pack(np.tanh(model.field)), (1.0,) * 4)
        whole.sweep(1.0)
        part = IsingModel(model.field[:120], model.coupling)
        with packed(part, False) as small:
            top = small.undamped(small.pack(np.tanh(part.field)), (1.0,) * 4)
            top.sweep(1.0)
            first = small.unpack(top.mean())
        # two sweeps of four planes carry news no further than a few rows
        np.testing.assert_array_equal(lattice.unpack(whole.mean())[:110], first[:110])

"""A learned prior is taken where it predicts hidden pixels better, and can be believed."""

import numpy as np
import pytest

from isingdenoise import Coupling, FlipNoise, GaussianNoise, IsingModel, MeanField
from isingdenoise.learning import weigh
from isingdenoise.learning.priors import _parts

SIDE = 128
GREY = GaussianNoise(30.0, (80.0, 160.0))
COUPLING = Coupling.nearest(0.6)


def blocks():
    """Return squares of 8 pixels of either colour."""
    coarse = np.random.default_rng(3).random((SIDE // 8, SIDE // 8)) < 0.5
    return np.kron(coarse, np.ones((8, 8))) > 0


def noisy(clean, model, seed=0):
    return model.sample(np.where(clean, 1, -1), np.random.default_rng(seed))


def knowing(clean, how_well=2.0):
    """Return a prior that knows the picture."""
    mean = np.where(clean, np.tanh(how_well), -np.tanh(how_well)).astype(np.float32)
    return lambda field: mean


def weighed(clean, model, infer, *, given=None, coupling=COUPLING):
    x = noisy(clean, model)
    return weigh(x, None, given or model, coupling, infer, np.random.default_rng(0))


@pytest.mark.parametrize("model", [FlipNoise(0.1), GREY])
def test_a_prior_that_knows_the_picture_is_taken(model):
    found = weighed(blocks(), model, knowing(blocks()))
    assert found.taken == "learned"
    assert found.gain > 4 * found.error > 0
    assert 0.9 < found.told < 1.1
    assert found.doubt is None
    assert found.hidden == pytest.approx(SIDE**2 / 5, rel=0.02)


@pytest.mark.parametrize("model", [FlipNoise(0.1), GREY])
def test_one_that_knows_nothing_or_what_is_wrong_is_not(model):
    nothing = weighed(blocks(), model, np.zeros_like)
    assert nothing.taken == "ising"
    assert nothing.gain < 0
    assert nothing.told == pytest.approx(0, abs=0.01)
    wrong = weighed(blocks(), model, knowing(np.random.default_rng(1).random((SIDE, SIDE)) < 0.5))
    assert wrong.taken == "ising"
    assert wrong.gain < 0


def test_the_ising_model_itself_gains_nothing():
    def infer(field):
        # half the log odds of a hidden pixel are its pull, as its field is 0
        return MeanField(tol=1e-4).solve(IsingModel(field, COUPLING)).mean

    found = weighed(blocks(), FlipNoise(0.1), infer)
    assert abs(found.gain) < 10
    assert found.taken == "ising"


def test_a_gain_that_a_few_places_make_is_not_enough():
    clean = np.random.default_rng(3).random((SIDE, SIDE)) < 0.5

    def infer(field):
        out = np.zeros_like(field)
        out[:32, :32] = np.where(clean[:32, :32], 0.96, -0.96)
        return out

    found = weighed(clean, FlipNoise(0.1), infer, coupling=Coupling.nearest(0.05))
    assert found.gain > 10
    assert found.error > found.gain / 2
    assert found.taken == "ising"


def test_noise_that_the_prediction_contradicts_casts_doubt():
    clean = blocks()
    found = weighed(clean, FlipNoise(0.02), knowing(clean), given=FlipNoise(0.3))
    assert found.gain > 10
    assert found.taken == "ising"
    assert "other noise" in found.doubt
    assert found.contradicted > 0.05


def test_flips_that_no_pattern_shows_cast_doubt():
    clean = np.tile(np.arange(SIDE) % 2 == 0, (SIDE, 1))
    found = weighed(
        clean, FlipNoise(0.05), knowing(clean, 0.3), given=FlipNoise(0.3),
        coupling=Coupling.nearest(0.05),
    )  # fmt: skip
    assert found.taken == "ising"
    assert found.doubt is not None


def test_missing_pixels_are_not_asked():
    clean = blocks()
    known = np.ones(clean.shape, bool)
    known[:, :64] = False
    x = noisy(clean, GREY)
    found = weigh(x, known, GREY, COUPLING, knowing(clean), np.random.default_rng(0))
    assert found.hidden == pytest.approx(SIDE**2 / 10, rel=0.02)
    assert found.taken == "learned"


def test_figures_are_plain():
    figures = weighed(blocks(), GREY, knowing(blocks())).figures()
    assert list(figures) == ["gain", "error", "told", "hidden", "doubt"]
    assert all(type(value) in (float, int, type(None)) for value in figures.values())


@pytest.mark.parametrize(
    ("shape", "parts"),
    [((1, 1), 1), ((512, 512), 1), ((513, 512), 4), ((3000, 2000), 4), ((4, 100_000), 4)],
)
def test_parts_lie_in_the_picture(shape, parts):
    found = _parts(shape, np.random.default_rng(0))
    assert len(found) == parts
    for rows, columns in found:
        assert 0 <= rows.start < rows.stop <= shape[0] or shape[0] < 256
        assert 0 <= columns.start < columns.stop <= max(shape[1], 256)

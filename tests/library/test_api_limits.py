"""What may change: missing and protected pixels, the change map, the limit on change."""

import pickle

import numpy as np
import pytest
from noise_examples import ANY_PICTURE
from reference import Exact

import isingdenoise.api
from isingdenoise import (
    ENGINES,
    ICM,
    NOISE_MODELS,
    Coupling,
    FlipNoise,
    GaussianNoise,
    Gibbs,
    IsingModel,
    MeanField,
    ParameterError,
    denoise,
)
from isingdenoise.errors import ChangeLimitError, IsingDenoiseError
from isingdenoise.noise import field_and_offset

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
SOME = np.random.default_rng(8).random((13, 11)) < 0.2


@pytest.fixture
def noisy():
    """Return a dark picture with a bright half, its pixels not a multiple of eight."""
    z = np.where(np.arange(11) < 6, -1, 1) * np.ones((13, 1), int)
    return GaussianNoise(1.0).sample(z, np.random.default_rng(1))


# -------------------------------------------------------------------- protection


@pytest.mark.parametrize("J", [0.6, 5, 1e6, -3, Coupling.eight(2.0, 1.5)])
@pytest.mark.parametrize(
    "engine",
    [
        *ENGINES,
        MeanField(damping=0.01, max_sweeps=1),
        MeanField(schedule="jacobi", damping=0.5),
        MeanField(schedule="checkerboard", max_sweeps=2),
        ICM(max_sweeps=1),
        Gibbs(burn_in=0, sweeps=1, chains=1),
    ],
    ids=str,
)
def test_a_protected_pixel_keeps_its_value(engine, J, noisy):
    seen = noisy >= 0
    found = denoise(noisy, GaussianNoise(1.0), engine=engine, coupling=J, protect=SOME, rng=1)
    np.testing.assert_array_equal(found.image[SOME], seen[SOME])
    if found.probability is not None:
        np.testing.assert_allclose(found.probability[SOME], seen[SOME], rtol=0, atol=6e-8)
    assert not found.change_map[SOME].any()


@EVERY_ENGINE
def test_without_protection_these_pixels_would_change(engine, noisy):
    found = denoise(noisy, GaussianNoise(1.0), engine=engine, coupling=5, rng=1)
    assert np.any(found.image[SOME] != (noisy >= 0)[SOME])


@pytest.mark.filterwarnings("ignore:the picture is grey")  # flip thresholds it, and says so
@EVERY_ENGINE
@pytest.mark.parametrize("noise", ANY_PICTURE)
def test_protecting_everything_leaves_the_thresholded_picture(engine, noise, noisy):
    found = denoise(noisy, noise, engine=engine, protect=np.ones(noisy.shape, bool), rng=1)
    low, high = found.noise.levels
    np.testing.assert_array_equal(found.image, noisy >= (low + high) / 2)
    assert found.changed == 0
    assert found.changes == (0, 0)


@pytest.mark.slow
@EVERY_ENGINE
def test_protecting_nothing_changes_nothing(engine, noisy):
    plain = denoise(noisy, engine=engine, rng=1)
    found = denoise(noisy, engine=engine, protect=np.zeros(noisy.shape, bool), rng=1)
    np.testing.assert_array_equal(found.image, plain.image)
    np.testing.assert_array_equal(found.model.field, plain.model.field)
    assert found.model.offset == plain.model.offset
    assert found.solution.energy == plain.solution.energy


@pytest.mark.parametrize("engine", ["mf", "gibbs"])
def test_a_protected_speck_survives_and_draws_its_neighbours(engine):
    x = np.full((9, 9), -1.0)
    x[4, 4] = 1.0
    speck = x > 0
    options = {"noise": GaussianNoise(1.5), "engine": engine, "coupling": 0.4, "rng": 1}
    lost, kept = denoise(x, **options), denoise(x, protect=speck, **options)
    assert not lost.image[4, 4]
    assert kept.image[4, 4]
    around = [3, 5, 4, 4], [4, 4, 3, 5]
    assert np.all(kept.probability[around] > lost.probability[around] + 0.01)


@pytest.mark.filterwarnings("ignore:the picture is grey")  # flip thresholds it, and says so
@pytest.mark.parametrize("noise", ANY_PICTURE)
def test_the_estimate_of_the_noise_does_not_know_of_protection(noise, noisy):
    assert denoise(noisy, noise, protect=SOME).noise == denoise(noisy, noise).noise


def conditioned(x, noise, coupling, held, mask=None):
    """Return the exact means and the log of the sum over all states that keep the held pixels."""
    field, offset = field_and_offset(noise, x, mask)
    exact = Exact(IsingModel(field, coupling, offset))
    kept = np.where(x >= 0, 1, -1).ravel()
    states = np.all(exact.states[:, held.ravel()] == kept[held.ravel()], axis=1)
    weight = exact.probabilities * states
    mean = (weight @ exact.states / weight.sum()).reshape(x.shape)
    return mean, float(np.log(weight.sum())) + exact.log_z + offset


def difference(found, mean, log_sum):
    """Return how far a protected model is from the conditioned one: in means, and in evidence."""
    exact = Exact(found.model)
    evidence = exact.log_z + found.model.offset
    return max(np.abs(exact.mean - mean).max(), abs(evidence - log_sum))


@pytest.mark.parametrize("noise", [GaussianNoise(0.9), FlipNoise(0.2)], ids=str)
@pytest.mark.parametrize("coupling", [Coupling.nearest(0.7), Coupling.eight(-0.5, 0.3)], ids=str)
def test_protection_is_conditioning(noise, coupling, monkeypatch):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3, 4))
    held = np.zeros(x.shape, bool)
    held[0, 0] = held[1, 2] = held[2, 1] = True
    mask = np.ones(x.shape, bool)
    mask[1, 1] = False
    expected = conditioned(x, noise, coupling, held, mask)
    found = denoise(x, noise, coupling=coupling, mask=mask, protect=held)
    assert difference(found, *expected) < 1e-7
    assert found.solution.lower_bound <= expected[1]
    # The law tells a field that is too weak, and no protection at all.
    assert difference(denoise(x, noise, coupling=coupling, mask=mask), *expected) > 0.1
    monkeypatch.setattr(isingdenoise.api, "CERTAIN", 0.5)
    weak = denoise(x, noise, coupling=coupling, mask=mask, protect=held)
    assert difference(weak, *expected) > 1e-3


@pytest.mark.filterwarnings("ignore:the picture is grey")  # flip thresholds it, and says so
def test_the_protected_pixels_are_left_alone(noisy):
    held = SOME.copy()
    held.flags.writeable = noisy.flags.writeable = False
    before = noisy.copy()
    denoise(noisy, protect=held)
    np.testing.assert_array_equal(noisy, before)
    np.testing.assert_array_equal(held, SOME)
    mirrored = denoise(noisy[:, ::-1], "flip", protect=SOME[:, ::-1], engine="icm")
    assert not mirrored.change_map[SOME[:, ::-1]].any()


@pytest.mark.parametrize("how", ["nan", "mask"])
def test_a_missing_pixel_cannot_be_protected(how, noisy):
    hole = np.zeros(noisy.shape, bool)
    hole[2, 3:5] = True
    held = hole | SOME
    x = np.where(hole, np.nan, noisy) if how == "nan" else noisy
    mask = ~hole if how == "mask" else None
    with pytest.raises(ParameterError, match=r"^protect: covers missing pixels \(2\)"):
        denoise(x, mask=mask, protect=held)
    denoise(x, mask=mask, protect=held & ~hole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protect": np.ones((2, 2), bool)}, r"^protect: has shape \(2, 2\), the image"),
        ({"protect": SOME.astype(int)}, "^protect: must be of dtype bool"),
        ({"mask": np.zeros(SOME.shape, bool)}, "^mask: leaves no pixel known"),
        ({"max_change": -0.1}, r"^max_change: must be in \[0, 1\]"),
        ({"max_change": 1.5}, r"^max_change: must be in \[0, 1\]"),
        ({"max_change": np.nan}, r"^max_change: must be in \[0, 1\]"),
        ({"max_change": "5%"}, "^max_change: must be a number"),
        ({"max_change": True}, "^max_change: must be a number"),
    ],
)
def test_bad_options(options, message, noisy):
    with pytest.raises(ParameterError, match=message):
        denoise(noisy, **options)


def test_a_picture_of_missing_pixels_alone(noisy):
    with pytest.raises(ParameterError, match=r"^image: has no known pixel"):
        denoise(np.full_like(noisy, np.nan), coupling=0.5)


def test_a_mask_that_leaves_only_missing_pixels(noisy):
    with pytest.raises(ParameterError, match=r"^mask: leaves no pixel known"):
        denoise(np.where(SOME, np.nan, noisy), mask=SOME)


# -------------------------------------------------------------------- change map


@EVERY_ENGINE
@pytest.mark.parametrize("noise", ANY_PICTURE)
@pytest.mark.parametrize("shape", [(13, 11), (1, 1), (1, 8), (3, 3)])
def test_the_change_map_leads_from_the_thresholded_picture_to_the_clean_one(engine, noise, shape):
    rng = np.random.default_rng(3)
    x = rng.normal(size=shape)
    x.flat[0] = 0.7
    known = rng.random(shape) < 0.8
    known.flat[0] = True
    settled = NOISE_MODELS[noise](levels=(-0.8, 1.1))
    found = denoise(x, settled, engine=engine, coupling=0.8, mask=known, rng=1)
    change = found.change_map
    assert (change.dtype, change.shape) == (np.int8, shape)
    seen = np.where(x >= (-0.8 + 1.1) / 2, 1, -1)
    np.testing.assert_array_equal((seen + 2 * change)[known], found.solution.labels[known])
    assert not change[~known].any()
    assert found.changes == (np.count_nonzero(change > 0), np.count_nonzero(change < 0))
    assert found.changed == np.count_nonzero(change) / known.sum()


def test_a_change_map_sees_both_directions(noisy):
    assert min(denoise(noisy).changes) > 0


def test_the_change_map_costs_one_bit_a_pixel_and_belongs_to_the_result(noisy):
    found = denoise(noisy)
    change = found.change_map
    assert found.differs.nbytes == -(-noisy.size // 8)
    noisy[...] = found.image[...] = 0
    found.change_map[...] = 5
    np.testing.assert_array_equal(found.change_map, change)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).change_map, change)


# --------------------------------------------------------------- limit on change


@pytest.mark.slow
@EVERY_ENGINE
def test_the_limit_is_the_largest_share_that_passes(engine, noisy):
    changed = denoise(noisy, engine=engine, rng=1).changed
    assert 0 < changed < 1
    denoise(noisy, engine=engine, rng=1, max_change=changed)
    with pytest.raises(ChangeLimitError) as caught:
        denoise(noisy, engine=engine, rng=1, max_change=np.nextafter(changed, 0))
    assert caught.value.changed == changed


def test_the_share_is_of_the_observed_pixels():
    x = np.full((6, 6), -1.0)
    x[2, 2] = 1
    mask = np.zeros(x.shape, bool)
    mask[1:4, 1:4] = True
    options = {"noise": GaussianNoise(2.0), "coupling": 1.0, "mask": mask}
    assert denoise(x, **options).changed == 1 / 9
    denoise(x, max_change=1 / 9, **options)
    with pytest.raises(ChangeLimitError):
        denoise(x, max_change=0.1, **options)


def test_the_error_says_how_much_and_what_to_do():
    error = ChangeLimitError(0.0731, 0.05)
    assert isinstance(error, IsingDenoiseError)
    assert error.exit_code == 6
    assert str(error).startswith("7.31% of the pixels would change, more than the 5% allowed; ")
    assert str(error).endswith("or raise max_change")
    named = error.about("two\nlines.png")
    assert str(named) == rf"two\nlines.png: {error}"
    for one in (error, named):
        other = pickle.loads(pickle.dumps(one))
        assert (str(other), other.changed, other.path) == (str(one), one.changed, one.path)

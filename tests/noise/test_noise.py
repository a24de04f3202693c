"""Noise models: sampler, likelihood and estimates belong together."""

import warnings

import numpy as np
import pytest
from noise_examples import (
    ANY_PICTURE,
    EXAMPLES,
    WRONG,
    assert_close,
    chi_square,
    expected_counts,
    expected_log_likelihood,
    half_and_half,
    likelihood,
)

from isingdenoise import (
    NOISE_MODELS,
    EstimationWarning,
    FlipNoise,
    FlipPerLevelNoise,
    GaussianNoise,
    GaussianPerLevelNoise,
    LaplaceNoise,
    ParameterError,
    PoissonNoise,
    ProbabilityNoise,
    SaltPepperNoise,
    denoise,
)
from isingdenoise.noise import field_and_offset, unit_scale

EVERY_EXAMPLE = pytest.mark.parametrize("noise", EXAMPLES.values(), ids=EXAMPLES)
SIDES = pytest.mark.parametrize("side", [-1, 1])


@EVERY_EXAMPLE
@SIDES
def test_the_sampler_draws_from_the_likelihood(noise, side):
    n = 60_000
    draws = noise.sample(np.full(n, side), np.random.default_rng(1))
    assert draws.dtype == np.float32
    found, expected = expected_counts(noise, draws, side, n)
    assert expected.sum() == pytest.approx(n, rel=1e-3)
    assert chi_square(found, expected) > 1e-3
    _, other = expected_counts(noise, draws, -side, n)
    assert chi_square(found, other) < 1e-6  # control


@pytest.mark.slow
@EVERY_EXAMPLE
def test_fit_on_the_true_spins_recovers_the_parameters(noise):
    z = half_and_half((600, 800))
    x = noise.sample(z, np.random.default_rng(3))
    x[::7, ::5] = np.nan
    now = type(noise)(**{**vars(noise), **WRONG[noise.name](noise)})
    for _ in range(60):  # pixels beyond the ends of the scale make it an iteration
        now, before = now.fit(x, z), now
        if now == before:
            break
    assert_close(now, noise, 0.02)


@EVERY_EXAMPLE
@pytest.mark.parametrize("dtype", ["f4", "u2"])
def test_a_fit_never_lowers_the_expected_log_likelihood(noise, dtype):
    """Whatever the spins' means: that is what makes EM climb."""
    if dtype == "u2" and noise.levels[1] <= 2 and noise.name != "poisson":
        pytest.skip("levels of less than a grey value")
    rng = np.random.default_rng(12)
    x = noise.sample(half_and_half(), rng)
    x = np.maximum(np.rint(x), 0).astype(dtype) if dtype == "u2" else x
    for _ in range(20):
        mean = np.tanh(rng.normal(0, 2) + rng.normal(0, 3) * rng.normal(size=x.shape))
        start = type(noise)(**{**vars(noise), **WRONG[noise.name](noise)})
        for old in (noise, start):
            new = old.fit(x, mean)
            gained = expected_log_likelihood(new, x, mean) - expected_log_likelihood(old, x, mean)
            assert gained >= -1e-9 * x.size
    if WRONG[noise.name](noise):
        sure = half_and_half()
        best = start.fit(x, sure)
        gained = expected_log_likelihood(best, x, sure) - expected_log_likelihood(start, x, sure)
        assert gained > 0.001 * x.size  # control: the law is no equality


@EVERY_EXAMPLE
@SIDES
def test_masses_of_integer_pictures_sum_to_one(noise, side):
    """So that models can be compared by the likelihood of the same picture."""
    low, high = noise.levels
    if noise.name in ("flip", "flip-per-level") or getattr(noise, "sigma", 1) == 0:
        grey = np.unique([low, high, *getattr(noise, "limits", ())])
    elif noise.name == "probability":
        noise, grey = ProbabilityNoise(noise.floor, (0, 255)), np.arange(256, dtype=np.uint8)
    elif high <= 2:
        pytest.skip("levels of less than a grey value")
    else:
        grey = np.arange(256 if noise.name != "poisson" else 800)
        grey = grey.astype(np.uint16 if noise.name == "poisson" else np.uint8)
    assert likelihood(noise, grey, side).sum() == pytest.approx(1, abs=3e-4)


@EVERY_EXAMPLE
def test_nothing_to_fit_to_changes_nothing(noise):
    nothing = np.full((4, 5), np.nan)
    assert noise.fit(nothing, np.zeros(nothing.shape)) == noise


SPREAD = {"gaussian": "sigma", "laplace": "scale", "flip": "probability"}


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n.partition(",")[0] in SPREAD])
def test_fit_weighs_by_the_mean(name):
    """Unsure spins count for both levels, half each, and a half-sure fit lies between."""
    noise = EXAMPLES[name]
    x = noise.sample(half_and_half(), np.random.default_rng(4))
    blank = noise.fit(x, np.zeros(x.shape))
    key = SPREAD[noise.name]
    if noise.name == "flip":
        assert blank.probability == pytest.approx(0.5)
    else:
        assert getattr(blank, key) > getattr(noise, key)
    sure = noise.fit(x, half_and_half().astype(np.float32))
    unsure = noise.fit(x, half_and_half() * 0.5)
    assert getattr(sure, key) < getattr(unsure, key) < getattr(blank, key)


def test_known_parameters_are_kept(sample):
    x = sample("letter_a", "gaussian")
    assert GaussianNoise.from_image(x, sigma=50.0).sigma == 50.0
    assert GaussianNoise.from_image(x, levels=(70, 180)).levels == (70, 180)
    assert GaussianNoise.from_image(x, sigma=50.0).levels != (-1, 1)
    assert GaussianNoise.from_image(x, limits=(0, 250)).limits == (0, 250)
    with pytest.warns(EstimationWarning, match="is grey"):
        found = FlipNoise.from_image(x, probability=0.2)
    assert found.probability == 0.2
    assert 0 < found.levels[0] < 127.5 < found.levels[1] < 255
    with pytest.warns(EstimationWarning, match="is grey"):
        assert FlipNoise.from_image(x, levels=(3, 250)).levels == (3, 250)
    assert FlipNoise.from_image(x, levels=(3, 250), probability=0.2).levels == (3, 250)


@pytest.mark.parametrize("name", ANY_PICTURE)
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (9, 8)], ids=str)
@pytest.mark.parametrize(
    ("value", "dtype", "bright"),
    [(0, "u1", False), (255, "u1", True), (100, "u1", False), (200, "u2", False),
     (0.2, "f4", True), (-0.2, "f8", False), (7, "i4", True), (-7, "i4", False)],
)  # fmt: skip
def test_a_constant_picture_stays_as_it_is(name, shape, value, dtype, bright):
    with pytest.warns(EstimationWarning, match="all pixels are equal"):
        found = denoise(np.full(shape, value, dtype), name)
    assert np.all(found.image == bright)


@pytest.mark.parametrize("name", [*ANY_PICTURE, "probability"])
@pytest.mark.parametrize("bright", [False, True])
def test_a_constant_bool_picture_stays_as_it_is(name, bright):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # its levels may be known
        found = denoise(np.full((5, 6), bright), name)
    assert np.all(found.image == bright)


@pytest.mark.slow
@EVERY_EXAMPLE
@pytest.mark.filterwarnings("ignore::isingdenoise.EstimationWarning")  # one level is all there is
def test_missing_pixels_say_nothing(noise):
    x = noise.sample(half_and_half((20, 30)), np.random.default_rng(6))
    known = np.random.default_rng(7).random(x.shape) < 0.7
    holes = np.where(known, x, np.nan)
    minus, plus = noise.log_likelihood(x)
    for picture, mask in [(holes, None), (x, known), (holes, known)]:
        field, offset = field_and_offset(noise, picture, mask)
        np.testing.assert_allclose(field, np.where(known, (plus - minus) / 2, 0), rtol=1e-6)
        assert not field[~known].any()
        assert offset == pytest.approx(np.sum((plus + minus)[known]) / 2)
    assert not unit_scale(noise, holes)[~known].any()
    assert type(noise).from_image(holes) == type(noise).from_image(x, mask=known)


@pytest.mark.parametrize("name", NOISE_MODELS)
@pytest.mark.parametrize("how", ["nan", "mask"])
def test_a_picture_with_nothing_in_it(name, how):
    x = np.full((4, 5), np.nan) if how == "nan" else np.arange(20.0).reshape(4, 5)
    mask = None if how == "nan" else np.zeros((4, 5), bool)
    with pytest.warns(EstimationWarning):
        found = NOISE_MODELS[name].from_image(x, mask=mask)
    assert found.levels[0] < found.levels[1]
    field, offset = field_and_offset(found, x, mask)
    assert not field.any()
    assert offset == 0


@pytest.mark.parametrize("sigma", [1e-20, 1e-30, 1e30])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_extreme_sigmas_stay_finite(sigma, dtype):
    x = np.array([[0, 100, 127, 128, 200, 255]], dtype)
    found = denoise(x, GaussianNoise(sigma, (64, 191)))
    field = found.model.field
    assert np.isfinite([*field[0], found.model.offset, found.solution.lower_bound]).all()
    if sigma < 1:
        np.testing.assert_array_equal(field[0], 1e8 * np.array([-1, -1, -1, 1, 1, 1]))
        np.testing.assert_array_equal(found.image[0], x[0] > 127.5)
    else:
        assert np.abs(field).max() < 1e-6
    x = np.array([[-1.2, 0.3, 1.0, -1e-9, 5.0]])
    field, _ = field_and_offset(GaussianNoise(1e-20), x)
    np.testing.assert_array_equal(field, 1e8 * np.sign(x))


@pytest.mark.parametrize("noise", [GaussianNoise(), FlipNoise()], ids=str)
@pytest.mark.parametrize("name", ["horse", "mask"])
def test_levels_that_do_not_fit_are_refused(noise, name, sample):
    """-1 and +1 for greys up to 255, be the picture mostly bright or mostly dark."""
    with pytest.raises(ParameterError, match=r"^levels: .*do not fit"):
        denoise(sample(name, "clean").astype(np.uint8) * 255, noise)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (GaussianNoise, {"sigma": 0}, r"^sigma: must be in \[1e-30, 1e\+30\]"),
        (GaussianNoise, {"sigma": -1}, r"^sigma: must be in \[1e-30, 1e\+30\]"),
        (GaussianNoise, {"sigma": np.nan}, r"^sigma: must be in \[1e-30, 1e\+30\]"),
        (GaussianNoise, {"sigma": "1"}, r"^sigma: must be a number"),
        (GaussianNoise, {"levels": (1, -1)}, r"^levels: must rise"),
        (GaussianNoise, {"levels": (1, 1)}, r"^levels: must rise"),
        (GaussianNoise, {"levels": 3}, r"^levels: must be two numbers"),
        (GaussianNoise, {"levels": (0, np.inf)}, r"^levels: must be in \[-1e\+30, 1e\+30\]"),
        (FlipNoise, {"probability": -0.1}, r"^probability: must be in \[0, 0.5\)"),
        (FlipNoise, {"probability": 0.5}, r"^probability: must be in \[0, 0.5\)"),
        (FlipNoise, {"probability": np.nan}, r"^probability: must be in \[0, 0.5\)"),
        (FlipNoise, {"levels": (1, 0)}, r"^levels: must rise"),
        (FlipPerLevelNoise, {"black": -1}, r"^black: must be in \[0, 0.5\)"),
        (FlipPerLevelNoise, {"white": 0.5}, r"^white: must be in \[0, 0.5\)"),
        (FlipPerLevelNoise, {"levels": (1, 0)}, r"^levels: must rise"),
        (GaussianPerLevelNoise, {"sigmas": 1}, r"^sigmas: must be two numbers"),
        (GaussianPerLevelNoise, {"sigmas": (1, 0)}, r"^sigmas: must be in \[1e-30, 1e\+30\]"),
        (GaussianPerLevelNoise, {"levels": (1, 0)}, r"^levels: must rise"),
        (LaplaceNoise, {"scale": 0}, r"^scale: must be in \[1e-30, 1e\+30\]"),
        (LaplaceNoise, {"levels": (1, 0)}, r"^levels: must rise"),
        (SaltPepperNoise, {"salt": 1}, r"^salt: must be in \[0, 1\)"),
        (SaltPepperNoise, {"pepper": 1}, r"^pepper: must be in \[0, 1\)"),
        (SaltPepperNoise, {"salt": 0.5, "pepper": 0.5}, r"^salt: and pepper must be less than 1"),
        (SaltPepperNoise, {"sigma": -1}, r"^sigma: must be in \[0, 1e\+30\]"),
        (SaltPepperNoise, {"sigma": 1e-40}, r"^sigma: must be 0 or at least 1e-30"),
        (SaltPepperNoise, {"limits": (1, 0)}, r"^limits: must rise"),
        (PoissonNoise, {"rates": (-1, 1)}, r"^rates: must be in \[0, 1e\+30\]"),
        (PoissonNoise, {"rates": (2, 1)}, r"^rates: must rise"),
        (PoissonNoise, {"rates": 2}, r"^rates: must be two numbers"),
        (ProbabilityNoise, {"floor": 0}, r"^floor: must be in \(0, 0.5\)"),
        (ProbabilityNoise, {"floor": 0.5}, r"^floor: must be in \(0, 0.5\)"),
        (ProbabilityNoise, {"levels": (1, 0)}, r"^levels: must rise"),
    ],
)
@pytest.mark.parametrize("picture", [None, "mixed", "constant"])
@pytest.mark.filterwarnings("ignore::isingdenoise.EstimationWarning")
def test_invalid_parameters_are_refused(kind, arguments, message, picture):
    make = kind
    if picture is not None:
        x = np.arange(64.0).reshape(8, 8) if picture == "mixed" else np.full((8, 8), 7, np.uint8)
        make = lambda **known: kind.from_image(x, **known)  # noqa: E731
    with pytest.raises(ParameterError, match=message):
        make(**arguments)


BUSY = {
    "one row": np.array([[False, True, False]]),
    "two pixels": np.array([[0, 255]], np.uint8),
    "short row": np.array([[1, 0, 0, 1, 0, 0, 1]], np.uint8),
    "column": np.array([[2], [0], [1], [0], [2]], np.int16),
    "stripes": np.tile(np.array([0, 0, 255, 255], np.uint8), (64, 16)),
    "dots": np.random.default_rng(8).integers(0, 2, (8, 8)).astype(np.float32),
    "noise": np.random.default_rng(9).normal(size=(4, 6)),
}


@pytest.mark.parametrize("name", NOISE_MODELS)
@pytest.mark.parametrize("picture", BUSY)
def test_small_and_busy_pictures_can_be_estimated(name, picture):
    """A blurred copy of these tells little, or the contrary, about where they are dark."""
    x = BUSY[picture]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # two grey values
        try:
            noise = NOISE_MODELS[name].from_image(x)
        except ParameterError as error:
            assert name not in ANY_PICTURE
            assert error.parameter == "image"
            return
    assert noise.levels[0] < noise.levels[1]
    assert np.isfinite(field_and_offset(noise, x)[0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NOISE_MODELS)
@pytest.mark.parametrize("how", ["blank", "masked"])
def test_a_large_picture_with_nothing_in_its_middle(name, how):
    """Of large pictures the middle is looked at first."""
    x = np.full((2300, 2300), 255, np.uint8)
    x[:100] = 0
    mask = None
    if how == "masked":
        x[:, ::2] = 0
        mask = np.ones(x.shape, bool)
        mask[100:-100, 100:-100] = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # two grey values
        noise = NOISE_MODELS[name].from_image(x, mask=mask)
    assert noise.levels[0] < 128 < noise.levels[1]

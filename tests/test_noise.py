"""Noise models: sampler, likelihood and estimates belong together."""

import warnings

import numpy as np
import pytest
from scipy import stats

from isingdenoise import (
    NOISE_MODELS,
    EstimationWarning,
    FlipNoise,
    GaussianNoise,
    ParameterError,
    denoise,
)
from isingdenoise.noise import field_and_offset, unit_scale

PICTURES = ["text", "small_text", "horse", "qr_code", "mask", "letter_a"]
EXAMPLES = {
    "gaussian": GaussianNoise(),
    "gaussian, own levels": GaussianNoise(20.0, (60.0, 190.0)),
    "gaussian, clipped": GaussianNoise(60.0, (64.0, 191.0), (0.0, 255.0)),
    "flip": FlipNoise(),
    "flip, own levels": FlipNoise(0.3, (0.0, 255.0)),
}
EVERY_EXAMPLE = pytest.mark.parametrize("noise", EXAMPLES.values(), ids=EXAMPLES)
SIDES = pytest.mark.parametrize("side", [-1, 1])
STEP = 0.5  # in standard deviations of the draws


def half_and_half(shape=(120, 160)):
    """Return spins with wide dark and bright parts."""
    y, x = np.indices(shape)
    return np.where((x // 40 + y // 30) % 3 == 0, 1, -1)


def likelihood(noise, x, side):
    return np.exp(noise.log_likelihood(x)[(side + 1) // 2])


def expected_counts(noise, draws, side, n):
    """Return the cells of a histogram, counted and as the likelihood has them."""
    values, counts = np.unique(draws, return_counts=True)
    atoms = values[counts > 20].astype(np.float64)  # values that repeat have a mass of their own
    inside = draws[~np.isin(draws, atoms)].astype(np.float64)
    masses = [likelihood(noise, np.array([v]), side)[0] for v in atoms]
    found = [counts[values == v][0] for v in atoms]
    if inside.size:
        low, high = (atoms[0], atoms[-1]) if atoms.size else (inside.min(), inside.max())
        edges = np.linspace(low, high, 1 + max(8, int((high - low) / (STEP * inside.std()))))
        fine = np.linspace(edges[:-1] + 1e-9, edges[1:] - 1e-9, 201)
        masses += np.trapezoid(likelihood(noise, fine, side), fine, axis=0).tolist()
        found += np.histogram(inside, edges)[0].tolist()
    return np.array(found), n * np.array(masses)


def chi_square(found, expected):
    """Return the p-value, cells with few expected left out."""
    kept = expected > 10
    statistic = float(np.sum((found[kept] - expected[kept]) ** 2 / expected[kept]))
    return stats.chi2.sf(statistic, kept.sum())


def test_every_noise_model_has_an_example():
    assert {noise.name for noise in EXAMPLES.values()} == set(NOISE_MODELS)
    assert all(type(noise) is NOISE_MODELS[noise.name] for noise in EXAMPLES.values())


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


@SIDES
@pytest.mark.parametrize("sigma", [20.0, 63.5, 200.0])
def test_saturated_8_bit_pixels_count_for_the_whole_tail(sigma, side):
    noise, n = GaussianNoise(sigma, (64, 191)), 100_000
    rng = np.random.default_rng(2)
    level = noise.levels[(side + 1) // 2]
    x = np.clip(np.rint(level + sigma * rng.standard_normal(n)), 0, 255).astype(np.uint8)
    grey = np.arange(256, dtype=np.uint8)
    mass = likelihood(noise, grey, side)
    assert mass.sum() == pytest.approx(1, abs=1e-4)
    assert chi_square(np.bincount(x, minlength=256), n * mass) > 1e-3
    density = likelihood(noise, grey.astype(np.float64), side)  # control: no ends
    assert density.sum() < 0.99 or sigma == 20


@EVERY_EXAMPLE
def test_fit_on_the_true_spins_recovers_the_parameters(noise):
    z = half_and_half((300, 400))
    x = noise.sample(z, np.random.default_rng(3))
    x[::7, ::5] = np.nan
    start = type(noise)(**{**vars(noise), **WRONG[noise.name](noise)})
    for _ in range(60):  # pixels beyond the ends of the scale make it an iteration
        start = start.fit(x, z)
    assert_close(start, noise, 0.04)  # 4 standard errors of the rarest flips


WRONG = {
    "gaussian": lambda noise: {"sigma": 0.4 * noise.sigma},
    "flip": lambda noise: {"probability": 0.01},
}


def assert_close(found, noise, tolerance):
    """Compare parameters: a level's error counts in units of the levels' distance."""
    span = noise.levels[1] - noise.levels[0]
    np.testing.assert_allclose(found.levels, noise.levels, atol=tolerance * span)
    for name in ("sigma", "probability"):
        if hasattr(noise, name):
            assert getattr(found, name) == pytest.approx(getattr(noise, name), rel=tolerance)


@EVERY_EXAMPLE
def test_fit_weighs_by_the_mean(noise):
    """Unsure spins count for both levels, half each, and a half-sure fit lies between."""
    x = noise.sample(half_and_half(), np.random.default_rng(4))
    blank = noise.fit(x, np.zeros(x.shape))
    if noise.name == "flip":
        assert blank.probability == pytest.approx(0.5)
    else:
        assert blank.sigma > noise.sigma
    sure = noise.fit(x, half_and_half().astype(np.float32))
    unsure = noise.fit(x, half_and_half() * 0.5)
    key = "sigma" if noise.name == "gaussian" else "probability"
    assert getattr(sure, key) < getattr(unsure, key) < getattr(blank, key)
    nothing = np.full(x.shape, np.nan)
    assert noise.fit(nothing, np.zeros(x.shape)) == noise


@pytest.mark.parametrize("name", PICTURES)
def test_gaussian_estimates_of_the_samples(name, sample):
    """The truth is 64, 191 and 63.5; one pixel in six is clipped."""
    found = GaussianNoise.from_image(sample(name, "gaussian"))
    assert found.sigma == pytest.approx(63.5, rel=0.02)
    np.testing.assert_allclose(found.levels, (64, 191), atol=2.0)


@pytest.mark.parametrize("name", PICTURES)
def test_flip_estimates_of_the_samples(name, sample):
    """Thin strokes look like flips: at most a tenth too many."""
    found = FlipNoise.from_image(sample(name, "flip"))
    assert 0.097 <= found.probability <= 0.11
    assert found.levels == (-1, 1)
    dark = FlipNoise.from_image(sample(name, "flip").astype(np.uint8) * 200)
    assert dark.probability == found.probability
    assert dark.levels == (0, 200)


@pytest.mark.parametrize(
    ("noise", "dtype"),
    [
        (GaussianNoise(8000.0, (10000.0, 40000.0)), np.uint16),
        (GaussianNoise(15000.0, (10000.0, 40000.0)), np.uint16),
        (GaussianNoise(2000.0, (-9000.0, -5000.0)), np.int16),
        (GaussianNoise(0.5), np.float32),
        (GaussianNoise(1.0), np.float64),
        (GaussianNoise(0.25, (0.2, 0.7)), np.float32),
        (GaussianNoise(1e-6, (-3e-6, 0.0)), np.float64),
    ],
    ids=str,
)
def test_gaussian_estimates_of_other_scales(noise, dtype):
    x = noise.sample(half_and_half((240, 320)), np.random.default_rng(5)).astype(np.float64)
    if np.dtype(dtype).kind in "iu":
        x = np.clip(np.rint(x), np.iinfo(dtype).min, np.iinfo(dtype).max)
    assert_close(GaussianNoise.from_image(x.astype(dtype)), noise, 0.03)


def test_known_parameters_are_kept(sample):
    x = sample("letter_a", "gaussian")
    assert GaussianNoise.from_image(x, sigma=50.0).sigma == 50.0
    assert GaussianNoise.from_image(x, levels=(70, 180)).levels == (70, 180)
    assert GaussianNoise.from_image(x, sigma=50.0).levels != (-1, 1)
    assert GaussianNoise.from_image(x, limits=(0, 250)).limits == (0, 250)
    found = FlipNoise.from_image(x, probability=0.2)
    assert found.probability == 0.2
    assert 0 < found.levels[0] < 127.5 < found.levels[1] < 255
    assert FlipNoise.from_image(x, levels=(3, 250)).levels == (3, 250)


@pytest.mark.parametrize("name", NOISE_MODELS)
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


@pytest.mark.parametrize("name", NOISE_MODELS)
@pytest.mark.parametrize("bright", [False, True])
def test_a_constant_bool_picture_stays_as_it_is(name, bright):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # its levels may be known
        found = denoise(np.full((5, 6), bright), name)
    assert np.all(found.image == bright)


@EVERY_EXAMPLE
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
    field, offset = field_and_offset(found, x, mask)
    assert not field.any()
    assert offset == 0


@pytest.mark.parametrize("sigma", [1e-20, 1e-30, 1e30])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_extreme_sigmas_stay_finite(sigma, dtype):
    x = np.array([[0, 100, 127, 128, 200, 255]], dtype)
    found = denoise(x, GaussianNoise(sigma, (64, 191)))
    field = found.model.field
    assert np.isfinite([*field[0], found.model.offset, found.solution.bound]).all()
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
        (FlipNoise, {"probability": 0}, r"^probability: must be in \(0, 0.5\)"),
        (FlipNoise, {"probability": 0.5}, r"^probability: must be in \(0, 0.5\)"),
        (FlipNoise, {"probability": np.nan}, r"^probability: must be in \(0, 0.5\)"),
        (FlipNoise, {"levels": (1, 0)}, r"^levels: must rise"),
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
        noise = NOISE_MODELS[name].from_image(x)
    assert noise.levels[0] < noise.levels[1]
    assert np.isfinite(field_and_offset(noise, x)[0]).all()


@pytest.mark.parametrize("seed", range(40))
def test_patternless_pictures_can_be_estimated(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 2))
    x = GaussianNoise(0.5).sample(np.where(rng.random(shape) < 0.5, 1, -1), rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # 1 x 1
        noise = GaussianNoise.from_image(x)
    assert noise.levels[0] < noise.levels[1]


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


@pytest.mark.parametrize("margin", [5, 20, 60, 150])
@pytest.mark.parametrize("value", [0, 255])
def test_a_margin_without_noise_does_not_mislead(margin, value):
    """What was put around a noisy page after the noise says nothing about the noise."""
    rng = np.random.default_rng(margin)
    clean = np.kron(rng.random((30, 40)) < 0.8, np.ones((8, 8))) > 0
    page = GaussianNoise(40.0, (60.0, 200.0), (0.0, 255.0)).sample(clean, rng)
    x = np.full((240 + 2 * margin, 320 + 2 * margin), value, np.uint8)
    x[margin:-margin, margin:-margin] = np.rint(page)
    noise = GaussianNoise.from_image(x)
    assert noise.levels == pytest.approx((60, 200), abs=4)
    assert noise.sigma == pytest.approx(40, rel=0.05)


def test_two_grey_values_are_no_gaussian_noise():
    x = np.where(np.random.default_rng(0).random((20, 30)) < 0.5, np.uint8(255), np.uint8(0))
    with pytest.warns(EstimationWarning, match="flip"):
        found = denoise(x, "gaussian")
    np.testing.assert_array_equal(found.image, x > 0)
    assert found.noise.levels == (0, 255)


def test_log_ndtr_agrees_with_scipy():
    from scipy.special import log_ndtr as judge

    from isingdenoise.noise._normal import log_ndtr

    a = np.concatenate([np.linspace(-1e4, 9, 20001), np.linspace(-40, -20, 2001)])
    np.testing.assert_allclose([log_ndtr(v) for v in a], judge(a), rtol=1e-11)


def test_blur_and_opening_agree_with_scipy():
    from scipy import ndimage

    from isingdenoise.noise._flat import whole_blocks
    from isingdenoise.noise._grey import _box_mean

    rng = np.random.default_rng(2)
    for shape in [(1, 1), (1, 9), (7, 2), (3, 3), (20, 31)]:
        grey = rng.normal(size=shape)
        np.testing.assert_allclose(_box_mean(grey), ndimage.uniform_filter(grey, 5, mode="nearest"))
        marked = rng.random(shape) < 0.9
        opened = ndimage.binary_opening(marked, np.ones((3, 3)))
        np.testing.assert_array_equal(whole_blocks(marked), opened)

"""Pictures of counts and of probabilities."""

import numpy as np
import pytest
from noise_examples import assert_close, half_and_half
from scipy import special, stats

from isingdenoise import (
    EstimationWarning,
    ParameterError,
    PoissonNoise,
    ProbabilityNoise,
    denoise,
)
from isingdenoise.noise import field_and_offset

PICTURES = ["text", "horse", "qr_code", "mask"]


def test_poisson_agrees_with_scipy():
    counts = np.arange(3000.0)
    for rates in [(0.5, 3.0), (20.0, 40.0), (900.0, 1100.0)]:
        found = PoissonNoise(rates).log_likelihood(counts)
        for log_p, rate in zip(found, rates, strict=True):
            np.testing.assert_allclose(log_p, stats.poisson.logpmf(counts, rate), rtol=1e-10)


def test_poisson_field():
    x, (dark, bright) = np.array([[0, 3, 10, 40]]), (4.0, 12.0)
    field = field_and_offset(PoissonNoise((dark, bright)), x)[0]
    expected = (x * np.log(bright / dark) - (bright - dark)) / 2
    np.testing.assert_allclose(field, expected, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(5, 20), (20, 40), (2, 8), (200, 300)], ids=str)
@pytest.mark.parametrize("name", PICTURES)
def test_poisson_estimates(name, rates, sample):
    noise = PoissonNoise(rates)
    z = np.tile(sample(name, "clean"), (5, 5))[:512, :512]
    x = noise.sample(z, np.random.default_rng(31))
    for dtype in ("u2", "i4", "f4"):
        found = PoissonNoise.from_image(x.astype(dtype))
        np.testing.assert_allclose(found.rates, rates, rtol=0.05)
    assert found.levels == found.rates


@pytest.mark.slow
def test_counts_can_be_cleaned(sample):
    clean = sample("horse", "clean")
    x = PoissonNoise((2, 8)).sample(clean, np.random.default_rng(32)).astype(np.uint8)
    assert np.mean(denoise(x, "poisson").image != clean) < 0.01
    two = clean.astype(np.uint8) * 200
    np.testing.assert_array_equal(denoise(two, "poisson").image, clean)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([[3, -1]]), "^image: holds -1, and counts are never negative"),
        (np.array([[3.0, 2.5]]), "^image: holds fractions"),
        (np.array([[True, False]]), "^(image: has 1 bit|levels: .* 1-bit picture)"),
    ],
)
def test_what_is_no_count_is_refused(x, message):
    for noise in ("poisson", PoissonNoise((1, 3))):
        with pytest.raises(ParameterError, match=message):
            denoise(x, noise)


def test_what_stands_in_missing_pixels_need_not_be_valid():
    x = np.array([[4, 9, -1], [3, 8, 12]])
    found = denoise(x, "poisson", mask=x >= 0)
    assert found.model.field[0, 2] == 0
    p = np.array([[0.2, 0.9, -9.0], [0.1, 0.6, 0.7]])
    found = denoise(p, "probability", mask=p >= 0)
    assert found.model.field[0, 2] == 0


@pytest.mark.parametrize("count", [0, 1, 7, 200])
@pytest.mark.parametrize("dtype", ["u1", "i4", "f4"])
@pytest.mark.parametrize("shape", [(1, 1), (6, 7)])
def test_constant_counts(count, dtype, shape):
    with pytest.warns(EstimationWarning, match="all pixels are equal"):
        found = denoise(np.full(shape, count, dtype), "poisson")
    assert np.all(found.image == (count > (127 if dtype == "u1" else 0)))


@pytest.mark.parametrize("count", [3, 40])
def test_counts_of_one_rate_alone(count):
    """Nothing to tell apart, but nothing to stumble over."""
    x = np.random.default_rng(33).poisson(count, (64, 64))
    dark, bright = PoissonNoise.from_image(x).rates
    assert 0 < dark <= count * 1.1
    assert bright >= count * 0.9


def test_probability_field():
    p = np.array([[0.0, 1e-4, 0.1, 0.5, 0.9, 1.0]])
    field = field_and_offset(ProbabilityNoise(), p)[0]
    expected = special.logit(np.clip(p, 1e-3, 1 - 1e-3)) / 2
    np.testing.assert_allclose(field, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("dtype", "top"), [("f4", 1), ("f8", 1), ("u1", 255), ("u2", 65535), ("i8", 1), ("?", 1)]
)
def test_probabilities_on_every_scale(dtype, top):
    p = np.array([[0.0, 1.0, 1.0, 0.0]]) if top == 1 else np.array([[0.0, 0.2, 0.8, 1.0]])
    noise = ProbabilityNoise.from_image((p * top).astype(dtype))
    field = field_and_offset(noise, (p * top).astype(dtype))[0]
    expected = special.logit(np.clip(p, 1e-3, 1 - 1e-3)) / 2
    np.testing.assert_allclose(field, expected, rtol=1e-4)


@pytest.mark.slow
def test_verdicts_can_be_cleaned(sample):
    clean = sample("horse", "clean")
    p = ProbabilityNoise().sample(clean, np.random.default_rng(34))
    for x in (p, np.rint(p * 255).astype(np.uint8), np.rint(p * 65535).astype(np.uint16)):
        assert np.mean((x > x.max() / 2) != clean) > 0.2
        assert np.mean(denoise(x, "probability", coupling=0.8).image != clean) < 0.02
    for sure in (clean, clean.astype(np.uint8) * 255):
        assert np.mean(denoise(sure, "probability").image != clean) <= 5e-4


def test_models_without_parameters_fit_themselves():
    noise, x = ProbabilityNoise(0.01), half_and_half() * 0.25 + 0.5
    assert noise.fit(x, half_and_half()) is noise
    assert_close(ProbabilityNoise.from_image(x, floor=0.01), noise, 1e-12)


@pytest.mark.parametrize(
    "x",
    [np.array([[0.0, 1.2]]), np.array([[-0.1, 0.5]]), np.array([[0, 2]]), np.array([[-1, 1]])],
    ids=str,
)
def test_what_is_no_probability_is_refused(x):
    for noise in ("probability", ProbabilityNoise()):
        with pytest.raises(ParameterError, match=r"^image: holds values .* lie between 0 and 1"):
            denoise(x, noise)


def test_labels_that_look_like_probabilities_are_warned_of():
    x = np.array([[0, 1, 1]], np.uint8)
    with pytest.warns(EstimationWarning, match="levels 0,1"):
        ProbabilityNoise.from_image(x)
    assert np.all(denoise(x, ProbabilityNoise(levels=(0, 1))).image == (x > 0))

"""Flipped pixels, and salt and pepper on two values: what neighbours tell of their shares."""

import numpy as np
import pytest
from noise_examples import ENDS

from isingdenoise import FlipNoise, FlipPerLevelNoise, SaltPepperNoise, denoise
from isingdenoise.noise import field_and_offset

PICTURES = ["text", "small_text", "horse", "qr_code", "mask", "letter_a"]


def large(clean):
    return np.tile(clean, (5, 5))[:512, :512]


@pytest.mark.parametrize("name", PICTURES)
def test_flip_estimates_of_the_samples(name, sample):
    """Thin strokes look like flips: at most a tenth too many."""
    found = FlipNoise.from_image(sample(name, "flip"))
    assert 0.097 <= found.probability <= 0.11
    assert found.levels == (-1, 1)
    dark = FlipNoise.from_image(sample(name, "flip").astype(np.uint8) * 200)
    assert dark.probability == found.probability
    assert dark.levels == (0, 200)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("p", [0.01, 0.05, 0.1, 0.2, 0.3])
def test_flip_estimates_of_large_pictures(name, p, sample):
    z = large(sample(name, "clean"))
    found = FlipNoise.from_image(FlipNoise(p).sample(z, np.random.default_rng(21)))
    assert found.probability == pytest.approx(p, rel=0.05, abs=1e-3)


@pytest.mark.parametrize("name", ["horse", "qr_code", "mask", "letter_a"])
@pytest.mark.parametrize(("black", "white"), [(0.1, 0.1), (0.05, 0.2), (0.2, 0.05), (0.3, 0.02)])
def test_estimates_per_level_of_pictures_with_parts(name, black, white, sample):
    """Flips of both levels are estimated where both have parts wider than strokes."""
    z = large(sample(name, "clean"))
    x = FlipPerLevelNoise(black, white).sample(z, np.random.default_rng(22))
    found = FlipPerLevelNoise.from_image(x)
    assert found.black == pytest.approx(black, rel=0.05, abs=2e-3)
    assert found.white == pytest.approx(white, rel=0.05, abs=2e-3)
    impulses = SaltPepperNoise.from_image(x)
    assert impulses.sigma == 0
    assert impulses.salt == pytest.approx(found.black, abs=1e-3)
    assert impulses.pepper == pytest.approx(found.white, abs=1e-3)


def test_thin_strokes_take_the_share_of_their_ground(sample):
    z = large(sample("small_text", "clean"))
    x = FlipPerLevelNoise(0.3, 0.05).sample(z, np.random.default_rng(23))
    found = FlipPerLevelNoise.from_image(x)
    assert found.white == pytest.approx(0.05, rel=0.1)
    assert found.black == pytest.approx(found.white, rel=1e-3)
    known = FlipPerLevelNoise.from_image(x, black=0.3)
    assert (known.black, known.white) == (0.3, found.white)


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("noise", ["flip", "flip-per-level", "salt-pepper"])
def test_clean_pictures_stay_as_they_are(name, noise, sample):
    clean = sample(name, "clean")
    for x in (clean, clean.astype(np.uint8) * 255, clean * 0.5):
        np.testing.assert_array_equal(denoise(x, noise).image, clean)


def test_fields_are_the_log_odds_of_the_channel():
    x = np.array([[0, 255]], np.uint8)
    odds = np.log(np.array([0.02 / 0.9, 0.98 / 0.1])) / 2
    for noise in (
        FlipPerLevelNoise(0.1, 0.02, ENDS),
        SaltPepperNoise(0.1, 0.02, 0.0, ENDS, ENDS),
    ):
        np.testing.assert_allclose(field_and_offset(noise, x)[0][0], odds, rtol=1e-6)
    equal = FlipPerLevelNoise(0.1, 0.1, ENDS), FlipNoise(0.1, ENDS)
    np.testing.assert_allclose(*(field_and_offset(noise, x)[0] for noise in equal), rtol=1e-6)


def test_an_impulse_hardly_speaks_for_either_level():
    noise = SaltPepperNoise(0.1, 0.1, 20.0, (64.0, 191.0), ENDS)
    x = np.array([[0, 30, 64, 191, 220, 255]], np.uint8)
    field = field_and_offset(noise, x)[0][0]
    assert np.all(np.abs(field[[0, 5]]) < 0.01)
    assert np.all(field[[1, 2]] < -10)
    assert np.all(field[[3, 4]] > 10)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_impulses_of_other_dtypes_lie_at_repeated_extremes(dtype, sample):
    noise = SaltPepperNoise(0.05, 0.08, 30.0, (100.0, 300.0), (-50.0, 450.0))
    x = noise.sample(large(sample("horse", "clean")), np.random.default_rng(24))
    found = SaltPepperNoise.from_image(np.rint(x).astype(dtype) if dtype == "i4" else x)
    assert found.limits == (-50, 450)
    assert found.salt == pytest.approx(0.05, rel=0.05)
    assert found.pepper == pytest.approx(0.08, rel=0.05)
    assert found.sigma == pytest.approx(30, rel=0.05)


def test_without_impulses_none_are_found(sample):
    x = sample("horse", "clean") * 1.0 + np.random.default_rng(25).normal(0, 0.2, (328, 400))
    found = SaltPepperNoise.from_image(x)
    assert found.salt == found.pepper == 1e-4
    assert found.limits[0] < x.min() < x.max() < found.limits[1]
    assert found.sigma == pytest.approx(0.2, rel=0.02)

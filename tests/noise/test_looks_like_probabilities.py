"""Probabilities of classifiers are told from grey values between 0 and 1, or hinted at."""

import numpy as np
import pytest
from command_line import scene

from isingdenoise import GaussianNoise, ProbabilityNoise, denoise
from isingdenoise.learning import choose_noise
from isingdenoise.messages import EstimationWarning, collected
from isingdenoise.noise.estimation.probabilities import (
    looks_like_probabilities,
    may_be_probabilities,
)

SCENE = scene(256, 256)
SPINS = np.where(SCENE, 1.0, -1.0)


def noise(sigma, seed=0):
    return sigma * np.random.default_rng(seed).normal(size=SCENE.shape)


def logistic(t):
    return 1 / (1 + np.exp(-t))


def verdict(sigma):
    """Return P(bright) of a classifier that sees pixels in noise of this sigma, and is right."""
    return logistic(2 * (SPINS + noise(sigma)) / sigma**2)


def with_holes(x):
    x = np.array(x, np.float64)
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    return x


PROBABILITIES = {
    "calibrated": verdict(1.0),
    "calibrated and sure": verdict(0.6),
    "with holes": with_holes(verdict(1.0)),
    "float32, many of them 1": logistic(8 * (SPINS + noise(1.0))).astype(np.float32),
    "beta": np.where(SCENE, 0, 1)
    + np.where(SCENE, 1, -1) * (1 - np.random.default_rng(0).beta(0.3, 0.9, SCENE.shape)),
}
GREY = {
    "a scan": np.clip(np.rint(127.5 + 63.5 * SPINS + noise(60)), 0, 255) / 255,
    "a scan in float32": (np.clip(np.rint(127.5 + 63.5 * SPINS + noise(60)), 0, 255) / 255).astype(
        np.float32
    ),
    "a faint scan of 16 bits": np.rint(20000 + 5000 * SPINS + noise(900)) / 65535,
    "two values": SCENE.astype(float),
    **{
        f"cut off, levels {low} and {1 - low}, sigma {sigma}": np.clip(
            0.5 + (0.5 - low) * SPINS + noise(sigma), 0, 1
        )
        for low in (0.0, 0.1, 0.25)
        for sigma in (0.05, 0.2, 0.5, 1.0)
    },
    "stretched": (SPINS + noise(0.6) - (SPINS + noise(0.6)).min())
    / np.ptp(SPINS + noise(0.6)),
    "beyond the ends": 0.5 + 0.5 * SPINS + noise(0.3),
    "thumbnails of a scan": 0.5 * np.roll(SCENE, 1, 0) * 0.8 + 0.4 * SCENE + 0.1 + noise(0.02),
    "integers": np.clip(127.5 + 127.5 * SPINS + noise(60), 0, 255).astype(np.uint8),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBABILITIES)
def test_probabilities_are_known(case):
    x = PROBABILITIES[case]
    assert looks_like_probabilities(x)
    with pytest.warns(EstimationWarning, match="taken for probabilities"):
        assert isinstance(choose_noise(x), ProbabilityNoise)


@pytest.mark.parametrize("case", GREY)
def test_grey_values_are_not_taken_for_them_and_not_hinted_at(case):
    x = GREY[case]
    assert not looks_like_probabilities(x)
    assert not may_be_probabilities(x)
    assert not looks_like_probabilities(with_holes(x)) or x.dtype.kind != "f"


@pytest.mark.parametrize("sigma", [1.5, 1.7])
def test_a_classifier_that_is_unsure_is_hinted_at(sigma):
    x = verdict(sigma)
    assert not looks_like_probabilities(x)
    with collected() as messages:
        choose_noise(x)
    assert any("probability if a classifier gave them" in message for message in messages)


def test_few_pixels_and_masked_ones_tell_nothing():
    x = verdict(1.0)
    assert not looks_like_probabilities(x[:8, :8])
    mask = np.zeros(x.shape, bool)
    assert not looks_like_probabilities(x, mask)
    mask[:128] = True
    beyond = np.where(mask, x, 7.0)
    assert looks_like_probabilities(beyond, mask)
    assert not looks_like_probabilities(beyond)


def test_what_auto_chooses_is_as_good_as_the_name():
    sure = with_holes(verdict(0.9))
    with collected():
        wrong = {
            name: np.mean(denoise(sure, name).image != SCENE)
            for name in ("auto", "probability", "gaussian")
        }
    assert wrong["auto"] == wrong["probability"] < 0.02
    assert wrong["gaussian"] > 1.5 * wrong["auto"]  # control


def test_a_model_that_is_named_is_not_questioned():
    with collected() as messages:
        found = denoise(verdict(1.0), GaussianNoise(0.3, (0.05, 0.95)), coupling=0.5)
    assert isinstance(found.noise, GaussianNoise)
    assert not any("probabilit" in message for message in messages)

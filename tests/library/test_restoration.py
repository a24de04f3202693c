"""`denoise_ising`: among the functions of `skimage.restoration`, and in their calibration."""

import inspect

import numpy as np
import pytest
from skimage.restoration import calibrate_denoiser, denoise_tv_chambolle

from isingdenoise import GaussianNoise, denoise, denoise_ising

CLEAN = np.kron(np.eye(4), np.ones((12, 12)))
NOISY = CLEAN + np.random.default_rng(0).normal(scale=0.35, size=CLEAN.shape)
NOISE = GaussianNoise(0.35, (0.0, 1.0))


def error(image):
    return float(np.mean((image - CLEAN) ** 2))


def test_it_returns_the_posterior_mean_in_the_grey_values_of_the_picture():
    found = denoise_ising(10 + 20 * NOISY, GaussianNoise(7.0, (10.0, 30.0)), coupling=0.6)
    expected = denoise(NOISY, NOISE, coupling=0.6).probability
    np.testing.assert_allclose(found, 10 + 20 * expected, atol=1e-4)


def test_it_is_nearer_to_the_clean_picture_than_total_variation_at_its_best():
    best = min(error(denoise_tv_chambolle(NOISY, weight=w)) for w in (0.1, 0.2, 0.3, 0.5, 0.8))
    assert error(denoise_ising(NOISY)) < best / 2


@pytest.mark.parametrize(
    ("given", "returned"),
    [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("u1", "f8"), ("i4", "f8"), ("?", "?")],
)
def test_types_are_those_of_scikit_image(given, returned):
    image = NOISY > 0.5 if given == "?" else (100 + 50 * NOISY).astype(given)
    before = image.copy()
    found = denoise_ising(image, coupling=0.5)
    assert found.dtype == np.dtype(returned)
    assert found.shape == image.shape
    np.testing.assert_array_equal(image, before)


def test_an_engine_of_labels_alone_gives_the_levels():
    found = denoise_ising(NOISY, NOISE, engine="icm", coupling=0.6)
    assert set(np.unique(found)) == {0.0, 1.0}


def test_light_is_put_back():
    light = np.linspace(1, 3, CLEAN.shape[1]) * np.ones(CLEAN.shape)
    given = (1 + CLEAN + 0.1 * (NOISY - CLEAN)) * light
    found = denoise_ising(given, "gaussian", background=light.astype(np.float32), coupling=0.6)
    np.testing.assert_allclose(found, (1 + CLEAN) * light, rtol=0.05)


def test_calibration_chooses_a_coupling_that_restores_well():
    tried = {"coupling": [0.01, 0.3, 0.6], "noise": [NOISE]}
    calibrated, (parameters, losses) = calibrate_denoiser(
        NOISY, denoise_ising, tried, extra_output=True
    )
    assert len(losses) == 3
    errors = [error(denoise_ising(NOISY, **one)) for one in parameters]
    assert parameters[int(np.argmin(losses))]["coupling"] > 0.01
    assert error(calibrated(NOISY)) < errors[0] / 3


def test_its_arguments_are_those_of_denoise():
    own, whole = (inspect.signature(f).parameters for f in (denoise_ising, denoise))
    assert {name: p.default for name, p in own.items()} == {
        name: whole[name].default for name in own
    }

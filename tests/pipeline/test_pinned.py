"""Figures that nothing else would miss: where complaints begin, the half that no one crosses."""

import dataclasses
import math

import numpy as np
import pytest
from command_line import scene, succeed

from isingdenoise import FlipNoise, GaussianNoise, Gibbs, denoise
from isingdenoise.inference import _chains
from isingdenoise.learning import Calibration
from isingdenoise.pipeline import complaints as complaints_of
from isingdenoise.result import DenoiseResult

NOISY = 2.0 * scene() - 1 + np.random.default_rng(0).standard_normal((32, 32))


@pytest.fixture(scope="module")
def sampled():
    return denoise(scene(), FlipNoise(0.1), engine=Gibbs(sweeps=8), coupling=0.4, rng=0)


def complaints(result, r_hat, **settings):
    sweeps = settings.get("sweeps", 8)
    advice = tuple(_chains.chain_advice(math.nan if r_hat is None else r_hat, sweeps))
    solution = dataclasses.replace(result.solution, advice=advice)
    return [str(said) for said in complaints_of(dataclasses.replace(result, solution=solution))]


def test_chains_disagree_from_an_r_hat_of_1_1_on(sampled):
    assert complaints(sampled, 1.1) == complaints(sampled, 1.0) == []
    for r_hat in (1.1001, 1.5, np.inf):
        (said,) = complaints(sampled, r_hat)
        assert said.startswith(f"the chains disagree (R-hat {r_hat:.2f})")
    assert complaints(sampled, None) == []


def test_four_sweeps_are_needed_to_tell(sampled):
    assert complaints(sampled, 1.0, sweeps=4) == []
    (said,) = complaints(sampled, np.nan, sweeps=3)
    assert said.startswith("too few sweeps")


@pytest.mark.parametrize("bias", [-8.0, 8.0])
def test_probabilities_never_contradict_the_picture(bias, tmp_path):
    """A calibration that leans to one side as far as it can."""
    result = denoise(NOISY, GaussianNoise(1.0), calibration=Calibration(bias, 0.01), rng=0)
    p, bright = result.probability, result.image
    assert p.dtype == np.float32
    assert p[bright].min() >= 0.5
    assert p[~bright].max() < 0.5
    # Without the clamp many would: they stand at it.
    at_half = p[bright] == 0.5 if bias < 0 else p[~bright] == np.nextafter(np.float32(0.5), 0)
    assert np.mean(at_half) > 0.01
    assert isinstance(result, DenoiseResult)


def test_so_do_those_of_a_file(tmp_path):
    np.save(tmp_path / "n.npy", NOISY)
    words = ["run", tmp_path / "n.npy", "-o", tmp_path / "c.npy.png"]
    succeed(*words, "--probability", tmp_path / "p.npy")
    from PIL import Image

    with Image.open(tmp_path / "c.npy.png") as picture:
        bright = np.array(picture)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy") >= 0.5, bright)

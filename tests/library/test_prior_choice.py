"""`denoise` takes the prior that a picture speaks for, or the one that it is told to."""

import json

import numpy as np
import pytest
from networks import save_network

from isingdenoise import EstimationWarning, FlipNoise, MeanField, denoise
from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.inference import Amortised


def text(sample):
    return sample("text", "flip"), sample("text", "clean")


def test_text_takes_the_learned_prior_and_gains_by_it(sample):
    noisy, clean = text(sample)
    chosen, ising = denoise(noisy, "flip"), denoise(noisy, "flip", prior="ising")
    prior = chosen.settings["prior"]
    assert (prior["name"], prior["source"]) == ("learned", "chosen")
    assert prior["gain"] > 100
    assert chosen.settings["engine"]["name"] == "amortised"
    assert ising.settings["prior"] == {"name": "ising", "source": "given"}
    assert np.mean(chosen.image != clean) < 0.95 * np.mean(ising.image != clean)
    json.dumps(chosen.settings["prior"])


def test_the_choice_is_as_good_as_naming_the_prior(sample):
    noisy, _ = text(sample)
    chosen, named = denoise(noisy, "flip"), denoise(noisy, "flip", prior="learned")
    assert np.array_equal(chosen.image, named.image)
    assert np.array_equal(chosen.probability, named.probability)
    assert named.settings["prior"]["source"] == "given"


@pytest.mark.filterwarnings("ignore::isingdenoise.EstimationWarning")
def test_stripes_that_the_prior_does_not_know_are_left_to_the_ising_model():
    stripes = np.tile(np.arange(160) % 2 == 0, (160, 1))
    noisy = stripes ^ (np.random.default_rng(0).random(stripes.shape) < 0.05)
    chosen, ising = denoise(noisy, "flip"), denoise(noisy, "flip", prior="ising")
    assert np.mean(chosen.image != stripes) <= np.mean(ising.image != stripes)


def test_a_coupling_or_an_engine_asks_for_the_ising_prior(sample):
    noisy, _ = text(sample)
    for given in ({"coupling": 0.6}, {"engine": "mf"}, {"engine": MeanField(tol=1e-2)}):
        found = denoise(noisy, "flip", **given).settings
        assert found["prior"] == {"name": "ising", "source": "chosen"}
        assert found["engine"]["name"] == "mf"


def test_a_picture_that_is_left_alone_asks_no_prior(sample):
    found = denoise(sample("text", "clean"))
    assert found.fit.left_alone
    assert found.settings["prior"] == {"name": "ising", "source": "chosen"}
    assert found.changed == 0


def test_a_file_of_weights_is_a_prior(tmp_path, sample):
    noisy, _ = text(sample)
    path = save_network(tmp_path / "own.npz")
    found = denoise(noisy, "flip", prior=path, coupling=0.5)
    assert found.settings["engine"] == {"name": "amortised", "prior": str(path), "tile": 1024,
                                        "passes": 2, "parallel": None}  # fmt: skip
    assert found.calibration is None
    with pytest.raises(ReadError, match=r"no\.npz"):
        denoise(noisy, "flip", prior=tmp_path / "no.npz", coupling=0.5)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"engine": "gibbs", "prior": "learned"}, "does not go with engine gibbs"),
        ({"engine": "amortised", "prior": "ising"}, "does not go with engine amortised"),
        ({"engine": Amortised(prior="a.npz"), "prior": "b.npz"}, "give it once"),
    ],
)
def test_what_does_not_go_together_is_refused(given, text):
    with pytest.raises(ParameterError, match=text):
        denoise(np.zeros((8, 8), bool), FlipNoise(0.1), coupling=0.5, **given)


def test_protected_pixels_stay(sample):
    noisy, _ = text(sample)
    part = noisy[:128, :128]
    kept = np.zeros(part.shape, bool)
    kept[::3, ::2] = True
    found = denoise(part, FlipNoise(0.1), prior="learned", protect=kept)
    assert np.array_equal(found.image[kept], part[kept])
    assert found.probability[kept & part].min() > 0.99


def test_probabilities_agree_with_the_picture_and_are_calibrated(sample):
    noisy, clean = text(sample)
    found = denoise(noisy, "flip")
    p = found.probability
    assert p.dtype == np.float32
    assert ((p >= 0.5) == found.image).all()
    unsure = (p > 0.3) & (p < 0.7)
    assert unsure.any()
    assert abs(clean[unsure].mean() - p[unsure].mean()) < 0.1


def test_missing_pixels_are_filled_in(sample):
    noisy, clean = text(sample)
    known = np.ones(noisy.shape, bool)
    known[::4, ::4] = False
    found = denoise(noisy, "flip", mask=known, prior="learned")
    ising = denoise(noisy, "flip", mask=known, prior="ising")
    errors = [np.mean(one.image[~known] != clean[~known]) for one in (found, ising)]
    assert errors[0] < errors[1]


def test_a_prior_that_is_named_against_the_picture_warns(tmp_path, sample):
    noisy, _ = text(sample)
    path = save_network(tmp_path / "random.npz", size=3.0)  # it knows nothing
    with pytest.warns(EstimationWarning, match="speak against the learned prior"):
        found = denoise(noisy[:200, :200], FlipNoise(0.1), prior=path)
    assert found.settings["prior"]["gain"] < 0


@pytest.mark.parametrize("how", [{"prior": "learned"}, {"engine": "boltzmann"}])
def test_a_learned_prior_that_changes_what_is_left_alone_is_told_of(how):
    dense = np.random.default_rng(0).random((60, 60)) < 0.5  # a code of a pixel a module
    chosen = denoise(dense)
    assert chosen.fit.left_alone
    assert chosen.changed == 0
    with pytest.warns(EstimationWarning, match="nothing speaks for noise, and yet the learned"):
        found = denoise(dense, **how)
    assert found.changed > 0.05


def test_a_learned_prior_that_leaves_it_alone_is_not():
    page = np.ones((60, 60), bool)
    page[10:50:12, 8:52] = False
    found = denoise(page, prior="learned")  # a warning would be an error
    assert found.fit.left_alone
    assert found.changed == 0

"""`--prior`: chosen by the picture, named, or a file; told in the report and in JSON."""

import json

import numpy as np
import pytest
from command_line import error_line, invoke, load, save, succeed
from networks import save_network

from isingdenoise import Amortised, MeanField, ParameterError, denoise


@pytest.fixture
def page(tmp_path, sample):
    return save(tmp_path / "noisy.png", sample("text", "flip"))


def test_the_report_says_which_prior_was_chosen_and_why(page, tmp_path):
    done = succeed("run", page, "-o", tmp_path / "a.png", "--noise", "flip")
    (line,) = [line for line in done.stdout.splitlines() if line.split()[0] == "prior"]
    assert "learned; the learned one leads the Ising model's by" in line
    assert "hidden pixels" in line
    found = json.loads(succeed("run", page, "-o", tmp_path / "b.png", "--noise", "flip",
                               "--json").stdout)  # fmt: skip
    assert found["prior"]["name"] == "learned"
    assert found["engine"]["name"] == "amortised"
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_priors_are_named_or_files(page, tmp_path):
    weights = save_network(tmp_path / "own.npz")
    common = ("run", page, "--noise", "flip", "--json")
    names = {}
    for k, prior in enumerate(("ising", "learned", weights)):
        done = succeed(*common, "-o", tmp_path / f"{k}.png", "--prior", prior)
        names[prior] = json.loads(done.stdout)["engine"]
    assert names["ising"]["name"] == "mf"
    assert names["learned"]["prior"] is None
    assert names[weights]["prior"] == weights
    same = succeed(*common, "-o", tmp_path / "x.png", "--engine", "amortised", "-O",
                   f"prior={weights}")  # fmt: skip
    assert json.loads(same.stdout)["engine"] == names[weights]
    assert np.array_equal(load(tmp_path / "x.png")[1], load(tmp_path / "2.png")[1])


def test_settings_of_mean_field_ask_for_the_ising_prior(page, tmp_path):
    done = succeed("run", page, "-o", tmp_path / "a.png", "-O", "tol=1e-2", "--json")
    assert json.loads(done.stdout)["engine"]["tol"] == 0.01
    done = succeed("run", page, "-o", tmp_path / "d.png", "-O", "tol=1e-3", "--json")
    assert json.loads(done.stdout)["engine"]["name"] == "mf"  # the default, but named


def test_settings_of_a_named_engine_choose_none(page, tmp_path):
    for k, setting in enumerate(("icm.max_sweeps=3", "mf.tol=1e-2", "amortised.tile=65536")):
        words = ("run", page, "-o", tmp_path / f"{k}.png", "-O", setting, "--json")
        engine = json.loads(succeed(*words).stdout)["engine"]
        assert engine["name"] == "amortised"
        assert engine["tile"] == (65536 if k == 2 else Amortised().tile)
        ising = json.loads(succeed(*words, "--prior", "ising", "--force").stdout)["engine"]
        assert (ising["name"], ising["tol"]) == ("mf", 0.01 if k == 1 else 1e-3)


def test_either_prior_has_its_engine(sample):
    weak = MeanField(tol=0.5), Amortised(tile=65536)
    learned = denoise(sample("text", "flip"), "flip", engine=weak)
    assert learned.settings["engine"]["tile"] == 65536
    ising = denoise(sample("text", "flip"), "flip", engine=weak, prior="ising")
    assert ising.settings["engine"]["tol"] == 0.5
    with pytest.raises(ParameterError, match="one engine or two, not 3"):
        denoise(np.eye(4), engine=(*weak, weak[0]))


@pytest.mark.parametrize(
    ("args", "text", "code"),
    [
        (("--prior", "none.npz"), "none.npz", 3),
        (("--prior", "learned", "--engine", "icm"), "--prior: learned does not go with", 2),
        (("--prior", "ising", "--engine", "amortised"), "--prior: ising does not go with", 2),
    ],
)
def test_what_cannot_be_is_told_in_one_line(page, tmp_path, args, text, code):
    done = invoke("run", page, "-o", tmp_path / "a.png", *args)
    assert text in error_line(done, code)
    assert not (tmp_path / "a.png").exists()


def test_a_file_without_weights_is_told_by_name(page, tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    done = invoke("run", page, "-o", tmp_path / "a.png", "--prior", tmp_path / "bad.npz")
    assert "bad.npz" in error_line(done, 3)


def test_a_batch_is_up_to_date_while_the_weights_are(page, tmp_path):
    scans = tmp_path / "scans"
    scans.mkdir()
    save(scans / "one.png", load(page)[1][:64, :64])
    weights = save_network(tmp_path / "own.npz")
    words = ("batch", scans, tmp_path / "out", "--noise", "flip", "--prior", weights, "--json")
    succeed(*words)
    again = json.loads(succeed(*words).stdout)
    assert again["pictures"][0]["skipped"]
    save_network(tmp_path / "own.npz", seed=1)
    changed = json.loads(succeed(*words, "--force").stdout)
    assert not changed["pictures"][0]["skipped"]

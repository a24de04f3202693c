"""What a line advises is taken literally here: the command must accept it, and it must help."""

import re

import numpy as np
import pytest
from command_line import invoke, save, save_noisy, scene, succeed

from isingdenoise.inference import ENGINES

QUICK = ["--noise", "gaussian", "--coupling", "1"]
ENOUGH = {"max_sweeps": "1000", "tol": "100", "burn_in": "300", "sweeps": "400"}
#: How each engine is made to complain.
POOR = {
    "mf": [["max_sweeps=1", "tol=0"]],
    "icm": [["max_sweeps=1"]],
    "gibbs": [["sweeps=3", "burn_in=0"], ["sweeps=4", "burn_in=0"]],
    "structured": [["max_sweeps=12", "tol=0"]],
    "bp": [["max_sweeps=1", "tol=0"]],
    "trw": [["max_sweeps=1", "tol=0"]],
    "alpha": [["max_sweeps=1", "tol=0"]],
    "mixture": [["max_sweeps=1"]],
    "sa": [["max_sweeps=1"]],
    "anneal": [["max_sweeps=1"]],
    "bbvi": [["max_sweeps=1", "tol=0"]],
    "swendsen-wang": [["sweeps=3", "burn_in=0"]],
    "perfect": [["max_sweeps=1", "samples=1"]],
}
#: Samples of strong couplings take long to meet.
EASIER = {"perfect": ["--coupling", "0.3"]}
#: These have nothing to complain of.
CONTENT = {"amortised", "boltzmann", "exact", "map", "qpbo"}
BEFORE_VALUE = re.compile(r"-O (\w+)")


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "n.png", sigma=90.0)


def options(settings):
    return [word for setting in settings for word in ("-O", setting)]


def test_every_engine_is_made_to_complain():
    assert set(POOR) == set(ENGINES) - CONTENT


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(("engine", "poor"), [(e, p) for e, ps in POOR.items() for p in ps])
@pytest.mark.parametrize("command", ["run", "batch", "compare"])
def test_settings_that_are_advised_are_taken_and_help(noisy, tmp_path, command, engine, poor):
    def go(settings, out):
        words = {
            "run": ["run", noisy, "-o", tmp_path / f"{out}.png"],
            "batch": ["batch", noisy.parent, tmp_path / out],
            "compare": ["compare", noisy],
        }[command]
        quick = [*QUICK, *EASIER.get(engine, [])]
        option = "--engines" if command == "compare" else "--engine"
        return succeed(*words, option, engine, *quick, *options(settings)).stderr

    said = go(poor, "poor")
    (line,) = said.splitlines()
    assert "raise" in line
    advised = BEFORE_VALUE.findall(line.partition("raise")[2])
    assert advised
    ways = [[name] for name in advised] if " or " in line else [advised]
    for number, way in enumerate(ways):
        changed = [f"{name}={ENOUGH[name]}" for name in way]
        kept = [s for s in poor if s.partition("=")[0] not in way]
        if way == ["max_sweeps"]:
            kept = [s for s in kept if s != "tol=0"]  # which no number of sweeps reaches
        assert go([*kept, *changed], f"better{number}") == ""


@pytest.mark.parametrize(
    ("wrong", "advice", "right"),
    [
        (["-O", "sweeps=9"], "write gibbs.sweeps=VALUE", ["-O", "gibbs.sweeps=9"]),
        (["--noise", "auto", "--sigma", "1"], "name the model", ["--sigma", "1", *QUICK[:2]]),
        (["--engine", "icm", "--probability", "p.tif"], "use mf, gibbs, ", ["--engine", "mf"]),
        (["-o", "x.nonsense"], "use .", ["-o", "x.png"]),
        (["--max-change", "7"], "write 5% or 0.05", ["--max-change", "100%"]),
        (["--levels", "5,1"], "must rise", ["--levels", "60,190"]),
    ],
)
def test_what_an_error_advises_is_taken(noisy, monkeypatch, wrong, advice, right):
    monkeypatch.chdir(noisy.parent)
    base = ["run", noisy, "--coupling", "1"]
    model = [] if "--noise" in wrong or "--noise" in right else QUICK[:2]
    done = invoke(*base, *model, *wrong)
    assert done.code == 2
    assert advice in done.stderr
    succeed(*base, *model, *right)


def test_the_noise_that_a_warning_names_is_known(tmp_path):
    flipped = scene() ^ (np.random.default_rng(0).random((32, 32)) < 0.1)
    picture = save(tmp_path / "n.png", np.where(flipped, 191, 64).astype(np.uint8))
    said = succeed("run", picture, "--noise", "gaussian").stderr
    (name,) = re.findall(r"name the noise model '([a-z-]+)'", said)
    succeed("run", picture, "--noise", name, "--force")


def test_more_change_is_allowed_as_told(noisy, tmp_path):
    words = ["run", noisy, "-o", tmp_path / "c.png", *QUICK]
    done = invoke(*words, "--max-change", "0")
    assert done.code == 6
    share = re.search(r"([\d.e-]+)% of the pixels", done.stderr)[1]
    succeed(*words, "--max-change", f"{float(share) * 1.001}%")

"""`isingdenoise train`: weights, a state to go on from, a table, and what is refused."""

import json
import sys

import numpy as np
import pytest
from command_line import error_line, invoke, save, succeed

from isingdenoise.prior import read_machine, read_network, shipped, shipped_machine

pytest.importorskip("torch")
pytest.importorskip("font_roboto")

TINY = ("--steps", "3", "--batch-size", "1", "--side", "16", "--precision", "float32")


@pytest.fixture
def pages(tmp_path):
    """Return a folder of three clean pages."""
    folder = tmp_path / "clean"
    for number in range(3):
        page = np.ones((40, 40), bool)
        page[8:30, 4 + 5 * number :: 7] = False
        save(folder / f"{number}.png", page)
    return folder


def test_a_folder_is_learned_and_judged_by_pictures_kept_apart(pages, tmp_path):
    done = succeed("train", "--folder", pages, "-o", tmp_path / "own.npz", *TINY)
    with np.load(tmp_path / "own.npz", allow_pickle=False) as content:
        about = json.loads(str(content["about"]))
    assert about["pictures"] == "3 clean pictures"
    assert about["plan"]["steps"] == 3
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["pictures", "noise", "noisy", "mean", "field", "network", "ece"]
    assert sum(line.startswith("own") for line in lines) == 6
    assert lines[-1].endswith("own.npz")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clean", "own.npz"]


def test_the_same_command_gives_the_same_file_and_json(pages, tmp_path):
    said = []
    for name in ("a.npz", "b.npz"):
        done = succeed("train", "--folder", pages, "-o", tmp_path / name, *TINY, "--json")
        said.append(json.loads(done.stdout))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert said[0]["validation"] == said[1]["validation"]
    assert set(said[0]) == {"output", "pictures", "plan", "validation", "elbo"}
    assert said[0]["elbo"] is None


def test_start_goes_on_from_weights(pages, tmp_path):
    none = ("--rate", "1e-9")
    found = []
    for name, start in (("a.npz", "learned"), ("b.npz", tmp_path / "a.npz")):
        args = ("train", "--folder", pages, "-o", tmp_path / name, *TINY, *none, "--start", start)
        found.append(json.loads(succeed(*args, "--small-parts", "4", "--json").stdout))
    assert found[0]["plan"]["start"] == shipped().digest
    assert found[0]["plan"]["planes"] == list(shipped().planes)
    assert found[0]["plan"]["small"] == 4
    own = read_network(tmp_path / "a.npz")
    assert found[1]["plan"]["start"] == own.digest
    for name, layer in shipped().layers.items():
        assert np.abs(own.layers[name].weight - layer.weight).max() < 1e-3
    command = ("train", "--folder", pages, "-o", tmp_path / "c.npz", *TINY)
    assert "none.npz" in error_line(invoke(*command, "--start", tmp_path / "none.npz"), 3)
    assert "--small-parts" in error_line(invoke(*command, "--small-parts", "-1"), 2)


@pytest.mark.slow
def test_a_machine_is_trained_started_from_and_run(pages, tmp_path):
    machine = ("--kind", "machine", "--rate", "1e-9")
    for name, start in (("a.npz", "learned"), ("b.npz", tmp_path / "a.npz")):
        args = ("train", "--folder", pages, "-o", tmp_path / name, *TINY, *machine)
        done = json.loads(succeed(*args, "--start", start, "--json").stdout)
        assert done["plan"]["planes"] == list(shipped_machine().planes)
    assert done["plan"]["start"] == read_machine(tmp_path / "a.npz").digest
    assert len(done["validation"]) == 6
    own = ("run", pages / "0.png", "--engine", "boltzmann", "--prior", tmp_path / "b.npz")
    assert "boltzmann" in succeed(*own, "-o", tmp_path / "x.png").stdout
    network = tmp_path / "network.npz"
    succeed("train", "--folder", pages, "-o", network, *TINY, "--rate", "1e-9")
    line = error_line(invoke(*args, "--start", network, "--force"), 3)
    assert "weights of a network" in line


def test_the_bound_is_an_objective_that_needs_no_clean_picture(pages, tmp_path):
    args = ("--objective", "elbo", "--elbo-coupling", "0.4")
    done = succeed("train", "--folder", pages, "-o", tmp_path / "b.npz", *TINY, *args)
    assert "evidence lower bound: mean field" in done.stdout
    assert "gap" in done.stdout


def test_resume_needs_a_state_and_a_state_asks_for_resume(pages, tmp_path):
    target = tmp_path / "a.npz"
    args = ("train", "--folder", pages, "-o", target, *TINY)
    assert "start without --resume" in error_line(invoke(*args, "--resume"), 3)
    (tmp_path / "a.npz.state").write_bytes(b"old")
    assert "add --resume" in error_line(invoke(*args), 2)
    assert "holds no training" in error_line(invoke(*args, "--resume"), 3)
    assert not target.exists()
    succeed(*args, "--force")
    assert not (tmp_path / "a.npz.state").exists()


@pytest.mark.parametrize(
    ("args", "text", "code"),
    [
        (("-o", "x.txt"), "must end in .npz", 2),
        (("--steps", "0"), "--steps", 2),
        (("--batch-size", "0"), "--batch-size", 2),
        (("--objective", "best"), "--objective", 2),
    ],
)
def test_what_is_out_of_range_is_refused(pages, tmp_path, args, text, code):
    line = error_line(invoke("train", "--folder", pages, "-o", tmp_path / "a.npz", *args), code)
    assert text in line


def test_an_empty_folder_and_an_existing_file_are_refused(pages, tmp_path):
    (tmp_path / "none").mkdir()
    command = ("train", "-o", tmp_path / "a.npz", *TINY)
    assert "holds no pictures" in error_line(invoke(*command, "--folder", tmp_path / "none"), 3)
    (tmp_path / "a.npz").write_bytes(b"kept")
    assert "--force" in error_line(invoke(*command, "--folder", pages), 4)
    assert (tmp_path / "a.npz").read_bytes() == b"kept"


def test_without_torch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("isingdenoise_cli.commands.train.find_spec", lambda name: None)
    done = invoke("train", "-o", tmp_path / "a.npz")
    assert done.code == 2
    assert "isingdenoise[learn]" in done.stderr

"""`isingdenoise learn`: one file of settings for all pages of a scanner."""

import json
import signal
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest
from command_line import error_line, invoke, load, one_line, save, snapshot, succeed
from PIL import Image
from scanner import content, folder_of, scanned

from isingdenoise import FlipNoise, GaussianNoise, estimate
from isingdenoise.metrics import bit_error_rate

GREY = GaussianNoise(40.0, (60.0, 190.0))
FLIP = FlipNoise(0.08)


def fill(folder, noise, pages, size=64, first=0):
    """Write the pages of a scanner; return their contents by name."""
    clean, seen = folder_of(noise, pages, size, first)
    names = [f"{first + k:03}.png" for k in range(pages)]
    for name, x in zip(names, seen, strict=True):
        save(folder / name, x)
    return dict(zip(names, clean, strict=True))


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Return a folder of grey pages, their contents, and the settings learned of them."""
    here = tmp_path_factory.mktemp("learn")
    clean = fill(here / "scans", GREY, 12)
    before = snapshot(here / "scans")
    done = succeed("learn", here / "scans", "-o", here / "s.toml", "--batch-size", "4")
    assert done.stderr == ""
    assert snapshot(here / "scans") == before
    return here / "scans", clean, here / "s.toml", done.stdout


def test_the_settings_say_what_was_learned_and_how_sure_it_is(learned):
    scans, _, path, said = learned
    text = path.read_text(encoding="utf-8")
    content = tomllib.loads(text)
    assert content["noise"] == "gaussian"
    assert content["sigma"] == pytest.approx(40, rel=0.02)
    assert content["levels"] == pytest.approx([60, 190], abs=2)
    assert len(content["coupling"]) in (2, 3)
    assert set(content) == {"noise", "sigma", "levels", "coupling", "learned"}
    assert content["learned"]["seen"] == 12
    assert f"learn {scans}" in text.splitlines()[0]
    assert "# 12 pages." in text
    assert "#   sigma " in text
    assert [line.split()[0] for line in said.splitlines()] == [
        *("pages", "noise", "coupling", "spread", "settings")
    ]
    assert list(path.parent.glob(".isingdenoise*")) == []


@pytest.mark.slow
def test_batch_and_run_take_the_settings_as_they_are(learned, tmp_path):
    scans, clean, path, _ = learned
    # a coupling that is given asks for the Ising prior
    succeed("batch", scans, tmp_path / "own", "--prior", "ising")
    succeed("batch", scans, tmp_path / "common", "--config", path)
    errors = {
        kind: np.mean([bit_error_rate(load(tmp_path / kind / n)[1], z) for n, z in clean.items()])
        for kind in ("own", "common")
    }
    assert errors["common"] <= 1.05 * errors["own"]
    words = ("run", scans / "000.png", "-o", tmp_path / "a.png", "--config", path, "--json")
    record = json.loads(succeed(*words).stdout)
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    assert record["noise"]["sigma"] == settings["sigma"]
    assert record["noise"]["levels"] == settings["levels"]
    assert record["coupling"]["source"] == "given"
    assert record["coupling"]["horizontal"] == settings["coupling"][0]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["plain", "svrg"])
@pytest.mark.parametrize("step", ["robbins-monro", "adaptive"])
def test_flips_and_the_options(tmp_path, step, method):
    fill(tmp_path / "in" / "below", FLIP, 6)
    words = ("-r", "--step", step, "--method", method, "--epochs", "1", "--pages", "5", "--json")
    found = json.loads(succeed("learn", tmp_path / "in", "-o", tmp_path / "s.toml", *words).stdout)
    assert (found["pages"], len(found["pictures"]), found["failed"]) == (5, 5, 0)
    assert found["settings"]["flip_prob"] == pytest.approx(0.08, rel=0.15)
    settings = tomllib.loads((tmp_path / "s.toml").read_text(encoding="utf-8"))
    assert settings["levels"] == [-1.0, 1.0]
    assert settings["flip-prob"] == pytest.approx(found["settings"]["flip_prob"], rel=1e-5)
    succeed("batch", tmp_path / "in", tmp_path / "out", "-r", "--config", tmp_path / "s.toml")


@pytest.mark.slow
def test_further_pages_are_added(learned, tmp_path):
    scans, _, path, _ = learned
    fill(tmp_path / "in", GREY, 6, first=50)
    kept = path.read_bytes()
    words = ("learn", tmp_path / "in", "--update", path)
    found = json.loads(succeed(*words, "-o", tmp_path / "t.toml", "--json").stdout)
    assert (found["pages"], len(found["pictures"])) == (18, 6)
    assert path.read_bytes() == kept
    again = tomllib.loads((tmp_path / "t.toml").read_text(encoding="utf-8"))
    assert again["learned"]["seen"] == 18
    assert again["sigma"] == pytest.approx(tomllib.loads(kept.decode())["sigma"], rel=0.02)
    assert "overwrite" not in error_line(invoke(*words, "-o", path), 4)
    del scans


@pytest.mark.slow
def test_pages_of_another_scanner_and_broken_ones_are_named(learned, tmp_path):
    folder = tmp_path / "in"
    fill(folder, GREY, 8)
    odd = save(folder / "odd.png", scanned(GaussianNoise(60.0, GREY.levels), content(9, 64), 9))
    (folder / "broken.png").write_bytes(b"\x89PNG not")
    (folder / "notes.txt").write_text("no picture")
    (folder / "link.png").symlink_to(odd)
    before = snapshot(folder)
    done = invoke("learn", folder, "-o", tmp_path / "s.toml", "--json")
    assert done.code == 1
    error, warning = done.stderr.splitlines()
    assert error.startswith(f"isingdenoise: {folder / 'broken.png'}: ")
    assert warning.startswith(f"isingdenoise: {odd}: warning: is not like the other pages: ")
    assert "sigma is 5" in warning
    found = json.loads(done.stdout)
    assert (found["apart"], found["failed"], found["links"], found["others"]) == (1, 1, 1, 1)
    pictures = {row["input"]: row for row in found["pictures"]}
    assert not pictures[str(odd)]["fits"]
    assert pictures[str(odd)]["reason"] in warning
    assert pictures[str(folder / "broken.png")]["error"] == error.removeprefix("isingdenoise: ")
    assert pictures[str(folder / "000.png")]["fits"]
    assert tomllib.loads((tmp_path / "s.toml").read_text("utf-8"))["sigma"] < 42
    assert snapshot(folder) == before


def test_clean_pages_get_settings_that_leave_them_alone(tmp_path):
    for k in range(3):
        grey = np.where(content(k, 64), 190, 60).astype(np.uint8)
        save(tmp_path / "in" / f"{k}.png", grey)
    done = succeed("learn", tmp_path / "in", "-o", tmp_path / "s.toml")
    assert "3 of 3 pages need no cleaning" in one_line(done)
    settings = tomllib.loads((tmp_path / "s.toml").read_text(encoding="utf-8"))
    assert set(settings) == {"noise", "learned"}
    assert settings["noise"] == "auto"
    succeed("batch", tmp_path / "in", tmp_path / "out", "--config", tmp_path / "s.toml")
    for k in range(3):
        np.testing.assert_array_equal(load(tmp_path / "out" / f"{k}.png")[1], content(k, 64))


def test_divided_light_stands_in_the_settings(tmp_path):
    fill(tmp_path / "in", GREY, 2)
    words = ("--noise", "gaussian", "--background", "auto", "--epochs", "0")
    succeed("learn", tmp_path / "in", "-o", tmp_path / "s.toml", *words)
    assert tomllib.loads((tmp_path / "s.toml").read_text("utf-8"))["background"] == "auto"


def test_the_first_page_of_several_is_looked_at(tmp_path):
    pages = [Image.fromarray(scanned(FLIP, content(k, 48), k)) for k in range(2)]
    (tmp_path / "in").mkdir()
    pages[0].save(tmp_path / "in" / "a.tif", save_all=True, append_images=pages[1:])
    words = ("learn", tmp_path / "in", "--noise", "flip", "--epochs", "0", "--force", "--json")
    records = [
        json.loads(succeed(*words, "-o", tmp_path / "s.toml", *more).stdout)
        for more in ((), ("--frame", "1"), ("--frame", "2"))
    ]
    assert records[0] == records[1]
    assert records[0]["noise"] != records[2]["noise"]


# -------------------------------------------------------------------------- refused


def test_what_cannot_be_done_is_refused_before_any_work(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    target = tmp_path / "s.toml"
    line = error_line(invoke("learn", folder, "-o", target), 3)
    assert "holds no pictures" in line
    save(folder / "a.png", content(0, 16))
    before = snapshot(tmp_path)
    for words, code, said in (
        ((folder, "-o", tmp_path / "s.txt"), 2, "must end in .toml"),
        ((folder, "-o", folder / "a.png"), 2, "must end in .toml"),
        ((folder, "-o", folder / "a.png" / "s.toml"), 5, "s.toml"),
        ((folder, "-o", target, "--noise", "pink"), 2, "pink"),
        ((folder, "-o", target, "--sigma", "3"), 2, "--sigma"),
        ((folder, "-o", target, "--step", "big"), 2, "--step"),
        ((folder, "-o", target, "--pages", "0"), 2, "--pages"),
        ((folder, "-o", target, "--seed", "-1"), 2, "--seed"),
        ((folder, "-o", target, "--update", tmp_path / "none.toml"), 3, "none.toml"),
        ((tmp_path / "none", "-o", target), 3, "is not a folder"),
        ((folder / "a.png", "-o", target), 3, "is not a folder"),
        ((folder,), 2, "-o"),
    ):
        assert said in error_line(invoke("learn", *words), code)
    assert snapshot(tmp_path) == before
    target.write_text("noise = 'flip'\n")
    assert "--force" in error_line(invoke("learn", folder, "-o", target), 4)
    line = error_line(invoke("learn", folder, "-o", tmp_path / "t.toml", "--update", target), 2)
    assert line.startswith("isingdenoise: --update: ")
    assert "[learned]" in line
    target.write_text("[learned]\nseen = 'many'\n")
    line = error_line(invoke("learn", folder, "-o", tmp_path / "t.toml", "--update", target), 2)
    assert line.startswith("isingdenoise: --update: is nothing to go on from")
    link = tmp_path / "link.toml"
    link.symlink_to(target)
    error_line(invoke("learn", folder, "-o", link, "--force"), 5)
    assert not (tmp_path / "t.toml").exists()


def test_settings_may_lie_in_the_folder(tmp_path):
    fill(tmp_path, FLIP, 2, size=32)
    for force in ((), ("--force",)):
        succeed("learn", tmp_path, "-o", tmp_path / "s.toml", "--epochs", "0", *force)


def test_a_folder_without_a_sound_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    done = invoke("learn", tmp_path, "-o", tmp_path / "s.toml")
    assert done.code == 3
    first, last = done.stderr.splitlines()
    assert "a.png" in first
    assert "holds no picture that can be read" in last
    assert not (tmp_path / "s.toml").exists()


def test_a_folder_that_nobody_may_write_to(tmp_path, monkeypatch):
    fill(tmp_path / "in", FLIP, 1, size=32)
    monkeypatch.setattr("os.access", lambda *_: False)
    done = invoke("learn", tmp_path / "in", "-o", tmp_path / "s.toml")
    assert "read-only" in error_line(done, 5)
    assert not (tmp_path / "s.toml").exists()


def test_a_page_without_memory_is_named(tmp_path, monkeypatch):
    fill(tmp_path / "in", FLIP, 3, size=32)

    def scarce(x, *args, **more):
        if x.shape == (16, 16):
            raise MemoryError
        return estimate(x, *args, **more)

    save(tmp_path / "in" / "large.png", content(3, 16))
    monkeypatch.setattr("isingdenoise.learning.svi._looks.estimate", scarce)
    done = invoke("learn", tmp_path / "in", "-o", tmp_path / "s.toml", "--epochs", "0")
    assert done.code == 1
    assert f"{tmp_path / 'in' / 'large.png'}: needs more memory" in one_line(done)


@pytest.mark.slow
@pytest.mark.process
def test_an_interrupted_run_writes_nothing(tmp_path):
    fill(tmp_path / "in", GREY, 40, size=128)
    before = snapshot(tmp_path)
    words = ["learn", tmp_path / "in", "-o", tmp_path / "s.toml", "--epochs", "200", "-v"]
    with subprocess.Popen(
        [sys.executable, "-m", "isingdenoise_cli", *map(str, words)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr:
            if "compiled kernels" in line:
                break
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "interrupted" in err
    assert "Traceback" not in err
    assert snapshot(tmp_path) == before

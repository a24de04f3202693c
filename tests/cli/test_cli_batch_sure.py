"""`isingdenoise batch --probability`: beside each result, how sure each pixel is."""

import json
import os

import numpy as np
import pytest
from command_line import error_line, invoke, save_noisy, scene, snapshot, succeed

from isingdenoise.batch import JOURNAL_NAME
from isingdenoise.io import Picture, read_pages, read_picture, write_pages

QUICK = ["--noise", "gaussian", "--coupling", "0.4"]


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.png", "b.tif", "sub/c.jpg")):
        save_noisy(tmp_path / "in" / name, seed=number)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def batch(folder, out, *options, run=succeed):
    return run("batch", "-r", folder, out, *QUICK, *options)


def told(folder, out, *options):
    return json.loads(batch(folder, out, "--json", *options).stdout)


def made(out):
    """Return the files that were made, the journal left out."""
    return {name: data for name, data in snapshot(out).items() if data and name != JOURNAL_NAME}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tif", "png", "npy"])
def test_they_are_those_of_run(folder, out, tmp_path, kind):
    rows = told(folder, out, "--probability", kind)["pictures"]
    names = [f"{name}.probability.{kind}" for name in ("a", "b", "sub/c")]
    assert [row["probability"] for row in rows] == [str(out / name) for name in names]
    assert set(made(out)) == {"a.png", "b.tif", "sub/c.png", *names}
    for name, source in zip(names, ("a.png", "b.tif", "sub/c.jpg"), strict=True):
        alone = tmp_path / f"p.{kind}"
        more = ["-o", tmp_path / "o.png", "--probability", alone, "--force"]
        succeed("run", folder / source, *QUICK, *more)
        assert (out / name).read_bytes() == alone.read_bytes()


@pytest.mark.slow
def test_what_is_there_is_not_done_again_and_comes_back_the_same(folder, out):
    assert [row["probability"] for row in told(folder, out)["pictures"]] == [None] * 3
    plain = made(out)
    assert told(folder, out, "--probability", "tif")["skipped"] == 0  # they are still to come
    whole = made(out)
    assert plain.items() <= whole.items()
    assert told(folder, out, "--probability", "tif")["skipped"] == 3
    assert told(folder, out)["skipped"] == 3
    (out / "a.png").unlink()
    (out / "b.probability.tif").unlink()
    dry = told(folder, out, "--probability", "tif", "--dry-run")
    assert [row["action"] for row in dry["pictures"]] == ["redo", "redo", "skip"]
    assert told(folder, out, "--probability", "tif", "-j", "2")["skipped"] == 1
    assert made(out) == whole
    (folder / "a.png").write_bytes((folder / "b.tif").read_bytes())
    assert told(folder, out, "--probability", "tif")["skipped"] == 2
    assert made(out)["a.probability.tif"] == whole["b.probability.tif"]


@pytest.mark.slow
def test_only_its_own_files_are_replaced(folder, out):
    out.mkdir()
    foreign = out / "a.probability.tif"
    foreign.write_bytes(b"precious")
    before = snapshot(out)
    line = error_line(batch(folder, out, "--probability", "tif", run=invoke), 4)
    assert f"{foreign}: exists and is not in the journal" in line
    assert snapshot(out) == before
    batch(folder, out)
    batch(folder, out, "--probability", "png")
    retouched = out / "a.probability.png"
    retouched.write_bytes(retouched.read_bytes() + b"retouched")
    before = snapshot(out)
    line = error_line(batch(folder, out, "--probability", "png", run=invoke), 4)
    assert f"{retouched}: was changed since it was made" in line
    assert snapshot(out) == before
    batch(folder, out, "--probability", "png", "--force")
    assert read_picture(retouched).pixels.dtype == np.uint16
    assert foreign.read_bytes() == b"precious"


@pytest.mark.slow
def test_names_that_would_be_one_are_refused_by_both(folder, out):
    save_noisy(folder / "a.probability.png")
    line = error_line(batch(folder, out, "--probability", "png", run=invoke), 2)
    assert f"{folder / 'a.png'} and {folder / 'a.probability.png'} would both become" in line
    assert str(out / "a.probability.png") in line
    batch(folder, out, "--probability", "npy")
    save_noisy(folder / "b.png")  # b.tif and b.png stay apart, their probabilities do not
    line = error_line(batch(folder, out, "--probability", "npy", run=invoke), 2)
    assert str(out / "b.probability.npy") in line
    assert "2 up to date" not in batch(folder, out).stdout


@pytest.mark.slow
def test_pages_go_into_a_tiff_and_nowhere_else(folder, out):
    rng = np.random.default_rng(0)
    dpi = [(300.0, 200.0), (72.0, 72.0)]
    pages = [Picture(scene() ^ (rng.random((32, 32)) < 0.05), d, "TIFF", "1", "") for d in dpi]
    write_pages(folder / "fax.tif", pages)
    done = batch(folder, out, "--probability", "png", run=invoke)
    assert done.code == 1
    assert "fax.tif: PNG holds one page, and the picture has 2; write a TIFF" in done.stderr
    assert not list(out.glob("fax*"))
    assert (out / "b.probability.png").exists()
    batch(folder, out, "--probability", "tif")
    found = list(read_pages(out / "fax.probability.tif"))
    assert [page.dpi for page in found] == dpi
    assert {page.pixels.dtype for page in found} == {np.dtype(np.float32)}
    batch(folder, out, "--probability", "png", "--frame", "1", "--force")
    assert (out / "fax.probability.png").exists()


def test_what_fails_leaves_neither_file(folder, out):
    (folder / "a.png").write_text("no picture")
    done = batch(folder, out, "--probability", "tif", run=invoke)
    assert done.code == 1
    assert set(made(out)) == {"b.tif", "b.probability.tif", "sub/c.png", "sub/c.probability.tif"}
    save_noisy(folder / "a.png")
    (out / "a.probability.tif").mkdir()
    line = error_line(batch(folder, out, "--probability", "tif", run=invoke), 4)
    assert "a.probability.tif: exists and is no regular file" in line
    assert not (out / "a.png").exists()


@pytest.mark.slow
def test_what_was_cut_off_between_the_two_names_is_completed(folder, out, tmp_path, monkeypatch):
    batch(folder, out, "--probability", "tif")
    (folder / "a.png").write_bytes((folder / "b.tif").read_bytes())
    replace = os.replace

    def cut_off(source, target, **where):
        if str(target).endswith("a.png"):
            raise OSError(28, "No space left on device")
        replace(source, target, **where)

    monkeypatch.setattr(os, "replace", cut_off)
    before = made(out)
    assert batch(folder, out, "--probability", "tif", run=invoke).code == 1
    monkeypatch.undo()
    changed = {name for name, data in made(out).items() if data != before[name]}
    assert changed == {"a.probability.tif"}  # the clean picture takes its name last
    assert told(folder, out, "--probability", "tif")["skipped"] == 2
    batch(folder, tmp_path / "fresh", "--probability", "tif")
    assert made(out) == made(tmp_path / "fresh")


def test_an_engine_without_them_is_refused(folder, out):
    done = invoke("batch", folder, out, "--engine", "icm", "--probability", "tif")
    assert "--probability: engine icm has none" in error_line(done, 2)
    assert not out.exists()

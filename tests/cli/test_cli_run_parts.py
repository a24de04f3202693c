"""`run` of stores and of TIFFs that are cleaned in parts."""

import json

import numpy as np
import pytest
from command_line import error_line, invoke, save_noisy, snapshot, succeed
from isingdenoise_cli.options import parts
from large_pictures import bright, flipped, grey, ome, store, tiff, zarr

from isingdenoise.io import read_picture

FLIPS = ("--noise", "flip", "--coupling", "0.7")


@pytest.fixture
def slide(tmp_path):
    return ome(tmp_path / "slide.zarr", grey((200, 230)))


def test_a_store_becomes_a_store(tmp_path, slide):
    done = succeed("run", slide, "-o", tmp_path / "clean.zarr", "--prior", "ising")
    assert done.stdout.splitlines()[0] == f"{slide} -> {tmp_path / 'clean.zarr'}"
    for word in ("noise     gaussian", "coupling", "parts     1 of", "engine    mf: converged"):
        assert word in done.stdout
    assert sorted(zarr.open_group(str(tmp_path / "clean.zarr"))) == ["0", "1", "2"]


def test_without_a_name_it_lies_beside_its_source(tmp_path, slide):
    succeed("run", slide, *FLIPS[2:], "--noise", "gaussian")
    assert bright(tmp_path / "slide.denoised.zarr").shape == (200, 230)


def test_into_a_folder(tmp_path, slide):
    (tmp_path / "out").mkdir()
    succeed("run", slide, "-o", tmp_path / "out", "--coupling", "0.7")
    assert (tmp_path / "out" / "slide.denoised.zarr").is_dir()


def test_a_tiff_goes_in_parts_when_asked(tmp_path):
    noisy = flipped((200, 210))
    source = tiff(tmp_path / "a.tif", noisy)
    done = succeed("run", source, *FLIPS, "--chunk", "100", "-j", "1")
    assert "4 of 128 x 128 pixels" in done.stdout
    assert "1 at a time" in done.stdout
    found = read_picture(tmp_path / "a.denoised.tif").pixels
    succeed("run", source, *FLIPS, "-o", tmp_path / "whole.tif")
    whole = read_picture(tmp_path / "whole.tif").pixels
    assert np.mean(found != whole) < 1e-3


@pytest.mark.parametrize("bound", ["memory", "pixels"])
def test_a_tiff_goes_in_parts_where_it_does_not_fit(tmp_path, monkeypatch, bound):
    source = tiff(tmp_path / "a.tif", flipped((200, 210)))
    assert "  parts " not in succeed("run", source, *FLIPS).stdout
    if bound == "memory":
        monkeypatch.setattr(parts, "available_memory", lambda: 1000)
    else:
        monkeypatch.setattr(parts, "DEFAULT_PAGE_PIXELS", 1000)
    assert "  parts " in succeed("run", source, *FLIPS, "--force").stdout


def test_json_has_the_figures(tmp_path, slide):
    words = (
        "run",
        slide,
        "-o",
        tmp_path / "c.zarr",
        "--probability",
        tmp_path / "p.zarr",
        "--json",
    )
    record = json.loads(succeed(*words, "--prior", "ising", "--chunk", "64").stdout)
    assert (record["input"], record["output"]) == (str(slide), str(tmp_path / "c.zarr"))
    assert record["probability"] == str(tmp_path / "p.zarr")
    assert (record["width"], record["height"], record["parts"]) == (230, 200, 16)
    assert record["status"] == "converged"
    assert 0 < record["over_borders"] <= record["residual"] <= 1e-3
    clean = bright(tmp_path / "c.zarr")
    assert record["white"] == pytest.approx(clean.mean())
    p = np.asarray(zarr.open_group(str(tmp_path / "p.zarr"))["0"])[0, 0, 0]
    np.testing.assert_array_equal(p >= 0.5, clean)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.zarr"], 3, "missing.zarr: cannot be read (No such file or directory)"),
        (["slide.zarr", "-o", "slide.zarr", "--force"], 2, "-o: slide.zarr is the input itself"),
        (["slide.zarr", "-o", "c.png"], 2, "-o: c.png must end in one of .zarr"),
        (["slide.zarr", "-o", "old.zarr"], 4, "old.zarr: exists; use --force to replace it"),
        (["slide.zarr", "-o", "-"], 2, "-o: of a picture in parts must be"),
        (["slide.zarr", "--engine", "gibbs"], 2, "--engine: gibbs needs the whole picture"),
        (["slide.zarr", "--change-map", "c.png"], 2, "--change-map: is not for a picture in parts"),
        (["slide.zarr", "--report", "r.html"], 2, "--report: is not for a picture in parts"),
        (["slide.zarr", "--format", "png"], 2, "--format: is not for a picture in parts"),
        (["slide.zarr", "--mask", "noisy.png"], 2, "--mask: is not for a picture in parts"),
        (["slide.zarr", "--background", "auto"], 2, "--background: is not for a picture in parts"),
        (["slide.zarr", "noisy.png"], 2, "slide.zarr is cleaned in parts and goes alone"),
        (["noisy.png", "--chunk", "64"], 2, "--chunk: goes with a Zarr store or a TIFF"),
        (["two.zarr"], 3, "two.zarr: holds 2 channels; choose one with --channel"),
        (["slide.zarr", "--frame", "1"], 2, "--frame: is of pages"),
        (["slide.zarr", "--max-change", "0.01%"], 6, "slide.zarr: "),
        (["slide.zarr", "--max-pixels", "5"], 2, "--max-pixels: is 5"),
    ],
)
def test_what_is_refused_in_one_line(tmp_path, monkeypatch, slide, words, code, said):
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "noisy.png")
    ome(tmp_path / "two.zarr", grey((50, 60)), channels=2)
    store(tmp_path / "old.zarr", grey((20, 20)))
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    done = invoke("run", *words, *([] if "--coupling" in words else ["--coupling", "0.7"]))
    assert said in error_line(done, code)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_other_folders_are_still_told_of_batch(tmp_path):
    (tmp_path / "scans").mkdir()
    done = invoke("run", tmp_path / "scans")
    assert (done.code, "batch" in done.stderr) == (3, True)
    assert snapshot(tmp_path / "scans") == {}


def test_chunks_that_are_not_stored_are_told_of(tmp_path):
    source = store(tmp_path / "a.zarr", flipped((128, 128)))
    (tmp_path / "a.zarr" / "c" / "0" / "1").unlink()
    done = succeed("run", source, *FLIPS)
    assert "1 of its chunks are not stored" in done.stderr

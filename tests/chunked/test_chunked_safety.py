"""What is refused, in one line, and what is left behind: nothing."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile
from large_pictures import grey, ome, store, tiff, zarr

from isingdenoise import FlipNoise, Gibbs, MeanField
from isingdenoise.chunked import Cut, denoise_chunked, working
from isingdenoise.errors import (
    ChangeLimitError,
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    ReadError,
    TimeLimitError,
    WriteError,
)
from isingdenoise.io import atomic_folder
from isingdenoise.pipeline import CleanOptions

QUICK = CleanOptions(noise=FlipNoise(0.1), coupling=0.7)


def listing(folder):
    """Return all files below a folder, and when each was last written."""
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in sorted(folder.rglob("*"))}


def names(folder):
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def source(tmp_path):
    return store(tmp_path / "a.zarr", np.random.default_rng(0).random((150, 170)) < 0.3)


def refused(tmp_path, kind, source, target="b.zarr", options=QUICK, **more):
    """Insist on an error of one line that leaves everything as it was; return the line."""
    before = listing(tmp_path)
    with pytest.raises(kind) as caught:
        denoise_chunked(source, tmp_path / target, options, **more)
    assert listing(tmp_path) == before
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_what_is_not_there(tmp_path):
    assert "No such file" in refused(tmp_path, ReadError, tmp_path / "none.zarr")
    assert "No such file" in refused(tmp_path, ReadError, tmp_path / "none.tif")


def test_what_is_no_store(tmp_path):
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "text.tif").write_text("no picture")
    assert "no Zarr store" in refused(tmp_path, ReadError, tmp_path / "folder.zarr")
    assert "no TIFF" in refused(tmp_path, ReadError, tmp_path / "text.tif")


def test_groups_that_are_no_image(tmp_path):
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w")
    assert "without multiscales" in refused(tmp_path, ReadError, tmp_path / "g.zarr")
    group.attrs["multiscales"] = [{"datasets": [{"path": "gone"}]}]
    assert "name no arrays" in refused(tmp_path, ReadError, tmp_path / "g.zarr")
    group.attrs["multiscales"] = [7]
    assert "name no arrays" in refused(tmp_path, ReadError, tmp_path / "g.zarr")


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((1, 6, 7, 8), np.uint8), "along axis z"),
        (np.zeros((5, 6, 7), np.uint8), "5 channels"),
        (np.zeros(5, np.uint8), "has 1 axes"),
        (np.zeros((2, 1, 1, 1, 4, 5), np.uint8), "has 6 axes"),
        (np.zeros((4, 5), np.complex64), "complex64"),
        (np.full((4, 5), np.inf, np.float32), "infinite"),
        (np.full((4, 5), np.nan, np.float32), "no known pixel"),
    ],
)
def test_arrays_that_are_no_picture(tmp_path, pixels, words):
    source = store(tmp_path / "a.zarr", pixels, pixels.shape)
    assert words in refused(tmp_path, ReadError, source)


def test_a_damaged_chunk_is_named(tmp_path, source):
    chunk = tmp_path / "a.zarr" / "c" / "1" / "1"
    chunk.write_bytes(chunk.read_bytes()[:7])
    line = refused(tmp_path, ReadError, source)
    assert "is damaged at rows" in line
    assert "a.zarr" in line


def test_damaged_metadata(tmp_path, source):
    (tmp_path / "a.zarr" / "zarr.json").write_text("{")
    assert "no Zarr store" in refused(tmp_path, ReadError, source)
    (tmp_path / "a.zarr" / "zarr.json").write_text(json.dumps({"zarr_format": 3}))
    assert "Zarr" in refused(tmp_path, ReadError, source)


def test_a_damaged_tile_is_named(tmp_path):
    path = tiff(tmp_path / "a.tif", grey((130, 130)))
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[3]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(20))
    assert "damaged at tile or strip 3" in refused(tmp_path, ReadError, path, "b.tif")
    cut_off = tmp_path / "cut.tif"
    cut_off.write_bytes(path.read_bytes()[: offset + 5])
    assert refused(tmp_path, ReadError, cut_off, "b.tif")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"photometric": "rgb"}, "channels"),
        ({"extratags": [(274, 3, 1, 6, True)]}, "orientation"),
    ],
)
def test_tiffs_that_are_not_read_in_parts(tmp_path, more, words):
    pixels = grey((64, 64))
    pixels = np.stack([pixels] * 3, axis=-1) if "photometric" in more else pixels
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, **more)
    assert words in refused(tmp_path, ReadError, path, "b.tif")


def test_several_pages_need_one_to_be_named(tmp_path):
    pages = np.random.default_rng(0).random((2, 90, 80)) < 0.3
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack")
    assert "2 pages" in refused(tmp_path, ReadError, path, "b.tif")
    one = CleanOptions(noise=QUICK.noise, coupling=0.7, frame=1)
    denoise_chunked(path, tmp_path / "b.tif", one)
    beyond = CleanOptions(noise=QUICK.noise, coupling=0.7, frame=2)
    assert "no such page" in refused(tmp_path, ReadError, path, "c.tif", beyond)


@pytest.mark.parametrize("name", ["a.zarr", "a.zarr/inner.zarr", "link.zarr", "./x/../a.zarr"])
def test_the_input_itself_is_no_output(tmp_path, source, name):
    (tmp_path / "x").mkdir()
    (tmp_path / "link.zarr").symlink_to(source)
    assert "is the input itself" in refused(tmp_path, ParameterError, source, name, overwrite=True)


def test_nor_is_a_folder_around_it(tmp_path):
    (tmp_path / "out.zarr").mkdir()
    source = store(tmp_path / "out.zarr" / "a.zarr", np.ones((9, 9), bool))
    assert "is the input itself" in refused(tmp_path, ParameterError, source, "out.zarr")


def test_existing_outputs_are_replaced_only_when_asked(tmp_path, source):
    for name in ("b.zarr", "b.tif"):
        denoise_chunked(source, tmp_path / name, QUICK)
        refused(tmp_path, OverwriteError, source, name)
        before = listing(tmp_path / name) if (tmp_path / name).is_dir() else None
        denoise_chunked(source, tmp_path / name, QUICK, overwrite=True)
        if before is not None:
            assert listing(tmp_path / name) != before
    assert names(tmp_path) == ["a.zarr", "b.tif", "b.zarr"]


def test_folders_of_other_things_are_never_replaced(tmp_path, source):
    (tmp_path / "b.zarr").mkdir()
    (tmp_path / "b.zarr" / "thesis.tex").write_text("years of work")
    refused(tmp_path, WriteError, source, overwrite=True)
    (tmp_path / "c.zarr").write_text("a file")
    refused(tmp_path, WriteError, source, "c.zarr", overwrite=True)


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        ("b.png", ParameterError, "must end in one of"),
        ("none/b.zarr", WriteError, "folder is missing"),
        ("none/b.tif", WriteError, ""),
    ],
)
def test_outputs_that_cannot_be(tmp_path, source, target, kind, words):
    assert words in refused(tmp_path, kind, source, target)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (CleanOptions(engine=Gibbs()), "needs the whole picture"),
        (CleanOptions(engine=MeanField(schedule="jacobi", damping=0.5)), "with these settings"),
        (CleanOptions(background="auto"), "background"),
        (CleanOptions(noise="speckle"), "whole specks"),
        (CleanOptions(noise="flip", max_pixels=100), "max_pixels"),
    ],
)
def test_what_needs_the_whole_picture(tmp_path, source, options, word):
    assert word in refused(tmp_path, ParameterError, source, options=options)


def test_a_mask_needs_the_whole_picture(tmp_path, source):
    options = CleanOptions(mask=tmp_path / "m.png")
    assert "mask" in refused(tmp_path, ParameterError, source, options=options)


@pytest.mark.parametrize("cut", [{"chunk": 0}, {"halo": -1}, {"workers": 0}, {"chunk": 1.5}])
def test_cuts_out_of_range(cut):
    with pytest.raises(ParameterError):
        Cut(**cut)


def test_labels_alone_have_no_probability(tmp_path, source):
    options = CleanOptions(noise=QUICK.noise, coupling=0.7, engine="icm")
    line = refused(
        tmp_path, ParameterError, source, options=options, probability=tmp_path / "p.zarr"
    )
    assert "has none" in line
    refused(tmp_path, ParameterError, source, probability=tmp_path / "b.zarr")


def test_too_many_changes_leave_nothing(tmp_path, source):
    options = CleanOptions(noise=QUICK.noise, coupling=0.7, max_change=0.001)
    assert "would change" in refused(tmp_path, ChangeLimitError, source, options=options)
    refused(tmp_path, ChangeLimitError, source, "b.tif", options)


def test_a_time_limit_holds_in_all_threads(tmp_path, source, monkeypatch):
    slow = working.solve_part

    def waiting(*args, **more):
        time.sleep(0.2)
        return slow(*args, **more)

    monkeypatch.setattr(working, "solve_part", waiting)
    options = CleanOptions(noise=QUICK.noise, coupling=0.7, timeout=0.3)
    refused(tmp_path, TimeLimitError, source, options=options, cut=Cut(64, workers=2))


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, RuntimeError])
@pytest.mark.parametrize("target", ["b.zarr", "b.tif"])
def test_whatever_ends_the_work_leaves_nothing(tmp_path, source, monkeypatch, error, target):
    done = working.solve_part
    calls = []

    def failing(*args, **more):
        calls.append(1)
        if len(calls) == 4:
            raise error
        return done(*args, **more)

    monkeypatch.setattr(working, "solve_part", failing)
    refused(tmp_path, error, source, target, cut=Cut(64, workers=1))
    assert len(calls) < 9  # and the rest is left undone


@pytest.mark.parametrize("missing", ["zarr", "dask.array"])
def test_without_the_extra_it_is_named(tmp_path, source, monkeypatch, missing):
    for name in [name for name in sys.modules if name == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    if missing == "dask.array":
        monkeypatch.setitem(sys.modules, "dask", None)
    line = refused(tmp_path, IsingDenoiseError, source)
    assert "pip install 'isingdenoise[zarr]'" in line


def test_sources_are_only_read(tmp_path):
    path = ome(tmp_path / "slide.zarr", grey((150, 130)))
    before = listing(path)
    denoise_chunked(path, tmp_path / "clean.zarr", CleanOptions(coupling=0.7, prior="ising"))
    assert listing(path) == before


SLOW = """
import os, sys, time
from isingdenoise import FlipNoise
from isingdenoise.chunked import Cut, denoise_chunked, working
from isingdenoise.pipeline import CleanOptions
done = working.solve_part
def slow(*args, **more):
    os.write(1, b"at work\\n")  # whole, whatever other threads write
    time.sleep(0.3)
    return done(*args, **more)
working.solve_part = slow
options = CleanOptions(noise=FlipNoise(0.1), coupling=0.7)
denoise_chunked(sys.argv[1], sys.argv[2], options, cut=Cut(64, workers=2))
"""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupted_or_killed_it_leaves_no_output(tmp_path, source):
    for name in ("b.zarr", "b.tif"):
        for number in (signal.SIGINT, signal.SIGKILL):
            program = [sys.executable, "-c", SLOW, str(source), str(tmp_path / name)]
            process = subprocess.Popen(
                program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            assert process.stdout.readline() == "at work\n"
            process.send_signal(number)
            process.communicate(timeout=60)
            assert not (tmp_path / name).exists()
            left = [name for name in names(tmp_path) if name != "a.zarr"]
            assert bool(left) == (number == signal.SIGKILL)  # nobody can tidy up after that
        if name == "b.zarr":
            denoise_chunked(source, tmp_path / "c.zarr", QUICK)  # but the next one does
            assert names(tmp_path) == ["a.zarr", "c.zarr"]
            (tmp_path / "c.zarr").rename(tmp_path / "a.zarr" / "c.zarr")


def test_folders_of_the_living_are_left_alone(tmp_path):
    with atomic_folder(tmp_path / "one.zarr", ("zarr.json",)) as one:
        (one / "zarr.json").write_text("{}")
        with atomic_folder(tmp_path / "two.zarr", ("zarr.json",)) as two:
            (two / "zarr.json").write_text("{}")
        assert one.is_dir()
    assert names(tmp_path) == ["one.zarr", "two.zarr"]


def test_a_folder_that_appears_meanwhile_is_not_replaced(tmp_path):
    with pytest.raises(OverwriteError), atomic_folder(tmp_path / "a.zarr", ("zarr.json",)) as new:
        (new / "zarr.json").write_text("new")
        (tmp_path / "a.zarr").mkdir()
        (tmp_path / "a.zarr" / "zarr.json").write_text("theirs")
    assert (tmp_path / "a.zarr" / "zarr.json").read_text() == "theirs"
    assert names(tmp_path) == ["a.zarr"]


MEMORY = """
import resource, sys
from isingdenoise import FlipNoise
from isingdenoise.chunked import Cut, denoise_chunked
from isingdenoise.pipeline import CleanOptions
options = CleanOptions(noise=FlipNoise(0.1, (0.0, 1.0)), coupling=0.7)
denoise_chunked(sys.argv[1], sys.argv[2], options, cut=Cut(512, workers=2))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts KiB there")
def test_memory_does_not_grow_with_the_picture(tmp_path):
    peaks = []
    for side in (3072, 6144):
        path = tmp_path / f"{side}.zarr"
        array = zarr.create_array(str(path), shape=(side, side), chunks=(512, 512), dtype="uint8")
        rng = np.random.default_rng(0)
        for top in range(0, side, 512):
            array[top : top + 512] = rng.random((512, side)) < 0.1
        program = [sys.executable, "-c", MEMORY, str(path), str(tmp_path / f"out{side}.zarr")]
        done = subprocess.run(program, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) * 1024)
    pixels = 6144**2 - 3072**2
    # whole, mean field alone takes 13 bytes a pixel; what is read is kept up to 256 MiB
    assert peaks[1] - peaks[0] < 3 * pixels

"""`isingdenoise run` on files of several pages: all of them, one at a time, or none."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
import weakref

import cv2
import numpy as np
import pytest
import tifffile
from command_line import COLD, SCRIPT, error_line, invoke, launch, load, scene, snapshot, succeed
from PIL import Image, ImageSequence
from test_cli_run import JSON_KEYS
from test_cli_streams import on_a_terminal

from isingdenoise.io import Picture, read_pages, read_picture, write_pages

USAGE, UNREADABLE, TOO_MUCH = 2, 3, 6
RNG = np.random.default_rng(5)
SHAPES = [(64, 48), (40, 80), (33, 35)]
DPI = [(204.0, 98.0), (300.0, 300.0), (72.0, 72.0)]
QUICK = ["--noise", "flip", "--flip-prob", "0.1", "--coupling", "0.6"]


def noisy_page(number, shape=None, **notes):
    shape = shape or SHAPES[number]
    bits = scene(*shape) ^ (RNG.random(shape) < 0.05)
    return Picture(bits, DPI[number], "TIFF", "1", "", **{"compression": "group4", **notes})


PAGES = [noisy_page(number) for number in range(3)]


@pytest.fixture
def fax(tmp_path):
    write_pages(tmp_path / "fax.tif", PAGES)
    return tmp_path / "fax.tif"


def refused(code, folder, *args):
    """Run the command, insist that it fails cleanly and writes nothing; return its line."""
    before = snapshot(folder)
    line = error_line(invoke(*args), code)
    assert snapshot(folder) == before
    return line


@pytest.mark.slow
def test_every_page_is_what_it_would_be_alone(fax, tmp_path):
    os.utime(fax, ns=(1_000_000_000, 2_000_000_000))
    data = fax.read_bytes()
    succeed("run", fax)
    assert set(snapshot(tmp_path)) == {"fax.tif", "fax.denoised.tif"}
    assert (fax.read_bytes(), fax.stat().st_mtime_ns) == (data, 2_000_000_000)

    pages = list(read_pages(tmp_path / "fax.denoised.tif"))
    assert len(pages) == 3
    for number, (page, given) in enumerate(zip(pages, PAGES, strict=True)):
        assert (page.mode, page.compression, page.dpi) == ("1", "group4", DPI[number])
        assert np.mean(page.pixels != scene(*SHAPES[number])) < 0.03
        write_pages(tmp_path / "one.tif", [given], overwrite=True)
        for options in (["one.tif"], ["fax.tif", "--frame", number + 1]):
            name, *frame = options
            alone = tmp_path / "alone.tif"
            succeed("run", tmp_path / name, *frame, "-o", alone, "--force")
            picture = read_picture(alone)
            np.testing.assert_array_equal(page.pixels, picture.pixels, strict=True)
            assert (picture.compression, picture.dpi) == ("group4", DPI[number])


def test_other_readers_see_the_cleaned_pages(fax):
    succeed("run", fax)
    made = fax.with_name("fax.denoised.tif")
    ours = [page.pixels for page in read_pages(made)]
    with Image.open(made) as image:
        by_pillow = [np.array(frame) for frame in ImageSequence.Iterator(image)]
    with tifffile.TiffFile(made) as parsed:
        assert {page.compression for page in parsed.pages} == {tifffile.COMPRESSION.CCITT_T6}
    ok, by_opencv = cv2.imreadmulti(str(made), flags=cv2.IMREAD_GRAYSCALE)
    assert ok
    for page, pillow, opencv in zip(ours, by_pillow, by_opencv, strict=True):
        np.testing.assert_array_equal(pillow, page, strict=True)
        np.testing.assert_array_equal(opencv, page * np.uint8(255))


def test_probabilities_and_changes_have_as_many_pages(fax, tmp_path):
    sure, changes = tmp_path / "sure.tif", tmp_path / "changes.tiff"
    succeed("run", fax, "--probability", sure, "--change-map", changes)
    for number, (page, change) in enumerate(
        zip(read_pages(sure), read_pages(changes), strict=True)
    ):
        assert page.dpi == change.dpi == DPI[number]
        alone = [tmp_path / f"{name}{number}.tif" for name in ("o", "p", "c")]
        more = ["--probability", alone[1], "--change-map", alone[2], "--frame", number + 1]
        succeed("run", fax, "-o", alone[0], *more)
        np.testing.assert_array_equal(page.pixels, read_picture(alone[1]).pixels, strict=True)
        with Image.open(changes) as image, Image.open(alone[2]) as one:
            image.seek(number)
            assert image.n_frames == 3
            assert image.getpalette() == one.getpalette()
            np.testing.assert_array_equal(np.array(image), np.array(one), strict=True)


@pytest.mark.parametrize(
    ("options", "option", "way"),
    [
        (["-o", "x.png"], "-o", "--format tiff"),
        (["--format", "pbm"], "-o", "--format tiff"),
        (["--probability", "p.png"], "--probability", ".tif"),
        (["--probability", "p.npy"], "--probability", ".tif"),
        (["--change-map", "c.png"], "--change-map", ".tif"),
    ],
)
def test_formats_of_one_page_are_refused_before_any_work(
    fax, tmp_path, monkeypatch, options, option, way
):
    monkeypatch.setattr(
        "isingdenoise.pipeline.options.denoise", lambda *_, **__: pytest.fail("worked")
    )
    options = [tmp_path / text if "." in text else text for text in options]
    line = refused(USAGE, tmp_path, "run", fax, *options)
    assert line.startswith(f"isingdenoise: {option}: ")
    assert "holds one page, and the picture has 3" in line
    assert way in line
    assert "--frame" in line


def test_one_page_of_them_goes_into_any_format(fax, tmp_path):
    succeed("run", fax, "--frame", "2", "-o", tmp_path / "x.png")
    assert load(tmp_path / "x.png")[1].shape == SHAPES[1]
    assert "has no such page or frame; it has 3, and --frame counts from 1" in refused(
        UNREADABLE, tmp_path, "run", fax, "--frame", "4", "--force"
    )
    assert "--frame" in refused(USAGE, tmp_path, "run", fax, "--frame", "0")


def test_pages_under_the_name_of_another_format(fax, tmp_path):
    wrong = fax.rename(tmp_path / "fax.png")
    assert "--format tiff" in refused(USAGE, tmp_path, "run", wrong)
    succeed("run", wrong, "--format", "tiff")
    assert len(list(read_pages(tmp_path / "fax.denoised.tif"))) == 3


def test_an_animation_is_no_file_of_pages(tmp_path):
    frames = [Image.fromarray(np.full((9, 9), v, np.uint8)) for v in (0, 80, 250)]
    for name in ("x.gif", "x.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        line = refused(UNREADABLE, tmp_path, "run", tmp_path / name)
        assert "choose one with --frame" in line
        assert (
            invoke("run", tmp_path / name, "--frame", 2, "-o", tmp_path / f"{name}.pbm").code == 0
        )


def test_a_page_that_would_change_too_much_is_named_and_nothing_written(fax, tmp_path):
    bits = scene(*SHAPES[1]) ^ (RNG.random(SHAPES[1]) < 0.2)
    write_pages(fax, [PAGES[0], bits, PAGES[2]], overwrite=True)
    options = ["--max-change", "10%", "--probability", tmp_path / "p.tif", "--noise", "flip"]
    line = refused(TOO_MUCH, tmp_path, "run", fax, *options)
    assert line.startswith(f"isingdenoise: {fax} page 2 of 3: ")
    options[1] = "40%"
    succeed("run", fax, *options)


def test_a_damaged_page_is_named_and_nothing_written(fax, tmp_path):
    (tmp_path / "fax.denoised.tif").write_bytes(b"precious")
    data = bytearray(fax.read_bytes())
    with tifffile.TiffFile(fax) as parsed:
        last = parsed.pages[2]
        (start,), (count,) = last.dataoffsets, last.databytecounts
    data[start : start + count] = bytes([2]) * count
    fax.write_bytes(data)
    options = ["--probability", tmp_path / "p.tif", "--force"]
    assert f"{fax}: page 3 of 3 " in refused(UNREADABLE, tmp_path, "run", fax, *options)


def test_masks_must_fit_every_page(tmp_path):
    same = [noisy_page(number, (30, 30)) for number in range(2)]
    write_pages(tmp_path / "same.tif", same)
    Image.fromarray(np.ones((30, 30), bool)).save(tmp_path / "mask.png")
    succeed("run", tmp_path / "same.tif", "--mask", tmp_path / "mask.png")
    write_pages(tmp_path / "two.tif", [same[0], PAGES[1]])
    line = refused(USAGE, tmp_path, "run", tmp_path / "two.tif", "--mask", tmp_path / "mask.png")
    assert line.startswith("isingdenoise: --mask: ")


def test_json_has_the_pages_of_many_and_one_flat(fax, tmp_path):
    record = json.loads(succeed("run", fax, "--json").stdout)
    assert list(record) == [
        *("input", "output", "probability", "pages", "change_map", "mask", "protect"),
        "animation",
    ]
    inner = [key for key in JSON_KEYS if key not in record]
    for number, page in enumerate(record["pages"]):
        assert list(page) == ["page", *inner]
        assert (page["page"], page["height"], page["width"]) == (number + 1, *SHAPES[number])
    alone = json.loads(succeed("run", fax, "--json", "--frame", 3, "-o", tmp_path / "x.png").stdout)
    assert list(alone) == JSON_KEYS
    changing = {"seconds"}
    for key in set(inner) - changing:
        assert alone[key] == record["pages"][2][key]


def test_the_report_has_a_block_for_each_page(fax):
    head, *lines = succeed("run", fax).stdout.splitlines()
    assert head == f"{fax} -> {fax.with_name('fax.denoised.tif')}"
    blocks = [line for line in lines if not line.startswith("    ")]
    assert blocks == [f"  page {number} of 3" for number in (1, 2, 3)]
    assert len(lines) % 3 == 0
    assert lines[1].startswith("    noise     flip")


def test_warnings_name_the_page(fax):
    write_pages(fax, [PAGES[0], np.ones((8, 8), bool)], overwrite=True)
    done = invoke("run", fax, *QUICK, "-O", "max_sweeps=1")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"isingdenoise: {fax} page 1 of 2: warning: mf did not converge")
    assert second.startswith(f"isingdenoise: {fax} page 2 of 2: warning: mf did not converge")


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_between_pages_leaves_nothing(tmp_path, number, code):
    write_pages(tmp_path / "x.tif", [noisy_page(0)] * 200)
    before = snapshot(tmp_path)
    options = ["-o", "y.tif", "--engine", "gibbs", "-O", "sweeps=2000", *QUICK]
    running = subprocess.Popen(
        [SCRIPT, "run", "x.tif", *options, "--probability", "p.tif"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while len(snapshot(tmp_path)) == len(before):  # until the first page is in a temporary file
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code
    assert len(said.replace(COLD.encode(), b"").splitlines()) == 1
    assert snapshot(tmp_path) == before


@pytest.mark.slow
def test_one_page_at_a_time_is_kept(tmp_path, monkeypatch):
    """300 pages: nothing of a page lives when the next one is cleaned."""
    from isingdenoise.pipeline import options

    write_pages(tmp_path / "x.tif", (noisy_page(0, (16, 16)) for _ in range(300)))
    solve, seen, alive = options.denoise, [], []

    def watched(pixels, *args, **more):
        gc.collect(0)
        alive.append(sum(ref() is not None for ref in seen[-6:]))
        result = solve(pixels, *args, **more)
        seen.extend(weakref.ref(thing) for thing in (pixels, result, result.image))
        return result

    monkeypatch.setattr(options, "denoise", watched)
    succeed("run", tmp_path / "x.tif", "--probability", tmp_path / "p.tif", *QUICK)
    assert alive == [0] * 300
    assert sum(1 for _ in read_pages(tmp_path / "p.tif")) == 300


# Not `ru_maxrss`: that of a child begins with what its parent took.
PEAK = """
import re, sys
from isingdenoise_cli.main import cli
try:
    cli(sys.argv[1:])
finally:
    status = open("/proc/self/status").read()
    print(re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
"""
linux = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="measures by /proc")  # noqa: PTH110


def peak(*args):
    """Run the command in a process of its own; return the largest memory that it took."""
    done = launch(*args, "-O", "parallel=false", program=(sys.executable, "-c", PEAK))
    assert done.code == 0, done.stderr
    return int(done.stderr.splitlines()[-1]) * 1024


@pytest.mark.slow
@linux
def test_memory_does_not_grow_with_the_pages(tmp_path):
    """25 pages of a million pixels take what 3 take; the pixels alone would be 22 MB more."""
    page = noisy_page(0, (1000, 1000), compression="none")
    peaks = {}
    for count in (3, 25):
        write_pages(tmp_path / f"{count}.tif", [page] * count)
        peaks[count] = peak("run", tmp_path / f"{count}.tif", *QUICK)
    assert peaks[25] < peaks[3] + 13e6


@pytest.mark.slow
@linux
def test_what_a_page_takes_is_told_before_it_is_decoded(tmp_path, monkeypatch):
    from isingdenoise.io import memory, one_page

    monkeypatch.chdir(tmp_path)
    write_pages("x.tif", [noisy_page(0, (2000, 2000))])
    write_pages("small.tif", [noisy_page(0)])
    options = ["--noise", "flip", "--probability", "p.tif", "--force"]
    taken = peak("run", "x.tif", *options) - peak("run", "small.tif", *options)

    monkeypatch.setattr(memory, "available_memory", lambda: int(taken))
    with monkeypatch.context() as patched:
        patched.setattr(one_page, "load_bits", lambda *_: pytest.fail("decoded"))
        line = refused(UNREADABLE, tmp_path, "run", "x.tif", *options)
    assert "x.tif: page 1" not in line
    assert " GB of memory, but " in line
    needed = float(line.partition("needs about ")[2].split()[0]) * 1e9
    constant = 350e6  # compiled kernels, decoders, maps of a tile, whatever the picture
    assert taken < needed < 1.5 * taken + constant


@pytest.mark.process
@pytest.mark.slow
def test_the_progress_of_pages_is_drawn_on_a_terminal_alone(fax, tmp_path):
    code, shown = on_a_terminal("run", "fax.tif", *QUICK, cwd=tmp_path)
    assert code == 0
    bar, arrow, _ = shown.partition("fax.tif -> fax.denoised.tif\n")
    assert arrow
    assert "3/3" in bar
    assert "3/3" not in succeed("run", fax, "--force").stderr

"""`isingdenoise run` with several inputs, and the formats that it writes."""

import json
import os

import numpy as np
import pytest
from command_line import (
    SCRIPT,
    error_line,
    invoke,
    launch,
    load,
    save,
    save_noisy,
    scene,
    snapshot,
    succeed,
)
from test_cli_run import JSON_KEYS

from isingdenoise.io import COMPRESSIONS, EXTENSIONS, read_picture, write_bilevel

USAGE, UNREADABLE, EXISTS, UNWRITABLE, TOO_MUCH = 2, 3, 4, 5, 6


@pytest.fixture
def three(tmp_path):
    """Return a PNG, a TIFF and a JPEG."""
    names = ["a.png", "b.TIFF", "c.jpg"]
    return [save_noisy(tmp_path / name, seed=seed) for seed, name in enumerate(names)]


def refused(code, folder, *args):
    """Run the command, insist that it fails cleanly and writes nothing; return its line."""
    before = snapshot(folder)
    line = error_line(invoke(*args), code)
    assert snapshot(folder) == before
    return line


# ----------------------------------------------------------------------------- several inputs


@pytest.mark.slow
def test_several_pictures_are_those_cleaned_one_by_one(three, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    reports = [succeed("run", path, "-o", alone).stdout for path in three]
    for path in three:
        path.chmod(0o640)
        os.utime(path, ns=(1_000_000_000, 2_000_000_000))
    before = {path: path.read_bytes() for path in three}

    done = succeed("run", *three)

    targets = [tmp_path / name for name in ("a.denoised.png", "b.denoised.tiff", "c.denoised.png")]
    for target, name in zip(targets, ("a.png", "b.tiff", "c.png"), strict=True):
        assert target.read_bytes() == (alone / name).read_bytes()
    lines = done.stdout.splitlines()
    heads = [f"{path} -> {target}" for path, target in zip(three, targets, strict=True)]
    assert [line for line in lines if not line.startswith(" ")] == heads
    for path in three:
        assert path.read_bytes() == before[path]
        assert path.stat().st_mtime_ns == 2_000_000_000
    same = [line for text in reports for line in text.splitlines()[1:] if "engine" not in line]
    assert [line for line in lines if line.startswith(" ") and "engine" not in line] == same
    assert len(snapshot(tmp_path)) == 3 + 3 + 1 + 3


def test_a_folder_takes_all_under_their_names(three, tmp_path):
    folder = tmp_path / "cleaned.d"
    folder.mkdir()
    succeed("run", *three, "-o", folder)
    assert set(snapshot(folder)) == {"a.png", "b.tiff", "c.png"}
    line = refused(EXISTS, tmp_path, "run", three[1], "-o", folder)
    assert "b.tiff: exists" in line


def test_a_bad_picture_among_several_is_told_and_the_rest_done(three, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    missing = tmp_path / "nowhere" / "gone.png"
    done = invoke("run", three[0], bad, missing, three[1])
    assert done.code == 1
    first, second = done.stderr.splitlines()
    assert first.startswith(f"isingdenoise: {bad}: ")
    assert second.startswith(f"isingdenoise: {missing}: ")
    assert done.stdout.count(" -> ") == 2
    assert {"a.denoised.png", "b.denoised.tiff"} < set(snapshot(tmp_path))
    assert not (tmp_path / "bad.denoised.png").exists()


def test_json_lists_the_pictures_as_one_alone_is_told(three, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    done = invoke("run", three[0], bad, three[2], "--json")
    assert done.code == 1
    record = json.loads(done.stdout)
    assert list(record) == ["pictures", "failed"]
    assert record["failed"] == 1
    good, wrong, other = record["pictures"]
    for row, path in ((good, three[0]), (other, three[2])):
        assert list(row) == [*JSON_KEYS, "error"]
        assert (row["input"], row["error"]) == (str(path), None)
    assert list(wrong) == ["input", "output", "error"]
    assert wrong["output"] is None
    assert done.stderr == f"isingdenoise: {wrong['error']}\n"


def test_what_one_picture_does_not_fit_fails_that_one_alone(three, tmp_path):
    mask = save(tmp_path / "mask.png", np.ones((32, 32), bool))
    other = save_noisy(tmp_path / "other.png", size=40)
    done = invoke("run", three[0], other, "--mask", mask)
    assert done.code == 1
    assert f"{other}: --mask: {mask} has 32 x 32 pixels" in done.stderr
    assert (tmp_path / "a.denoised.png").exists()

    done = invoke("run", other, three[1], "--max-change", "0")
    assert done.code == 1
    assert done.stderr.count("of the pixels would change") == 2
    assert not (tmp_path / "other.denoised.png").exists()


@pytest.mark.parametrize("option", [[], ["--force"]])
def test_pictures_that_would_have_one_output_are_refused_by_name(three, tmp_path, option):
    twin = save_noisy(tmp_path / "a.jpg")
    line = refused(USAGE, tmp_path, "run", three[0], twin, *option)
    assert f"{three[0]} and {twin} would both become {tmp_path / 'a.denoised.png'}" in line
    line = refused(USAGE, tmp_path, "run", *three, three[1], *option)
    assert f"{three[1]} is given twice" in line
    (tmp_path / "sub").mkdir()
    other = save_noisy(tmp_path / "sub" / "a.png")
    line = refused(USAGE, tmp_path, "run", three[0], other, "-o", tmp_path / "sub", *option)
    assert "sub/a.png" in line


def test_an_output_that_is_an_input_is_refused(three, tmp_path):
    made = save_noisy(tmp_path / "a.denoised.png")
    for force in ([], ["--force"]):
        line = refused(USAGE, tmp_path, "run", three[0], made, *force)
        assert line.startswith("isingdenoise: INPUT: ")
        assert f"{made} would be written for {three[0]} and is an input too; leave one" in line
        line = refused(USAGE, tmp_path, "run", *three, "-o", tmp_path, *force)
        assert "a.png is the input itself" in line
    (tmp_path / "link").symlink_to(tmp_path)
    refused(USAGE, tmp_path, "run", three[0], "-o", tmp_path / "link", "--force")


def test_nothing_is_done_where_one_output_exists_or_cannot_be_written(three, tmp_path):
    (tmp_path / "c.denoised.png").write_bytes(b"precious")
    assert "c.denoised.png" in refused(EXISTS, tmp_path, "run", *three)
    (tmp_path / "c.denoised.png").unlink()
    (tmp_path / "c.denoised.png").mkdir()
    assert "is a folder" in refused(UNWRITABLE, tmp_path, "run", *three, "--force")


@pytest.mark.parametrize("name", ["new.png", "b.TIFF", "-"])
def test_several_pictures_need_a_folder(three, tmp_path, name):
    output = name if name == "-" else tmp_path / name
    line = refused(USAGE, tmp_path, "run", *three, "-o", output)
    assert line.startswith("isingdenoise: -o: ")
    assert "with several inputs it must be one" in line


@pytest.mark.parametrize("option", ["--probability", "--change-map"])
def test_one_file_does_not_take_what_several_pictures_give(three, tmp_path, option):
    line = refused(USAGE, tmp_path, "run", *three, option, tmp_path / "x.tif")
    assert line == f"isingdenoise: {option}: goes with one INPUT, not with 3"


def test_a_wrong_seed_is_a_usage_error_with_several_too(three, tmp_path):
    assert "--seed" in refused(USAGE, tmp_path, "run", *three, "--seed", "-1")


@pytest.mark.process
@pytest.mark.slow
def test_a_full_disk_ends_no_picture_half_written(three, tmp_path):
    """Each picture needs more than a file may have here; the exit code is that of a batch."""
    for path in three:
        save_noisy(path, size=300, sigma=300)
    small = ["bash", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$@"', "bash"]
    options = ["--noise", "gaussian", "--coupling", "0.1", "--format", "bmp"]
    before = set(snapshot(tmp_path))
    done = launch(SCRIPT, "run", *three, *options, program=small)
    assert done.code == 1, done
    told = [line.split(": ") for line in done.stderr.splitlines()]
    assert [parts[1] for parts in told if parts[2] != "warning"] == [
        str(tmp_path / f"{name}.denoised.bmp") for name in "abc"
    ]
    assert set(snapshot(tmp_path)) == before


# ----------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("x.tif", "x.denoised.tif"),
        ("x.TIFF", "x.denoised.tiff"),
        ("x.bmp", "x.denoised.png"),
        ("x", "x.denoised.png"),
    ],
)
def test_a_tiff_stays_one_and_all_else_becomes_png(tmp_path, name, made):
    noisy = save_noisy(tmp_path / "first.bmp").rename(tmp_path / name)
    succeed("run", noisy)
    assert set(snapshot(tmp_path)) == {name, made}
    assert read_picture(tmp_path / made).format == ("TIFF" if ".tif" in made else "PNG")


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({kind.lower() for kind in EXTENSIONS.values()}))
def test_the_format_can_be_named(tmp_path, kind):
    noisy = save_noisy(tmp_path / "x.png")
    succeed("run", noisy, "-o", tmp_path / "reference.png")
    succeed("run", noisy, "--format", kind)
    (made,) = tmp_path.glob("x.denoised.*")
    assert EXTENSIONS[made.suffix].lower() == kind
    picture = read_picture(made)
    bright = picture.pixels if picture.pixels.dtype == bool else picture.pixels > 127
    np.testing.assert_array_equal(bright, load(tmp_path / "reference.png")[1])
    succeed("run", noisy, "--format", kind, "-o", tmp_path / "named")  # no extension at all
    assert (tmp_path / "named").read_bytes() == made.read_bytes()


@pytest.mark.parametrize("compression", COMPRESSIONS["TIFF"])
def test_the_compression_can_be_named(tmp_path, compression):
    path = tmp_path / "x.tif"
    write_bilevel(path, scene(), compression="lzw", dpi=(300, 200))
    succeed("run", path, "--compression", compression)
    picture = read_picture(tmp_path / "x.denoised.tif")
    assert (picture.compression, picture.dpi) == (compression, (300, 200))
    succeed("run", path, "--force")
    assert read_picture(tmp_path / "x.denoised.tif").compression == "lzw"


@pytest.mark.parametrize(
    ("options", "named", "known"),
    [
        (["--format", "gif87"], "--format", "'tiff'"),
        (["--compression", "zip"], "--compression", "'packbits'"),
        (["--compression", "group4"], "--compression", "PNG, which takes deflate none"),
        (["--format", "gif", "--compression", "none"], "--compression", "no choice of it"),
        (["--format", "tiff", "-o", "x.png"], "--format", "tiff and the extension of"),
        (["--format", "png", "-o", "x.dat", "--compression", "lzw"], "--compression", "deflate"),
        (["-o", "x.dat"], "-o", ".webp"),
    ],
)
def test_formats_that_cannot_be_are_refused_with_those_that_can(tmp_path, options, named, known):
    options = [tmp_path / text if text.startswith("x.") else text for text in options]
    noisy = save_noisy(tmp_path / "a.png")
    line = refused(USAGE, tmp_path, "run", noisy, *options)
    assert line.startswith("isingdenoise: ")
    assert named in line
    assert known in line


def test_a_compression_that_one_of_several_cannot_have_is_refused(three, tmp_path):
    line = refused(USAGE, tmp_path, "run", *three, "--compression", "lzw")
    assert "lzw is none of PNG, which takes deflate none" in line
    succeed("run", *three, "--compression", "lzw", "--format", "tiff")
    made = [read_picture(path) for path in sorted(tmp_path.glob("*.denoised.*"))]
    assert [(picture.format, picture.compression) for picture in made] == [("TIFF", "lzw")] * 3

"""`volume`: what is read, what is written, what is told, and what is refused."""

import json
import subprocess

import numpy as np
import pytest
import tifffile
from command_line import SCRIPT, error_line, invoke, snapshot, succeed
from reference_volume import spheres

from isingdenoise.volumes import VOLUME_ENGINES

CLEAN = spheres((10, 40, 44), radii=(4, 7))
GREY = np.clip(
    128 + 60 * (2.0 * CLEAN - 1 + 0.9 * np.random.default_rng(0).normal(size=CLEAN.shape)), 0, 255
).astype(np.uint8)


def put(path, planes, **more):
    tifffile.imwrite(path, planes, photometric="minisblack", metadata=None, **more)
    return path


@pytest.fixture
def stack(tmp_path):
    """Return a noisy TIFF of ten pages."""
    return put(tmp_path / "stack.tif", GREY)


def wrong(planes):
    return float(np.mean((np.asarray(planes) > 0) != CLEAN))


def bilevel(path):
    from isingdenoise.io import read_volume

    found = read_volume(path).pixels
    assert found.dtype == np.bool_
    return found


@pytest.mark.parametrize("engine", VOLUME_ENGINES)
def test_a_stack_becomes_clean(stack, engine):
    target = stack.with_name("out.tif")
    done = succeed("volume", stack, "-o", target, "--engine", engine, "-O", "gibbs.sweeps=20")
    assert done.stdout.startswith(f"{stack} -> {target}\n  voxels    10 x 40 x 44\n  noise     ")
    assert "between planes (estimated)" in done.stdout
    assert "nats on" in done.stdout
    assert wrong(bilevel(target)) < 0.03
    alone = stack.with_name("alone.tif")
    succeed("volume", stack, "-o", alone, "--between", "0", "--engine", engine)
    assert wrong(bilevel(target)) < wrong(bilevel(alone))


@pytest.mark.parametrize("kind", ["tif", "npy", "zarr"])
def test_every_kind_goes_in_and_out_with_its_probabilities(tmp_path, kind):
    from isingdenoise.volumes.files import read_zarr, write_zarr

    source, target, sure = (tmp_path / f"{name}.{kind}" for name in ("in", "out", "sure"))
    if kind == "zarr":
        pytest.importorskip("zarr")
        write_zarr(source, GREY)
    elif kind == "npy":
        np.save(source, GREY)
    else:
        put(source, GREY)
    succeed("volume", source, "-o", target, "--probability", sure)
    reads = {
        "tif": tifffile.imread,
        "npy": np.load,
        "zarr": lambda path: read_zarr(path, max_pages=99).pixels,
    }
    image, p = reads[kind](target), reads[kind](sure)
    assert wrong(image) < 0.03
    assert (p.shape, p.dtype) == (CLEAN.shape, np.float32)
    np.testing.assert_array_equal(image > 0, p >= 0.5)
    assert (kind == "tif") or image.dtype == np.bool_


def test_a_clean_stack_comes_out_unchanged(tmp_path):
    source = tmp_path / "clean.npy"
    np.save(source, CLEAN)
    done = succeed("volume", source, "-o", tmp_path / "out.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), CLEAN)
    assert "left alone" in done.stdout
    assert "changed   0.00% of the voxels" in done.stdout


def test_unrelated_pages_stay_apart_and_it_is_said(tmp_path):
    pages = np.concatenate([spheres((2, 64, 60), seed=k)[:1] for k in range(8)])
    noisy = 2.0 * pages - 1 + np.random.default_rng(3).normal(size=pages.shape)
    np.save(tmp_path / "s.npy", noisy.astype(np.float32))
    done = succeed("volume", tmp_path / "s.npy", "-o", tmp_path / "o.npy")
    assert "none between planes (estimated)" in done.stdout
    assert "each is a picture of its own" in done.stdout


def record(*options):
    return json.loads(succeed("volume", *options, "--json", "--force").stdout)


def test_what_is_given_is_taken(stack):
    to = ("-o", stack.with_name("out.npy"))
    given = record(stack, *to, "--coupling", "0.5,0.4", "--between", "0.5", "--spacing", "3,1,1")
    c = given["coupling"]
    assert (c["horizontal"], c["vertical"], c["source"]) == (0.5, 0.4, "given")
    assert c["between"][1][1] == pytest.approx(0.45 * 0.5 / 3)
    assert (given["spacing"], given["neighbours"]) == ([3, 1, 1], 6)
    far = record(stack, *to, "--coupling", "0.3", "--between", "1", "--neighbours", "26")
    assert np.count_nonzero(far["coupling"]["between"]) == 9
    own = record(stack, *to, "--noise", "gaussian", "--sigma", "50", "--levels", "60,190")
    assert (own["noise"]["sigma"], own["noise"]["levels"]) == (50, [60, 190])
    set_ = record(
        stack, *to, "--engine", "gibbs", "-O", "sweeps=6", "-O", "burn_in=1", "--seed", "4"
    )
    assert (set_["engine"]["sweeps"], set_["seed"]) == (6, 4)


def test_the_spacing_of_the_file_is_taken_unless_another_is_given(stack):
    tifffile.imwrite(
        stack, GREY, imagej=True, resolution=(10, 10),
        metadata={"spacing": 0.2, "unit": "um", "axes": "ZYX"},
    )  # fmt: skip
    to = ("-o", stack.with_name("out.tif"), "--coupling", "0.4", "--between", "1")
    found = record(stack, *to)
    assert found["spacing"] == pytest.approx([0.2, 0.1, 0.1])
    assert found["coupling"]["between"][1][1] == pytest.approx(0.2)
    assert record(stack, *to, "--spacing", "1,1,1")["spacing"] == [1, 1, 1]


def test_sweeps_that_run_out_are_warned_of(stack):
    done = succeed("volume", stack, "-o", stack.with_name("o.tif"), "-O", "max_sweeps=1")
    assert "did not converge in 1 sweeps; raise -O max_sweeps" in done.stderr


def test_one_seed_gives_the_same_bytes(stack):
    files = [stack.with_name(f"{k}.npy") for k in range(3)]
    for path, seed in zip(files, ("1", "1", "2"), strict=True):
        options = ("--engine", "gibbs", "-O", "sweeps=8", "--seed", seed)
        succeed("volume", stack, "-o", path.with_suffix(".tif"), "--probability", path, *options)
    one, same, other = (path.read_bytes() for path in files)
    assert one == same != other


def test_missing_voxels_are_filled_in(tmp_path):
    known = np.ones(CLEAN.shape, np.uint8)
    known[5, 10:20, 10:20] = 0
    dirty = np.where(known, GREY, 255).astype(np.uint8)
    source, mask = put(tmp_path / "s.tif", dirty), put(tmp_path / "m.tif", known)
    succeed("volume", source, "--mask", mask, "-o", tmp_path / "out.npy")
    found = np.load(tmp_path / "out.npy")
    assert np.mean(found[known == 0] != CLEAN[known == 0]) < 0.15


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("kind", ["tiff", "npy"])
def test_stacks_go_through_standard_input_and_output(stack, kind):
    target = stack.with_name("out.tif" if kind == "tiff" else "out.npy")
    succeed("volume", stack, "-o", target)
    words = [SCRIPT, "volume", "-", "-o", "-", "--format", kind]
    done = subprocess.run(
        words, input=stack.read_bytes(), capture_output=True, check=True, timeout=300
    )
    assert done.stdout == target.read_bytes()
    assert b"standard input -> standard output" in done.stderr


@pytest.mark.parametrize(
    ("code", "options", "named"),
    [
        (2, ["s.tif"], "-o"),
        (2, ["s.tif", "-o", "n.xyz"], "n.xyz"),
        (2, ["s.tif", "-o", "n.png"], "-o"),
        (2, ["s.tif", "-o", "n.tif", "--format", "npy"], "--format"),
        (2, ["s.tif", "-o", "s.tif", "--force"], "s.tif"),
        (2, ["s.tif", "-o", "-", "--json"], "--json"),
        (2, ["s.tif", "-o", "n.tif", "--noise", "pink"], "--noise"),
        (2, ["s.tif", "-o", "n.tif", "--sigma", "3"], "--sigma"),
        (2, ["s.tif", "-o", "n.tif", "--noise", "flip", "--flip-prob", "0.9"], "--flip-prob"),
        (2, ["s.tif", "-o", "n.tif", "--engine", "exact"], "--engine"),
        (2, ["s.tif", "-o", "n.tif", "-O", "sweeps=3"], "-O"),
        (2, ["s.tif", "-o", "n.tif", "-O", "tol=-1"], "-O tol"),
        (2, ["s.tif", "-o", "n.tif", "--between", "much"], "--between"),
        (2, ["s.tif", "-o", "n.tif", "--between", "-1"], "--between"),
        (2, ["s.tif", "-o", "n.tif", "--between", "nan"], "--between"),
        (2, ["s.tif", "-o", "n.tif", "--neighbours", "8"], "--neighbours"),
        (2, ["s.tif", "-o", "n.tif", "--spacing", "1,1"], "--spacing"),
        (2, ["s.tif", "-o", "n.tif", "--spacing", "0,1,1"], "--spacing"),
        (2, ["s.tif", "-o", "n.tif", "--seed", "-1"], "--seed"),
        (2, ["s.tif", "-o", "n.tif", "--mask", "small.tif"], "small.tif"),
        (2, ["s.tif", "-o", "n.tif", "--probability", "n.tif"], "--probability"),
        (2, ["s.tif", "-o", "n.tif", "--probability", "p.png"], "--probability"),
        (2, ["s.tif", "-o", "n.tif", "--probability", "p.npy", "--engine", "icm"], "mf or gibbs"),
        (3, ["missing.tif", "-o", "n.tif"], "missing.tif"),
        (3, ["missing.zarr", "-o", "n.tif"], "missing.zarr"),
        (3, ["text.tif", "-o", "n.tif"], "text.tif"),
        (3, ["empty.tif", "-o", "n.tif"], "empty.tif"),
        (3, ["sizes.tif", "-o", "n.tif"], "page 2 of 2"),
        (3, ["two.npy", "-o", "n.tif"], "two.npy"),
        (3, ["cut.npy", "-o", "n.tif"], "cut.npy"),
        (3, ["nan.npy", "-o", "n.tif"], "nan.npy"),
        (3, ["s.tif", "-o", "n.tif", "--mask", "missing.tif"], "missing.tif"),
        (3, ["s.tif", "-o", "n.tif", "--max-pixels", "1000"], "--max-pixels"),
        (3, ["s.tif", "-o", "n.tif", "--max-pages", "3"], "--max-pages"),
        (3, ["s.tif", "-o", "n.tif", "--channel", "2"], "--channel"),
        (3, ["s.tif", "-o", "n.tif", "--timeout", "1e-9"], "s.tif"),
        (4, ["s.tif", "-o", "old.tif"], "old.tif"),
        (4, ["s.tif", "-o", "n.tif", "--probability", "old.npy"], "old.npy"),
        (4, ["s.tif", "-o", "old.zarr", "--force"], "old.zarr"),
        (5, ["s.tif", "-o", "text.tif/n.tif"], "text.tif"),
        (5, ["s.tif", "-o", "n.tif", "--probability", "no/p.npy"], "no/p.npy"),
        (2, ["s.tif", "-o", "new/n.tif", "--mask", "small.tif"], "small.tif"),
    ],
)
def test_volume_refuses_and_writes_nothing(tmp_path, monkeypatch, code, options, named):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "s.tif", GREY)
    for name in ("old.tif", "old.npy"):
        (tmp_path / name).write_bytes(b"precious")
    (tmp_path / "old.zarr").mkdir()
    (tmp_path / "text.tif").write_text("no picture")
    (tmp_path / "empty.tif").write_bytes(b"")
    put(tmp_path / "small.tif", np.ones((2, 3, 3), np.uint8))
    with tifffile.TiffWriter(tmp_path / "sizes.tif") as tiff:
        for side in (5, 6):
            tiff.write(np.zeros((5, side), np.uint8), photometric="minisblack", metadata=None)
    np.save(tmp_path / "two.npy", GREY[0])
    np.save(tmp_path / "nan.npy", np.full((2, 3, 4), np.nan))
    np.save(tmp_path / "whole.npy", GREY)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-100])
    before = snapshot(tmp_path)
    assert named in error_line(invoke("volume", *options), code)
    assert snapshot(tmp_path) == before


def test_the_folder_of_the_output_is_made(stack):
    target = stack.parent / "new" / "folder" / "n.tif"
    succeed("volume", stack, "-o", target)
    assert target.is_file()


def test_a_volume_without_room_is_refused_before_it_is_read(stack, monkeypatch):
    from isingdenoise import volumes

    monkeypatch.setattr(volumes, "memory_to_denoise_volume", lambda *a, **k: 1 << 60)
    line = error_line(invoke("volume", stack, "-o", stack.with_name("n.tif")), 3)
    assert "GB of memory" in line

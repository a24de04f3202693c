"""`segment`: what is read, what is written, what is told, and what is refused."""

import json
import subprocess

import numpy as np
import pytest
import tifffile
from command_line import SCRIPT, error_line, invoke, snapshot, succeed
from label_maps import cells, flipped, grey
from PIL import Image

from isingdenoise.potts import POTTS_ENGINES

SHAPE, VALUES = (72, 90), np.array([0, 60, 128, 255], np.uint8)
Z = cells(SHAPE, 4)


def put(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def labels(tmp_path):
    """Return a label map with a tenth of its labels wrong."""
    return put(tmp_path / "map.png", VALUES[flipped(Z, 4, 0.1)])


@pytest.fixture
def slide(tmp_path):
    """Return a grey picture of four levels."""
    x = np.clip(np.rint(grey(Z, 0.4)), 0, 255).astype(np.uint8)
    return put(tmp_path / "slide.png", x)


@pytest.fixture
def sure(tmp_path):
    """Return class probabilities as an array."""
    l = np.random.default_rng(0).normal(size=(4, *SHAPE))  # noqa: E741
    p = np.exp(l + 2 * (np.arange(4)[:, None, None] == Z))
    return (p / p.sum(axis=0)).astype(np.float32)


def pixels(path):
    with Image.open(path) as picture:
        return np.array(picture)


def share_wrong(path, truth):
    return float(np.mean(pixels(path) != truth))


@pytest.mark.parametrize("engine", POTTS_ENGINES)
def test_a_label_map_keeps_its_values(labels, engine):
    target = labels.with_name("out.png")
    done = succeed("segment", labels, "-o", target, "--engine", engine)
    assert done.stdout.startswith(f"{labels} -> {target}\n  labels    4: 0 (")
    assert "noise     flip, probability 0." in done.stdout
    assert share_wrong(target, VALUES[Z]) < 0.02
    assert pixels(target).dtype == np.uint8


def test_a_clean_label_map_comes_out_unchanged(tmp_path):
    source = put(tmp_path / "clean.png", VALUES[Z])
    done = succeed("segment", source, "-o", tmp_path / "out.png")
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), VALUES[Z])
    assert "left alone" in done.stdout
    assert "changed   0.00%" in done.stdout


def test_sixteen_bits_and_two_levels_keep_their_type(tmp_path):
    wide = put(tmp_path / "wide.png", np.array([0, 500, 1000, 65535], np.uint16)[Z])
    succeed("segment", wide, "-o", tmp_path / "w.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "w.tif"), pixels(wide))
    two = put(tmp_path / "two.png", Z > 1)
    succeed("segment", two, "-o", tmp_path / "t.png")
    assert pixels(tmp_path / "t.png").dtype == np.bool_
    np.testing.assert_array_equal(pixels(tmp_path / "t.png"), Z > 1)


def test_a_grey_picture_gets_its_levels(slide):
    target = slide.with_name("out.png")
    record = json.loads(succeed("segment", slide, "--labels", "4", "-o", target, "--json").stdout)
    np.testing.assert_allclose(record["values"], [50, 80, 110, 140], atol=1.5)
    assert record["noise"]["sigma"] == pytest.approx(12, rel=0.06)
    assert sum(record["shares"]) == pytest.approx(1)
    expected = np.rint(record["values"])[Z]
    assert share_wrong(target, expected) < 0.015


@pytest.mark.parametrize("kind", ["npy", "tif"])
def test_class_probabilities_go_in_and_out(tmp_path, sure, kind):
    source, target = tmp_path / f"p.{kind}", tmp_path / f"q.{kind}"
    if kind == "npy":
        np.save(source, sure)
    else:
        tifffile.imwrite(source, sure, photometric="minisblack")
    succeed("segment", source, "-o", tmp_path / "out.png", "--probability", target)
    assert share_wrong(tmp_path / "out.png", Z) < 0.02
    q = np.load(target) if kind == "npy" else tifffile.imread(target)
    assert (q.shape, q.dtype) == (sure.shape, np.float32)
    np.testing.assert_allclose(q.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(q.argmax(axis=0), pixels(tmp_path / "out.png"))
    again = tmp_path / "again.png"  # what was written is read
    succeed("segment", target, "-o", again, "--coupling", "0")
    np.testing.assert_array_equal(pixels(again), q.argmax(axis=0))


@pytest.mark.slow
@pytest.mark.process
def test_pictures_go_through_standard_input_and_output(labels):
    target = labels.with_name("out.png")
    succeed("segment", labels, "-o", target)
    words = [SCRIPT, "segment", "-", "-o", "-"]
    done = subprocess.run(
        words, input=labels.read_bytes(), capture_output=True, check=True, timeout=300
    )
    assert done.stdout == target.read_bytes()
    assert b"standard input -> standard output" in done.stderr


def test_json_and_a_picture_do_not_share_standard_output(labels):
    assert "--json" in error_line(invoke("segment", labels, "-o", "-", "--json"), 2)


def test_what_is_given_is_taken(labels, slide):
    target = labels.with_name("out.png")

    def record(*options):
        done = succeed("segment", *options, "-o", target, "--json", "--force")
        return json.loads(done.stdout)

    assert record(labels, "--flip-prob", "0.2")["noise"]["probability"] == 0.2
    assert record(slide, "--labels", "4", "--sigma", "20")["noise"]["sigma"] == 20
    given = record(labels, "--coupling", "1,0.5")["coupling"]
    assert (given["horizontal"], given["vertical"], given["source"]) == (1, 0.5, "given")
    set_ = record(labels, "--engine", "gibbs", "-O", "sweeps=6", "-O", "burn_in=1", "--seed", "4")
    assert (set_["engine"]["sweeps"], set_["seed"]) == (6, 4)
    assert record(labels, "--engine", "gibbs", "-O", "mf.tol=1e-4")["engine"]["name"] == "gibbs"


def test_one_seed_gives_the_same_bytes(labels):
    files = [labels.with_name(f"{k}.npy") for k in range(3)]
    for path, seed in zip(files, ("1", "1", "2"), strict=True):
        options = ("--engine", "gibbs", "-O", "sweeps=8", "--seed", seed)
        out = path.with_suffix(".png")
        succeed("segment", labels, "-o", out, "--probability", path, *options)
    one, same, other = (path.read_bytes() for path in files)
    assert one == same != other


def test_missing_pixels_are_filled_in(tmp_path):
    known = np.ones(SHAPE, bool)
    known[20:24, 30:60] = False
    dirty = np.where(known, VALUES[Z], 77).astype(np.uint8)
    source, mask = put(tmp_path / "map.png", dirty), put(tmp_path / "mask.png", known)
    succeed("segment", source, "--mask", mask, "-o", tmp_path / "out.png")
    assert share_wrong(tmp_path / "out.png", VALUES[Z]) < 0.01
    np.testing.assert_array_equal(pixels(tmp_path / "out.png")[known], VALUES[Z][known])


def test_a_palette_is_warned_of(tmp_path):
    source = tmp_path / "palette.png"
    picture = Image.fromarray(Z.astype(np.uint8), mode=None).convert("P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.save(source)
    done = succeed("segment", source, "-o", tmp_path / "out.png")
    assert "palette" in done.stderr
    assert len(np.unique(pixels(tmp_path / "out.png"))) == 4


def test_colours_of_one_grey_value_are_warned_of(tmp_path):
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 130, 0], [0, 0, 255]], np.uint8)
    Image.fromarray(colours[Z]).save(tmp_path / "map.png")
    done = succeed("segment", tmp_path / "map.png", "-o", tmp_path / "out.png")
    assert "has colours: the 3 grey values" in done.stderr


@pytest.mark.parametrize(
    ("code", "options", "named"),
    [
        (2, ["slide.png", "-o", "n.png"], "--labels"),
        (2, ["map.png"], "-o"),
        (2, ["map.png", "-o", "n.xyz"], "n.xyz"),
        (2, ["map.png", "-o", "n.jpg"], "-o"),
        (2, ["map.png", "-o", "map.png", "--force"], "map.png"),
        (2, ["map.png", "-o", "n.png", "--labels", "1"], "--labels"),
        (2, ["map.png", "-o", "n.png", "--labels", "128"], "--labels"),
        (2, ["map.png", "-o", "n.png", "--labels", "9", "--noise", "gaussian"], "--labels"),
        (2, ["map.png", "-o", "n.png", "--noise", "pink"], "--noise"),
        (2, ["map.png", "-o", "n.png", "--noise", "probability"], "--noise"),
        (2, ["map.png", "-o", "n.png", "--noise", "flip", "--sigma", "1"], "--sigma"),
        (2, ["map.png", "-o", "n.png", "--flip-prob", "0.9"], "--flip-prob"),
        (2, ["map.png", "-o", "n.png", "--flip-prob", "nan"], "--flip-prob"),
        (2, ["slide.png", "-o", "n.png", "--labels", "4", "--sigma", "-1"], "--sigma"),
        (2, ["map.png", "-o", "n.png", "--engine", "exact"], "--engine"),
        (2, ["map.png", "-o", "n.png", "-O", "sweeps=3"], "-O"),
        (2, ["map.png", "-o", "n.png", "-O", "tol=-1"], "-O tol"),
        (2, ["map.png", "-o", "n.png", "--engine", "expansion", "--coupling", "-1"], "--engine"),
        (2, ["map.png", "-o", "n.png", "--seed", "-1"], "--seed"),
        (2, ["map.png", "-o", "n.png", "--mask", "small.png"], "small.png"),
        (2, ["map.png", "-o", "n.png", "--probability", "n.png"], "--probability"),
        (2, ["map.png", "-o", "n.png", "--probability", "p.png"], "--probability"),
        (2, ["map.png", "-o", "n.npy", "--probability", "n.npy"], "--probability"),
        (2, ["map.png", "-o", "n.png", "--probability", "p.npy", "--engine", "icm"], "mf or gibbs"),
        (2, ["half.npy", "-o", "n.png"], "-o"),
        (3, ["missing.png", "-o", "n.png"], "missing.png"),
        (3, ["text.png", "-o", "n.png"], "text.png"),
        (3, ["swapped.npy", "-o", "n.png"], "swapped.npy"),
        (3, ["whole.npy", "-o", "n.png"], "whole.npy"),
        (3, ["cut.npy", "-o", "n.png"], "cut.npy"),
        (3, ["four.npy", "-o", "n.png"], "four.npy"),
        (3, ["pages.tif", "-o", "n.png"], "--frame"),
        (3, ["p.npy", "-o", "n.png", "--max-pixels", "1000"], "--max-pixels"),
        (3, ["p.npy", "-o", "n.png", "--max-pages", "3"], "--max-pages"),
        (3, ["map.png", "-o", "n.png", "--timeout", "1e-9"], "map.png"),
        (4, ["map.png", "-o", "old.png"], "old.png"),
        (4, ["map.png", "-o", "n.png", "--probability", "old.npy"], "old.npy"),
        (5, ["map.png", "-o", "text.png/n.png"], "text.png"),
        (2, ["map.png", "-o", "missing/n.png", "--mask", "small.png"], "small.png"),
    ],
)
def test_segment_refuses_and_writes_nothing(labels, slide, sure, monkeypatch, code, options, named):
    folder = labels.parent
    monkeypatch.chdir(folder)
    for name in ("old.png", "old.npy"):
        (folder / name).write_bytes(b"precious")
    (folder / "text.png").write_text("no picture")
    put(folder / "small.png", np.ones((3, 3), bool))
    np.save(folder / "half.npy", 0.5 * Z)  # no PNG holds its values
    np.save(folder / "p.npy", sure)
    np.save(folder / "swapped.npy", sure.transpose(1, 2, 0))
    np.save(folder / "whole.npy", (255 * sure).astype(np.uint8))
    np.save(folder / "four.npy", sure[None])
    (folder / "cut.npy").write_bytes((folder / "p.npy").read_bytes()[:-100])
    tifffile.imwrite(folder / "pages.tif", VALUES[np.stack([Z, Z])], photometric="minisblack")
    before = snapshot(folder)
    assert named in error_line(invoke("segment", *options), code)
    assert snapshot(folder) == before


def test_the_folder_of_the_output_is_made(labels):
    target = labels.parent / "new" / "folder" / "n.png"
    succeed("segment", labels, "-o", target)
    assert target.is_file()

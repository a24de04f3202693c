"""Sound pictures of odd kinds: tiny, flat, with holes, of every mode, with several pages."""

import json

import numpy as np
import pytest
from command_line import invoke, load, save, save_noisy, scene, succeed
from faulty import COMMANDS, SOME_FAILED, UNREADABLE, refused
from picture_files import encoded, tiff
from PIL import Image

from isingdenoise.io import encode_pages

SHAPES = [(1, 1), (1, 7), (7, 1), (1, 300), (300, 1), (2, 2)]


def grey(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_tiny(tmp_path, command, shape):
    picture = save(tmp_path / "in.png", grey(shape))
    succeed(*COMMANDS[command](picture, tmp_path / "out.png"))
    if command == "run":
        assert load(tmp_path / "out.png")[1].shape == shape


def test_tiny_in_a_batch(tmp_path):
    for number, shape in enumerate(SHAPES):
        save(tmp_path / "in" / f"{number}.png", grey(shape))
    succeed("batch", tmp_path / "in", tmp_path / "out")
    for number, shape in enumerate(SHAPES):
        assert load(tmp_path / "out" / f"{number}.png")[1].shape == shape


FLAT = {
    "black.png": np.zeros((8, 9), np.uint8),
    "grey.png": np.full((8, 9), 77, np.uint8),
    "white.png": np.ones((8, 9), bool),
    "deep.tif": np.full((8, 9), 40000, np.uint16),
    "float.tif": np.full((8, 9), -3.5, np.float32),
}


@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
@pytest.mark.parametrize("name", FLAT)
def test_all_pixels_equal(tmp_path, command, name):
    picture = save(tmp_path / name, FLAT[name])
    done = succeed(*COMMANDS[command](picture, tmp_path / "out.png"))
    if name == "white.png":  # two levels are known by themselves
        assert "levels" not in done.stderr
    else:
        assert "all pixels are equal" in done.stderr
        assert str(picture) in done.stderr
    if command == "run":
        assert len(np.unique(load(tmp_path / "out.png")[1])) == 1
        told = json.loads(succeed("run", picture, "--force", "--json").stdout)
        assert told["changed_to_white"] == told["changed_to_black"] == 0


def test_all_pixels_equal_in_a_batch(tmp_path):
    save(tmp_path / "in" / "flat.png", FLAT["grey.png"])
    save_noisy(tmp_path / "in" / "noisy.png")
    done = succeed("batch", tmp_path / "in", tmp_path / "out")
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        str(tmp_path / "in" / "flat.png")
    ]


def holed(value):
    pixels = np.where(scene(), 1.0, -1.0) + np.random.default_rng(0).normal(0, 0.3, (32, 32))
    pixels[3:9, 4:20] = value
    return pixels.astype(np.float32)


@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
def test_nan_is_a_missing_pixel(tmp_path, command):
    """The same as a mask that says so."""
    holes = save(tmp_path / "holes.tif", holed(np.nan))
    filled, mask = save(tmp_path / "filled.tif", holed(0)), np.full((32, 32), 255, np.uint8)
    mask[3:9, 4:20] = 0
    save(tmp_path / "mask.png", mask)
    done = succeed(*COMMANDS[command](holes, tmp_path / "out.png"))
    if command == "run":
        assert done.stderr == ""
        masked = ["--mask", tmp_path / "mask.png"]
        succeed("run", filled, "-o", tmp_path / "masked.png", *masked)
        assert (tmp_path / "out.png").read_bytes() == (tmp_path / "masked.png").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x.tif", "x.npy"])
def test_infinity(tmp_path, command, value, name):
    path = tmp_path / name
    np.save(path, holed(value)) if name == "x.npy" else save(path, holed(value))
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, tmp_path / "out.png"))
    assert f"{path}: holds infinite values" in line


def test_infinity_in_a_batch(tmp_path):
    save(tmp_path / "in" / "infinite.tif", holed(np.inf))
    save(tmp_path / "in" / "nan.tif", holed(np.nan))
    done = invoke("batch", tmp_path / "in", tmp_path / "out")
    assert done.code == SOME_FAILED
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        str(tmp_path / "in" / "infinite.tif")
    ]
    assert len(list((tmp_path / "out").glob("nan.*"))) == 1


@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
def test_only_missing_pixels(tmp_path, command):
    path = save(tmp_path / "x.tif", np.full((5, 6), np.nan, np.float32))
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, tmp_path / "out.png"))
    assert line.startswith(f"isingdenoise: {path}: has no known pixel")


def modes():
    rng = np.random.default_rng(0)
    bits = Image.fromarray(scene() ^ (rng.random((32, 32)) < 0.05))
    noisy = np.where(scene(), 190, 60) + rng.normal(0, 15, (32, 32))
    grey_ = Image.fromarray(noisy.astype(np.uint8))
    deep = np.asarray(grey_).astype(np.uint16) * 257
    colour = Image.merge("RGB", (grey_, grey_, grey_))
    opaque = Image.new("L", grey_.size, 255)
    return {
        "1.png": encoded(bits, "PNG"),
        "1.fax.tif": encoded(bits, "TIFF", compression="group4"),
        "white-is-zero.tif": tiff(np.asarray(grey_), photometric="miniswhite"),
        "P.png": encoded(grey_.quantize(12), "PNG"),
        "P.gif": encoded(grey_, "GIF"),
        "LA.png": encoded(Image.merge("LA", (grey_, opaque)), "PNG"),
        "RGB.png": encoded(colour, "PNG"),
        "RGB.jpg": encoded(colour, "JPEG"),
        "RGBA.png": encoded(Image.merge("RGBA", (grey_,) * 3 + (opaque,)), "PNG"),
        "CMYK.jpg": encoded(colour.convert("CMYK"), "JPEG"),
        "CMYK.tif": encoded(colour.convert("CMYK"), "TIFF"),
        "16.png": encoded(Image.fromarray(deep), "PNG"),
        "16.big.tif": tiff(deep.astype(">u2"), byteorder=">"),
        "int32.tif": tiff(np.asarray(grey_).astype(np.int32) - 100),
        "uint32.tif": tiff(np.asarray(grey_).astype(np.uint32) << 20),
        "float.tif": tiff(np.asarray(grey_) / np.float32(255)),
    }


MODES = modes()


@pytest.mark.parametrize("name", MODES)
def test_every_mode_is_cleaned(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(MODES[name])
    succeed("run", path, "-o", tmp_path / "out.png")
    mode, pixels = load(tmp_path / "out.png")
    assert mode == "1"
    agree = np.mean(pixels == scene())
    assert agree > 0.97 if name != "white-is-zero.tif" else agree < 0.03  # as tifffile wrote it
    assert path.read_bytes() == MODES[name]


def animated():
    frames = [Image.fromarray(grey((9, 9), seed)) for seed in range(3)]
    options = {"save_all": True, "append_images": frames[1:]}
    return {
        "x.gif": encoded(frames[0], "GIF", **options),
        "x.png": encoded(frames[0], "PNG", **options),
        "x.webp": encoded(frames[0], "WEBP", lossless=True, **options),
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
@pytest.mark.parametrize("name", animated())
def test_animated_pictures_ask_for_a_frame(tmp_path, command, name):
    path, out = tmp_path / name, tmp_path / "out.png"
    path.write_bytes(animated()[name])
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, out))
    assert str(path) in line
    assert "--frame" in line
    succeed(*COMMANDS[command](path, out), "--frame", "3")
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, out), "--frame", "4", "--force")
    assert "it has 3" in line


def test_animated_pictures_in_a_batch(tmp_path):
    save_noisy(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.gif").write_bytes(animated()["x.gif"])
    done = invoke("batch", tmp_path / "in", tmp_path / "out")
    assert done.code == SOME_FAILED
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "in" / "b.gif") in done.stderr
    assert "--frame" in done.stderr


@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
def test_one_page_of_a_tiff(tmp_path, command):
    pages = [scene(24, 24), ~scene(32, 40), scene(16, 50)]
    path, out = tmp_path / "pages.tif", tmp_path / "out.png"
    path.write_bytes(encode_pages(pages))
    succeed(*COMMANDS[command](path, out), "--frame", "2")
    if command == "run":
        np.testing.assert_array_equal(load(out)[1], pages[1])
    assert "--frame" in refused(
        UNREADABLE, tmp_path, *COMMANDS[command](path, out), "--frame", "4", "--force"
    )

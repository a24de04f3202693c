"""Spins and encoding: what comes out reads back the same elsewhere."""

import io
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from isingdenoise.errors import OverwriteError, ParameterError
from isingdenoise.io import (
    CHANGE_COLOURS,
    EXTENSIONS,
    encode_bilevel,
    encode_change_map,
    encode_grey,
    format_of,
    from_spins,
    read_picture,
    to_spins,
    write_change_map,
)

BITS = np.random.default_rng(3).random((19, 13)) < 0.3
RAMP = np.linspace(0, 1, 77, dtype=np.float32).reshape(7, 11)
PICTURES = sorted(set(EXTENSIONS.values()) - {"NPY"})


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


# ------------------------------------------------------------------------- spins


@pytest.mark.parametrize("levels", [(False, True), (0, 255), (-1, 1), (3, 7), (-0.5, 2.25)])
def test_spins_there_and_back(levels):
    spins = to_spins(np.where(BITS, levels[1], levels[0]))
    assert spins.dtype == np.int8
    np.testing.assert_array_equal(spins, np.where(BITS, 1, -1))
    np.testing.assert_array_equal(from_spins(spins), BITS, strict=True)


def test_one_valued_bools_are_spins_too():
    assert to_spins(np.zeros((2, 3), dtype=bool)).tolist() == [[-1] * 3] * 2


@pytest.mark.parametrize("values", [[0, 1, 2], [5, 5], [], [0.0, np.nan, 1.0], ["a", "b"]])
def test_not_two_levels(values):
    with pytest.raises(ParameterError, match="pixels"):
        to_spins(np.array([values]))


@pytest.mark.parametrize("values", [[0, 1], [True, False], [-1.0, np.nan]])
def test_not_spins(values):
    with pytest.raises(ParameterError, match="labels"):
        from_spins(np.array(values))


# ---------------------------------------------------------------------- encoding


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("image", [BITS, BITS[:1, :1], ~BITS[:, :1], BITS[::2, ::-3]])
def test_bilevel_reads_back(tmp_path, kind, image):
    data = encode_bilevel(image, kind)
    grey = np.asarray(opened(data).convert("L"))
    np.testing.assert_array_equal(grey > 127, image)
    (tmp_path / "x").write_bytes(data)
    picture = read_picture(tmp_path / "x")
    np.testing.assert_array_equal(picture.pixels > 0.5 * 255 * (picture.mode != "1"), image)
    assert (picture.mode == "1") == (kind in {"PNG", "TIFF", "PBM", "BMP"})


def test_tiff_is_group_4_and_black_is_zero():
    with tifffile.TiffFile(io.BytesIO(encode_bilevel(BITS, "TIFF"))) as parsed:
        page = parsed.pages[0]
        assert page.compression == tifffile.COMPRESSION.CCITT_T6
        assert page.photometric == tifffile.PHOTOMETRIC.MINISBLACK
        assert page.bitspersample == 1
        # No resolution known, none claimed: square pixels, without a unit.
        assert page.resolutionunit == tifffile.RESUNIT.NONE
        assert page.resolution == (1, 1)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
@pytest.mark.parametrize("dpi", [(300, 300), (204, 98), (299.9994, 300)])
def test_resolution_is_kept(kind, dpi):
    found = opened(encode_bilevel(BITS, kind, dpi=dpi)).info["dpi"]
    assert [float(v) for v in found] == pytest.approx(dpi, abs=0.02)


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("dpi", [(np.nan, 3), (0, 0), (1e9, 300), (300, -1)])
def test_a_resolution_without_sense_is_left_out(kind, dpi):
    assert encode_bilevel(BITS, kind, dpi=dpi) == encode_bilevel(BITS, kind)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PGM", "BMP", "WEBP"])
def test_grey_bytes_are_kept(kind):
    grey = np.arange(77, dtype=np.uint8).reshape(7, 11) * 3
    np.testing.assert_array_equal(np.asarray(opened(encode_grey(grey, kind)).convert("L")), grey)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PGM"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_are_kept(tmp_path, kind, order):
    deep = (RAMP * 65535).astype(order)
    (tmp_path / "x").write_bytes(encode_grey(deep, kind))
    np.testing.assert_array_equal(
        read_picture(tmp_path / "x").pixels, deep.astype(np.uint16), strict=True
    )


@pytest.mark.parametrize(
    ("kind", "top", "slack"),
    [
        ("PNG", 65535, 0.5),
        ("PGM", 255, 0.5),
        ("BMP", 255, 0.5),
        ("WEBP", 255, 0.5),
        ("JPEG", 255, 9),
    ],
)
def test_probabilities(tmp_path, kind, top, slack):
    (tmp_path / "x").write_bytes(encode_grey(RAMP, kind))
    stored = read_picture(tmp_path / "x").pixels
    assert np.abs(stored - RAMP * np.float64(top)).max() <= slack + 1e-3
    assert stored.dtype == (np.uint16 if top == 65535 else np.uint8)


def test_floats_in_tiff_and_npy():
    wild = np.array([[np.nan, -3.5, 1e30]])
    data = encode_grey(wild, "TIFF")
    np.testing.assert_array_equal(np.asarray(opened(data)), wild.astype(np.float32), strict=True)
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), wild.astype(np.float32))
    np.testing.assert_array_equal(np.load(io.BytesIO(encode_grey(wild, "NPY"))), wild, strict=True)
    np.testing.assert_array_equal(np.load(io.BytesIO(encode_bilevel(BITS, "NPY"))), BITS)


@pytest.mark.parametrize(
    ("array", "kind", "word"),
    [
        (np.array([[0.5, 1.01]]), "PNG", "TIFF"),
        (np.array([[-0.01]]), "BMP", "TIFF"),
        (np.array([[np.nan]]), "PNG", "TIFF"),
        (np.array([[np.inf]]), "TIFF", "finite"),
        (np.array([[1e300]]), "TIFF", "finite"),
        (np.array([[5]], dtype=np.uint16), "JPEG", "16 bits"),
        (np.array([[5]], dtype=np.int64), "PNG", "int64"),
        (np.array([[5]], dtype=np.uint8), "PBM", "PGM"),
        (np.array([[5]], dtype=np.uint8), "EPS", "cannot be written"),
        (np.zeros((0, 4)), "PNG", "two-dimensional"),
        (np.zeros((2, 2, 3), dtype=np.uint8), "PNG", "two-dimensional"),
        (np.array([["a"]], dtype=object), "NPY", "two-dimensional"),
        (np.zeros((1, 70000), dtype=np.uint8), "JPEG", "70000 x 1|70000 x 1 pixels"),
        (np.zeros((1, 70000), dtype=np.uint8), "WEBP", "70000 x 1"),
        (np.zeros((1, 70000), dtype=np.uint8), "GIF", "70000 x 1"),
    ],
)
def test_what_a_format_cannot_hold(array, kind, word):
    with pytest.raises(ParameterError, match=word):
        encode_grey(array, kind)


def test_bilevel_wants_bools():
    with pytest.raises(ParameterError, match="uint8"):
        encode_bilevel(BITS.astype(np.uint8), "PNG")


CHANGES = np.random.default_rng(4).integers(-1, 2, BITS.shape, dtype=np.int8)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("cut", [np.s_[:], np.s_[:1, :1], np.s_[:, :5], np.s_[::2, ::-3]])
def test_change_maps_have_a_palette(kind, cut):
    picture = opened(encode_change_map(BITS[cut], CHANGES[cut], kind))
    kept = np.where(BITS[cut], 1, 0)
    expected = np.where(CHANGES[cut] == 0, kept, np.where(CHANGES[cut] == 1, 2, 3))
    assert picture.mode == "P"
    np.testing.assert_array_equal(np.asarray(picture), expected)
    colours = np.array(list(CHANGE_COLOURS.values()))
    np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), colours[expected])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_change_maps_keep_the_resolution(kind):
    found = opened(encode_change_map(BITS, CHANGES, kind, dpi=(204, 98))).info["dpi"]
    assert [float(v) for v in found] == pytest.approx((204, 98), abs=0.02)
    plain = opened(encode_change_map(BITS, CHANGES, kind)).info.get("dpi")
    assert plain in (None, (1, 1))


def test_change_maps_as_npy_are_the_changes():
    data = encode_change_map(BITS, CHANGES, "NPY")
    np.testing.assert_array_equal(np.load(io.BytesIO(data)), CHANGES, strict=True)


@pytest.mark.parametrize("kind", sorted(set(PICTURES) - {"PNG", "TIFF"}))
def test_other_formats_hold_no_change_map(kind):
    with pytest.raises(ParameterError, match=f"{kind} holds no change map"):
        encode_change_map(BITS, CHANGES, kind)


def test_colours_of_changes_can_be_told_apart_without_colour_vision():
    """Contrast as in the Web Content Accessibility Guidelines: (L1 + 0.05) / (L2 + 0.05)."""
    colours = np.array([CHANGE_COLOURS[name] for name in CHANGE_COLOURS]) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lights = linear @ [0.2126, 0.7152, 0.0722] + 0.05
    black, white, to_white, to_black = lights
    assert white > black > 2 * to_white > 4 * to_black


def test_change_maps_are_not_replaced_unasked(tmp_path):
    write_change_map(tmp_path / "c.png", BITS, CHANGES)
    with pytest.raises(OverwriteError):
        write_change_map(tmp_path / "c.png", BITS, CHANGES)
    write_change_map(tmp_path / "c.png", BITS, CHANGES, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["c.png"]


def test_format_of():
    assert format_of("a.b/C.TIFF") == "TIFF"
    assert format_of(b"caf\xe9.jpg") == "JPEG"
    for name in ("x", "x.xyz", ".png", "x.", "a.png/x"):
        with pytest.raises(ParameterError, match=r"output: .*\.png \.tif"):
            format_of(name)


@pytest.mark.process
@pytest.mark.slow
def test_importing_stays_light():
    heavy = "'PIL', 'imageio', 'skimage', 'numba', 'matplotlib'"
    code = f"import sys, isingdenoise.io; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Reading: every kind of pixel, both polarities, orientation, frames, reference pictures."""

import io
import struct

import numpy as np
import pytest
from picture_files import chunk, encoded, png, tiff
from PIL import Image, ImageOps

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io import read_clean, read_picture, read_size

GREY = np.arange(0, 240, 4, dtype=np.uint8).reshape(6, 10)
BITS = np.array([[1, 0, 0], [1, 1, 0]], dtype=bool)


@pytest.fixture
def read(tmp_path):
    def read_bytes(data, **options):
        path = tmp_path / "picture"
        path.write_bytes(data)
        return read_picture(path, **options)

    return read_bytes


# ------------------------------------------------------------------ kinds of pixels


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM", "BMP"])
def test_one_bit_arrives_as_bool_with_bright_true(read, kind):
    picture = read(encoded(Image.fromarray(BITS), kind))
    np.testing.assert_array_equal(picture.pixels, BITS, strict=True)
    assert (picture.format, picture.mode) == (kind, "1")
    assert picture.pixels.view(np.uint8).max() == 1  # not Pillow's 255
    assert picture.pixels.flags.writeable


@pytest.mark.parametrize("photometric", ["miniswhite", "minisblack"])
@pytest.mark.parametrize(
    ("stored", "bright"), [(BITS, True), (GREY, 255), (GREY.astype(np.uint16) * 257, 65535)]
)
def test_polarity_of_tiff(read, photometric, stored, bright):
    expected = stored if photometric == "minisblack" else bright - stored.astype(np.int64)
    pixels = read(tiff(stored, photometric=photometric)).pixels
    np.testing.assert_array_equal(pixels, expected.astype(stored.dtype), strict=True)


def test_polarity_of_fax_and_of_ascii_pbm(read):
    fax = encoded(Image.fromarray(BITS), "TIFF", compression="group4", tiffinfo={262: 0})
    np.testing.assert_array_equal(read(fax).pixels, BITS, strict=True)
    paper = read(b"P1\n3 1\n0 1 0\n").pixels  # in a PBM, 0 is white
    np.testing.assert_array_equal(paper, [[True, False, True]], strict=True)


MODES = {
    "PNG": ["L", "RGB", "P", "LA", "RGBA"],
    "TIFF": ["L", "RGB", "P", "LA", "RGBA", "PA", "YCbCr"],
    "BMP": ["L", "RGB", "P", "RGBA"],
    "GIF": ["L", "P"],
    "PPM": ["L", "RGB"],
    "WEBP": ["RGB", "RGBA"],
}


@pytest.mark.parametrize(("kind", "mode"), [(k, m) for k, modes in MODES.items() for m in modes])
def test_equal_channels_keep_their_value(read, kind, mode):
    image = Image.fromarray(GREY)
    image = image.convert("P").convert("PA") if mode == "PA" else image.convert(mode)
    data = encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    np.testing.assert_array_equal(read(data).pixels, GREY, strict=True)


def test_palette_order_is_not_brightness(read):
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8))
    image.putpalette([255, 255, 255, 0, 0, 0])
    np.testing.assert_array_equal(read(encoded(image, "PNG", bits=1)).pixels, [[255, 0]])


def test_luminance_is_rec_601(read):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 80, 200]]], dtype=np.uint8)
    expected = np.rint(colours @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    np.testing.assert_array_equal(read(encoded(Image.fromarray(colours), "PNG")).pixels, expected)


def test_a_coloured_palette_is_read_as_its_colours(read):
    colours = np.random.default_rng(2).integers(0, 256, (256, 3), dtype=np.uint8)
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    image.putpalette(colours.tobytes())
    expected = colours.reshape(16, 16, 3) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read(encoded(image, "PNG")).pixels - expected).max() < 0.51


@pytest.mark.parametrize(("inks", "grey"), [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0)])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(read, kind, inks, grey):
    picture = read(encoded(Image.new("CMYK", (8, 8), inks), kind))
    assert picture.mode == "CMYK"
    assert abs(int(picture.pixels[3, 3]) - grey) <= 2


def test_alpha_lies_over_white(read):
    layers = np.random.default_rng(1).integers(0, 256, (40, 50, 4), dtype=np.uint8)
    colour, alpha = layers[..., :3] @ np.array([0.299, 0.587, 0.114]), layers[..., 3] / 255
    expected = colour * alpha + 255 * (1 - alpha)
    pixels = read(encoded(Image.fromarray(layers), "PNG")).pixels
    assert pixels.dtype == np.uint8
    assert np.abs(pixels - expected).max() < 0.51
    pair = layers[..., 1:3].copy()
    blended = pair[..., 0] * (pair[..., 1] / 255) + 255 - pair[..., 1].astype(float)
    pixels = read(encoded(Image.fromarray(pair, "LA"), "TIFF")).pixels
    assert np.abs(pixels - blended).max() < 0.51


def grey_png(depth, values, clear):
    """Return a grey PNG of one row in which the grey `clear` is transparent."""
    bits = "".join(format(value, f"0{depth}b") for value in values)
    row = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return png(len(values), 1, depth, 0, b"\0" + row, chunk(b"tRNS", struct.pack(">H", clear)))


@pytest.mark.parametrize(
    ("depth", "values", "clear", "expected"),
    [
        (1, [0, 1], 0, [True, True]),
        (1, [0, 1], 1, [False, True]),
        (2, [0, 1, 2], 1, [0, 255, 170]),
        (4, [3, 2, 0], 2, [51, 255, 0]),
        (8, [18, 52], 52, [18, 255]),
        (16, [4660, 9], 4660, [65535, 9]),
    ],
)
def test_a_transparent_grey_becomes_white(read, depth, values, clear, expected):
    pixels = read(grey_png(depth, values, clear)).pixels
    np.testing.assert_array_equal(pixels, [expected])
    assert pixels.dtype == {1: bool, 16: np.uint16}.get(depth, np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_becomes_white(read, kind):
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8))
    image.putpalette([10, 10, 10, 90, 90, 90, 200, 200, 200])
    pixels = read(encoded(image, kind, transparency=1)).pixels
    np.testing.assert_array_equal(pixels, [[10, 255, 200]], strict=False)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_stay(read, kind):
    deep = GREY.astype(np.uint16) * 251
    np.testing.assert_array_equal(read(encoded(Image.fromarray(deep), kind)).pixels, deep)
    assert read(encoded(Image.fromarray(deep), kind)).pixels.dtype == np.uint16


def test_big_endian_arrives_native(read):
    pixels = read(tiff(GREY.astype(">u2"), byteorder=">", photometric="minisblack")).pixels
    np.testing.assert_array_equal(pixels, GREY.astype(np.uint16), strict=True)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int8", [-3, 100]),
        ("int16", [-3, 30000]),
        ("int32", [-3, 2**30]),
        ("uint32", [3, 2**32 - 1]),
    ],
)
def test_other_integers_become_float64(read, kind, values):
    pixels = read(tiff(np.array([values], dtype=kind), photometric="minisblack")).pixels
    np.testing.assert_array_equal(pixels, np.array([values], dtype=float), strict=True)


def test_floats_keep_nan_and_refuse_infinity(read):
    values = np.array([[0.5, np.nan, -7.25]], dtype=np.float32)
    pixels = read(tiff(values, photometric="minisblack")).pixels
    np.testing.assert_array_equal(pixels, values, strict=True)
    values[0, 0] = -np.inf
    with pytest.raises(ReadError, match="infinite"):
        read(tiff(values, photometric="minisblack"))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1)])
def test_thin_pictures(read, size):
    assert read(encoded(Image.new("1", size, 1), "PNG")).pixels.shape == size[::-1]


# ------------------------------------------------------------- notes in the file


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_turned_upright_once(read, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(GREY), kind, exif=exif, lossless=True, dpi=(100, 200))
    judge = ImageOps.exif_transpose(
        Image.open(io.BytesIO(encoded(Image.fromarray(GREY), "PNG", exif=exif)))
    )
    picture = read(data)
    np.testing.assert_array_equal(picture.pixels, np.asarray(judge), strict=True)
    assert picture.pixels.flags.c_contiguous
    if kind != "WEBP":
        assert picture.dpi == pytest.approx((200, 100) if orientation > 4 else (100, 200), abs=0.01)


def test_a_damaged_camera_note_does_not_matter(read):
    data = encoded(Image.fromarray(GREY), "PNG", exif=b"Exif\0\0nonsense")
    np.testing.assert_array_equal(read(data).pixels, GREY)


@pytest.mark.parametrize(
    ("dpi", "expected"), [(None, None), ((1, 1), None), ((300, 300), (300, 300))]
)
def test_resolution(read, dpi, expected):
    data = encoded(Image.fromarray(BITS), "TIFF", **({"dpi": dpi} if dpi else {}))
    assert read(data).dpi == expected


# ------------------------------------------------------------------------ frames


def animated(kind):
    first, *rest = (Image.fromarray(np.full((4, 5), v, dtype=np.uint8)) for v in (0, 80, 255))
    return encoded(first, kind, save_all=True, append_images=rest, lossless=True)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_several_frames_ask_for_one(read, kind):
    data = animated(kind)
    with pytest.raises(ReadError, match=r"holds 3 pages.*choose one by its frame"):
        read(data)
    for frame, value in enumerate((0, 80, 255)):
        np.testing.assert_array_equal(read(data, frame=frame).pixels, np.full((4, 5), value))
    with pytest.raises(ReadError, match="it has 3"):
        read(data, frame=3)


def test_each_page_has_its_own_size(tmp_path):
    path = tmp_path / "pages.tif"
    small, large = Image.new("L", (3, 3)), Image.new("L", (30, 30))
    small.save(path, save_all=True, append_images=[large])
    assert read_picture(path, frame=0, max_pixels=9).pixels.shape == (3, 3)
    with pytest.raises(ReadError, match="30 x 30"):
        read_picture(path, frame=1, max_pixels=9)


# --------------------------------------------------------------- reference picture


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[10, 20, 30]], dtype=np.uint8), [[False, True, True]]),
        (np.array([[300, 65535]], dtype=np.uint16), [[False, True]]),
        (np.array([[-1.0, 1.0]], dtype=np.float32), [[False, True]]),
        (np.array([[127]], dtype=np.uint8), [[False]]),
        (np.array([[128]], dtype=np.uint8), [[True]]),
        (np.array([[32768]], dtype=np.uint16), [[True]]),
        (np.array([[0.4]], dtype=np.float32), [[False]]),
        (np.array([[True, True]]), [[True, True]]),
    ],
)
def test_read_clean_cuts_in_the_middle(tmp_path, values, expected):
    (tmp_path / "made.tif").write_bytes(tiff(values, photometric="minisblack"))
    clean = read_clean(tmp_path / "made.tif", values.shape)
    np.testing.assert_array_equal(clean, np.array(expected), strict=True)


def test_read_clean_refuses_another_size_and_holes(tmp_path):
    (tmp_path / "made.tif").write_bytes(
        tiff(np.zeros((4, 9), dtype=np.uint8), photometric="minisblack")
    )
    with pytest.raises(ParameterError, match=r"clean: .*9 x 4 .*7 x 5"):
        read_clean(tmp_path / "made.tif", (5, 7))
    (tmp_path / "made.tif").write_bytes(
        tiff(np.array([[0, np.nan]], dtype=np.float32), photometric="minisblack")
    )
    with pytest.raises(ReadError, match="missing pixels"):
        read_clean(tmp_path / "made.tif")


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.pbm", "x.jpg", "x.npy"])
def test_the_size_is_read_without_the_pixels(tmp_path, name):
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, np.zeros((7, 5), np.uint8))
    else:
        Image.new("L" if name != "x.pbm" else "1", (5, 7)).save(path)
    assert read_size(path) == read_picture(path).pixels.shape == (7, 5)


def test_the_size_of_what_is_no_picture(tmp_path):
    (tmp_path / "x.png").write_text("no picture")
    for name in ("x.png", "missing.png"):
        with pytest.raises(ReadError, match=name):
            read_size(tmp_path / name)

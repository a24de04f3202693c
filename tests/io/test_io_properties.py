"""Any picture in any format reads as a slow conversion says; any damage ends in one line."""

import io
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from picture_files import encoded
from PIL import Image

from isingdenoise.errors import ReadError
from isingdenoise.io import (
    COMPRESSIONS,
    encode_bilevel,
    encode_grey,
    encode_pages,
    read_pages,
    read_picture,
    write_pages,
)
from isingdenoise.io import pixels as conversion

# The same examples on every run, and no clock that a busy machine could trip.
CALM = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
sides = st.integers(1, 64)
seeds = st.integers(0, 2**32 - 1)


def read(data):
    return read_picture(io.BytesIO(data))


# ------------------------------------------------------------ a slow, obvious conversion


def luminance(red, green, blue):
    """Rec. 601 in 16 bits after the point, rounded."""
    return (19595 * red + 38470 * green + 7471 * blue + 32768) // 65536


def over_white(grey_65536, alpha):
    """Blend a grey in units of 1/65536 with white, and round half up."""
    unit = 255 * 65536
    return (grey_65536 * alpha + unit * (255 - alpha) + unit // 2) // unit


def times(first, second):
    """Multiply two bytes that stand for 0 to 1, as Pillow rounds it."""
    product = first * second + 128
    return ((product >> 8) + product) >> 8


def from_rgba(red, green, blue, alpha):
    return over_white(19595 * red + 38470 * green + 7471 * blue, alpha)


def from_cmyk(cyan, magenta, yellow, black):
    light = 255 - black
    return luminance(*(light - times(ink, light) for ink in (cyan, magenta, yellow)))


SLOW = {
    "1": (np.bool_, lambda bit: bit != 0),
    "L": (np.uint8, lambda value: value),
    "LA": (np.uint8, lambda value, alpha: over_white(65536 * value, alpha)),
    "RGB": (np.uint8, luminance),
    "RGBA": (np.uint8, from_rgba),
    "CMYK": (np.uint8, from_cmyk),
    "I;16": (np.uint16, lambda value: value),
    "I": (np.float64, lambda value: value),
    "F": (np.float32, lambda value: value),
}
LOSSLESS = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"],
    "PPM": ["1", "L", "RGB", "I;16"],
    "BMP": ["1", "L", "P", "RGB"],  # its fourth byte is no alpha
    "GIF": ["L", "P"],
    "WEBP": ["RGB", "RGBA"],
}
FORMATS = [(kind, mode) for kind, modes in LOSSLESS.items() for mode in modes]
TIFF_CODECS = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]


def random_image(mode, width, height, rng):
    """Return a Pillow image and the pixels that it should be read as."""
    shape = (height, width)
    if mode == "P":
        palette = rng.integers(0, 256, (256, 3), dtype=np.uint8)
        indices = rng.integers(0, 256, shape, dtype=np.uint8)
        image = Image.fromarray(indices)
        image.putpalette(palette.tobytes())
        grey = [luminance(*map(int, colour)) for colour in palette]
        return image, np.array([[grey[i] for i in row] for row in indices], np.uint8)
    if mode == "1":
        image = Image.fromarray(rng.random(shape) < rng.random())
        stored = np.asarray(image).astype(int)[..., None]
    elif mode in ("I;16", "I", "F"):
        kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        stored = rng.integers(0, 256, (*shape, np.dtype(kind).itemsize), dtype=np.uint8).view(kind)
        if mode == "F":
            stored[np.isinf(stored)] = np.nan
        image = Image.fromarray(stored[..., 0])
    else:
        layers = len(Image.new(mode, (1, 1)).getbands())
        stored = rng.integers(0, 256, (*shape, layers), dtype=np.uint8)
        image = Image.frombytes(mode, (width, height), stored.tobytes())
    kind, convert = SLOW[mode]
    rows = [[convert(*values) for values in row] for row in stored.tolist()]
    return image, np.array(rows, kind)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode"), FORMATS)
@settings(CALM, max_examples=12)
@given(width=sides, height=sides, seed=seeds, part=st.sampled_from([3, 50, 1 << 19]))
def test_every_mode_of_every_format(monkeypatch, kind, mode, width, height, seed, part):
    rng = np.random.default_rng(seed)
    image, expected = random_image(mode, width, height, rng)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    if kind == "TIFF":
        codecs = [*TIFF_CODECS, "group4", "group3"] if mode == "1" else TIFF_CODECS
        options["compression"] = codecs[seed % len(codecs)]
    with monkeypatch.context() as patch:
        patch.setattr(conversion, "_BAND_PIXELS", part)  # in parts of any size, the same
        picture = read(encoded(image, kind, **options))
    np.testing.assert_array_equal(picture.pixels, expected, strict=True)
    assert picture.pixels.flags.c_contiguous


def test_the_slow_conversion_can_fail():
    """A control: one level of difference, in one pixel, is seen."""
    image, expected = random_image("RGB", 8, 8, np.random.default_rng(1))
    expected[3, 3] ^= 1
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(read(encoded(image, "PNG")).pixels, expected)


# ------------------------------------------------------------------- what we write


def bits_of(width, height, seed):
    rng = np.random.default_rng(seed)
    bits = rng.random((height, 2 * width)) < rng.random()
    return [bits[:, ::2], bits[::-1, :width], np.asfortranarray(bits[:, :width])][seed % 3]


@pytest.mark.slow
@settings(CALM, max_examples=120)
@given(
    choice=st.sampled_from([(k, c) for k, all_ in COMPRESSIONS.items() for c in (None, *all_)]),
    width=sides,
    height=sides,
    seed=seeds,
    dpi=st.none() | st.tuples(st.integers(2, 4800), st.integers(2, 4800)),
)
def test_two_levels_there_and_back(choice, width, height, seed, dpi):
    kind, compression = choice
    bits = bits_of(width, height, seed)
    picture = read(encode_bilevel(bits, kind, compression=compression, dpi=dpi))
    stored = bits if kind != "PGM" else bits * np.uint8(255)
    np.testing.assert_array_equal(picture.pixels, stored, strict=True)
    assert picture.dpi == (dpi if kind in {"PNG", "TIFF", "BMP"} else None)


@pytest.mark.slow
@settings(CALM, max_examples=80)
@given(
    kind=st.sampled_from(["PNG", "TIFF", "PGM", "NPY"]),
    type_=st.sampled_from(["uint8", "uint16", "float32"]),
    width=sides,
    height=sides,
    seed=seeds,
)
def test_grey_there_and_back(kind, type_, width, height, seed):
    rng = np.random.default_rng(seed)
    if type_ == "float32":
        kind = "TIFF" if kind in ("PNG", "PGM") else kind
        array = rng.normal(size=(height, width)).astype(np.float32)
        array[rng.random(array.shape) < 0.1] = np.nan
    else:
        array = rng.integers(0, np.iinfo(type_).max, (height, width), type_, endpoint=True)
    np.testing.assert_array_equal(read(encode_grey(array, kind)).pixels, array, strict=True)


@pytest.mark.slow
@settings(CALM, max_examples=30)
@given(pages=st.lists(st.tuples(sides, sides, seeds), min_size=1, max_size=5))
def test_pages_there_and_back(pages):
    arrays = [bits_of(*page) for page in pages]
    found = list(read_pages(io.BytesIO(encode_pages(arrays))))
    assert [page.pages for page in found] == [len(arrays)] * len(arrays)
    for page, array in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(page.pixels, array, strict=True)


# ---------------------------------------------------------------------------- damage


def whole_files():
    rng = np.random.default_rng(11)
    grey = Image.fromarray(rng.integers(0, 256, (21, 34), dtype=np.uint8))
    bits = rng.random((21, 34)) < 0.4
    colour = Image.merge("RGB", (grey, grey.transpose(0), grey))
    several = [grey.point(lambda v, k=k: v ^ k) for k in (3, 9)]
    return {
        "png": encoded(grey, "PNG"),
        "bits.png": encode_bilevel(bits, "PNG", dpi=(300, 300)),
        "apng": encoded(grey, "PNG", save_all=True, append_images=several),
        "tiff": encoded(colour, "TIFF"),
        "lzw": encoded(grey, "TIFF", compression="tiff_lzw"),
        "group4": encode_bilevel(bits, "TIFF"),
        "pages": encode_pages([bits, ~bits[:9], bits[:, :5]]),
        "pbm": encode_bilevel(bits, "PBM"),
        "plain": b"P1\n# a note\n7 3\n" + b"0 1 1 0 1 0 1\n" * 3,
        "bmp": encoded(colour, "BMP"),
        "bits.bmp": encode_bilevel(bits, "BMP"),
        "gif": encoded(grey, "GIF", save_all=True, append_images=several),
        "jpeg": encoded(colour, "JPEG", progressive=True),
        "webp": encoded(colour, "WEBP"),
        "npy": encode_grey(np.asarray(grey), "NPY"),
    }


WHOLE = whole_files()
# Small values, the ends of the ranges, and what doubles or overflows lengths and places.
TELLING = st.sampled_from([0, 1, 2, 3, 4, 8, 0x2B, 0x40, 0x7F, 0x80, 0xFE, 0xFF])
changes = st.lists(
    st.tuples(st.integers(0, 2**16), TELLING | st.integers(0, 255), st.booleans()),
    min_size=1,
    max_size=6,
)


def damaged(data, edits, cut, extra):
    """Change bytes (mostly near the start, where headers are), then cut and lengthen."""
    copy = bytearray(data)
    for place, value, anywhere in edits:
        copy[place % (len(copy) if anywhere else min(len(copy), 160))] = value
    if cut is not None:
        del copy[cut % len(copy) + 1 :]
    return bytes(copy) + extra


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(WHOLE))
@settings(CALM, max_examples=200)
@given(
    edits=changes,
    cut=st.none() | st.none() | st.integers(0, 2**16),
    extra=st.just(b"") | st.binary(max_size=20),
    frame=st.none() | st.integers(0, 3),
)
def test_damage_ends_in_one_line(tmp_path, capfd, kind, edits, cut, extra, frame):
    """Warnings are errors here, so none is given either; and no file is left in part."""
    source, target = tmp_path / "in", tmp_path / "out.tif"
    source.write_bytes(damaged(WHOLE[kind], edits, cut, extra))
    options = {"max_pixels": 100_000, "frame": frame}
    try:
        picture = read_picture(source, **options)
        assert picture.pixels.ndim == 2 and 0 < picture.pixels.size <= 100_000
        assert picture.pixels.dtype.name in {"bool", "uint8", "uint16", "float32", "float64"}
        assert picture.pixels.dtype != bool or picture.pixels.view(np.uint8).max() <= 1
    except ReadError as error:
        assert str(error).isprintable() and str(error).startswith(str(source))
    target.unlink(missing_ok=True)
    try:
        count = write_pages(target, (pages_as_bits(source, options)))
        assert len(list(read_pages(target))) == count
    except ReadError:
        assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert capfd.readouterr() == ("", "")


def pages_as_bits(source, options):
    return (page.pixels > 0 for page in read_pages(source, **options))


def test_the_damage_is_real():
    """A control: whole files are read, and most damaged ones are not."""
    for data in WHOLE.values():
        assert read_picture(io.BytesIO(data), frame=0).pixels.size > 0
    for data in WHOLE.values():
        with pytest.raises(ReadError):
            read(struct.pack("<I", 0) + data[4:])

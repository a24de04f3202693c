"""Random pictures in every layout that formats have, read here and by two other readers."""

import io
import itertools
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from picture_files import chunk, tiff
from PIL import Image

from isingdenoise.errors import ReadError
from isingdenoise.io import read_picture

CALM = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
sides = st.integers(1, 64)
seeds = st.integers(0, 2**32 - 1)


def read(data):
    return read_picture(io.BytesIO(data)).pixels


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def same(found, expected):
    np.testing.assert_array_equal(found, expected)
    assert found.shape == expected.shape


# ------------------------------------------------------------------------------------ PNG

PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
PASSES += [(1, 0, 2, 1)]  # first row and column, and steps between them, of Adam7


def packed(pixels, depth):
    """Return rows of samples as PNG stores them, each behind a filter of none."""
    if depth == 16:
        body = pixels.astype(">u2").view(np.uint8).reshape(len(pixels), -1)
    else:
        bits = np.unpackbits(pixels.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
        body = np.packbits(bits.reshape(len(pixels), -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in body)


def png_of(pixels, depth, interlaced, parts):
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, int(interlaced))
    if interlaced:
        fields = [pixels[y::dy, x::dx] for y, x, dy, dx in PASSES]
        rows = b"".join(packed(field, depth) for field in fields if field.size)
    else:
        rows = packed(pixels, depth)
    stream = zlib.compress(rows)
    cuts = sorted({0, len(stream), *(len(stream) * k // parts for k in range(parts))})
    data = [chunk(b"IDAT", stream[a:b]) for a, b in itertools.pairwise(cuts)]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(data) + chunk(b"IEND", b"")


@pytest.mark.slow
@settings(CALM, max_examples=80)
@given(
    width=sides,
    height=sides,
    seed=seeds,
    depth=st.sampled_from([1, 2, 4, 8, 16]),
    interlaced=st.booleans(),
    parts=st.integers(1, 4),
)
def test_pngs_of_every_kind(width, height, seed, depth, interlaced, parts):
    """Depths, Adam7, and the stream cut into several chunks."""
    rng = np.random.default_rng(seed)
    stored = rng.integers(0, 1 << depth, (height, width)).astype(np.uint16)
    data = png_of(stored, depth, interlaced, parts)
    scale = 255 // ((1 << depth) - 1) if depth < 8 else 1
    found = read(data)
    same(found, stored > 0 if depth == 1 else stored * scale)
    same(by_opencv(data), stored * scale)
    assert found.dtype == {1: np.bool_, 16: np.uint16}.get(depth, np.uint8)


# --------------------------------------------------------------------------------- netpbm


@pytest.mark.slow
@settings(CALM, max_examples=80)
@given(
    width=sides,
    height=sides,
    seed=seeds,
    top=st.sampled_from([1, 2, 9, 100, 254, 255, 256, 1000, 65534, 65535]),
    plain=st.booleans(),
    note=st.sampled_from([b" ", b"\n", b"\t\r\n", b"\n# a note 3 4\n"]),
)
def test_netpbm_of_every_range(width, height, seed, top, plain, note):
    """Any largest value, in letters and in bytes; it stands for white."""
    rng = np.random.default_rng(seed)
    stored = rng.integers(0, top + 1, (height, width))
    head = note.join([b"P2" if plain else b"P5", b"%d" % width, b"%d" % height, b"%d" % top])
    if plain:
        body = b" ".join(b"%d" % value for value in stored.ravel()) + b"\n"
    else:
        body = stored.astype(np.uint8 if top < 256 else ">u2").tobytes()
    data = head + b"\n" + body
    with Image.open(io.BytesIO(data)) as image:
        theirs = np.asarray(image)
    found = read(data)
    same(found, theirs)
    full = 255 if top < 256 else 65535
    assert np.abs(found - stored * full / top).max() <= 1  # however it is rounded
    assert found.max() == full or stored.max() < top


# ----------------------------------------------------------------------------------- TIFF


@pytest.mark.slow
@settings(CALM, max_examples=150)
@given(
    width=sides,
    height=sides,
    seed=seeds,
    kind=st.sampled_from(["u1", "u2", "i4", "f4", "bool"]),
    order=st.sampled_from("<>"),
    big=st.booleans(),
    layout=st.sampled_from(["whole", "strips", "tiles"]),
    compression=st.sampled_from([None, "zlib"]),
    predictor=st.booleans(),
    rows=st.integers(1, 20),
)
def test_tiffs_of_every_layout(
    width, height, seed, kind, order, big, layout, compression, predictor, rows
):
    """Strips and tiles, predictors, both byte orders, classic and BigTIFF."""
    rng = np.random.default_rng(seed)
    if kind == "bool":
        stored = rng.random((height, width)) < 0.5
    elif kind == "f4":
        stored = rng.normal(size=(height, width)).astype("f4")
    else:
        stored = rng.integers(0, 1 << (8 * np.dtype(kind).itemsize - 1), (height, width), kind)
    options = {"byteorder": order, "bigtiff": big, "compression": compression, "metadata": None}
    if layout == "strips":
        options["rowsperstrip"] = rows
    if layout == "tiles" and kind != "bool":
        options["tile"] = (16, 32)
    if predictor and compression and kind in ("u1", "u2"):
        options["predictor"] = 2
    data = tiff(stored, photometric="minisblack", **options)
    # Pillow knows BigTIFF in one byte order alone: tifffile reads the other, but for this
    if big and order == ">" and kind in ("i4", "bool"):
        with pytest.raises(ReadError, match="cannot be read"):
            read(data)
        return
    same(read(data), stored)
    same(tifffile.imread(io.BytesIO(data)), stored)
    if kind == "u2" or (kind == "u1" and "tile" not in options):  # its own limit
        same(by_opencv(data), stored)


# ------------------------------------------------------------------------------------ BMP


def bmp_of(stored, palette, depth, upwards, old):
    """Return a BMP of indices, rows padded to four bytes, the last row first unless negative."""
    height, width = stored.shape
    bits = np.unpackbits(stored.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
    rows = np.packbits(bits.reshape(height, -1), axis=1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    body = (rows[::-1] if upwards else rows).tobytes()
    if old:  # the header of OS/2, with three bytes a colour; it knows bottom-up alone
        header = struct.pack("<IHHHH", 12, width, height, 1, depth)
        colours = b"".join(bytes([v, v, v]) for v in palette)
    else:
        sign = 1 if upwards else -1
        header = struct.pack("<IiiHHIIiiII", 40, width, sign * height, 1, depth, 0, 0, 0, 0, 0, 0)
        colours = b"".join(bytes([v, v, v, 0]) for v in palette)
    start = 14 + len(header) + len(colours)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + colours + body


@pytest.mark.slow
@settings(CALM, max_examples=80)
@given(
    width=sides,
    height=sides,
    seed=seeds,
    depth=st.sampled_from([1, 4, 8]),
    upwards=st.booleans(),
    old=st.booleans(),
)
def test_bitmaps_of_every_kind(width, height, seed, depth, upwards, old):
    """Bottom-up and top-down, palettes in any order, both headers."""
    rng = np.random.default_rng(seed)
    palette = rng.permutation(256)[: 1 << depth].astype(np.uint8)
    if depth == 1 and seed % 2:
        palette = np.array([0, 255], np.uint8) if seed % 4 == 1 else np.array([255, 0], np.uint8)
    stored = rng.integers(0, 1 << depth, (height, width))
    upwards = upwards or old
    data = bmp_of(stored, palette, depth, upwards, old)
    found = read(data)
    grey = found * np.uint8(255) if found.dtype == np.bool_ else found
    same(grey, palette[stored])
    theirs = by_opencv(data)
    same(theirs if theirs.ndim == 2 else theirs[..., 0], palette[stored])


def test_the_readers_differ_where_pixels_do():
    """A control: one bit in a row that is read would be seen by all of them."""
    stored = np.arange(64, dtype=np.uint16).reshape(8, 8)
    other = stored.copy()
    other[3, 3] ^= 1
    for reader in (read, by_opencv):
        with pytest.raises(AssertionError):
            same(reader(png_of(other, 8, True, 2)), stored)

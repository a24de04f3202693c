"""Several pages in one TIFF: read one at a time, written whole or not at all."""

import io
import os
import struct
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile
from picture_files import encoded, tiff
from PIL import Image

from isingdenoise.errors import OverwriteError, ParameterError, ReadError, WriteError
from isingdenoise.io import (
    encode_bilevel,
    encode_pages,
    read_pages,
    read_picture,
    write_pages,
)
from isingdenoise.io import one_page as decoding
from isingdenoise.io.tiff_chain import TiffChain

RNG = np.random.default_rng(8)
SHAPES = [(9, 14), (30, 5), (1, 1), (200, 130)]
BITS = [RNG.random(shape) < 0.4 for shape in SHAPES]
DPI = [(204.0, 98.0), (300.0, 300.0), None, (72.0, 72.0)]


def fax():
    """Return a Group 4 file of four pages of different sizes and resolutions, by Pillow."""
    images = [Image.fromarray(bits) for bits in BITS]
    for image, dpi in zip(images, DPI, strict=True):
        image.encoderinfo = {"dpi": dpi, "tiffinfo": {262: 0}} if dpi else {}
    return encoded(images[0], "TIFF", save_all=True, append_images=images[1:], compression="group4")


def test_every_page_is_read(tmp_path):
    (tmp_path / "x.tif").write_bytes(fax())
    pages = list(read_pages(tmp_path / "x.tif"))
    assert [page.page for page in pages] == [0, 1, 2, 3]
    for page, bits in zip(pages, BITS, strict=True):
        np.testing.assert_array_equal(page.pixels, bits, strict=True)
        assert (page.pages, page.compression, page.mode) == (4, "group4", "1")
        one = read_picture(tmp_path / "x.tif", frame=page.page)
        np.testing.assert_array_equal(one.pixels, bits)
        assert (one.page, one.pages, one.dpi) == (page.page, 4, page.dpi)
    assert [p.page for p in read_pages(tmp_path / "x.tif", frame=2)] == [2]


@pytest.mark.slow
@pytest.mark.parametrize("compression", ["group4", "deflate", "lzw", "packbits", "none"])
def test_pages_there_and_back(tmp_path, compression):
    """Two files on, every page is as it was: pixels, resolution, compression."""
    path = tmp_path / "first.tif"
    assert write_pages(path, BITS, compression=compression) == 4
    pages = [replace(p, dpi=dpi) for p, dpi in zip(read_pages(path), DPI, strict=True)]
    write_pages(tmp_path / "second.tif", iter(pages))
    found = list(read_pages(tmp_path / "second.tif"))
    for page, bits, dpi in zip(found, BITS, DPI, strict=True):
        np.testing.assert_array_equal(page.pixels, bits, strict=True)
        assert (page.dpi, page.compression, page.mode) == (dpi, compression, "1")
    assert encode_pages(pages) == (tmp_path / "second.tif").read_bytes()
    write_pages(path, pages, overwrite=True, compression="lzw")
    assert {page.compression for page in read_pages(path)} == {"lzw"}


def test_other_readers_see_the_same_pages(tmp_path):
    path = tmp_path / "x.tif"
    write_pages(path, BITS)
    ok, pages = cv2.imreadmulti(str(path), flags=cv2.IMREAD_GRAYSCALE)
    assert ok
    for page, bits in zip(pages, BITS, strict=True):
        np.testing.assert_array_equal(page, bits * np.uint8(255))
    write_pages(path, BITS, overwrite=True, compression="deflate")
    with tifffile.TiffFile(path) as parsed:
        for page, bits in zip(parsed.pages, BITS, strict=True):
            np.testing.assert_array_equal(page.asarray(), bits)
            assert (page.bitspersample, page.photometric) == (1, tifffile.PHOTOMETRIC.MINISBLACK)


def test_grey_pages_and_two_levels_in_one_file():
    grey = RNG.integers(0, 256, (7, 11), dtype=np.uint8)
    floats = np.array([[0.5, np.nan]], dtype=np.float32)
    data = encode_pages([BITS[0], grey, floats])
    for page, array in zip(read_pages(io.BytesIO(data)), [BITS[0], grey, floats], strict=True):
        np.testing.assert_array_equal(page.pixels, array, strict=True)
    with pytest.raises(ParameterError, match="group4"):
        encode_pages([BITS[0], grey], compression="group4")


def test_a_page_is_never_decoded_into_the_one_before():
    """Two-level pixels are unpacked in place; a palette of the same size may come next."""
    bits = BITS[0]
    colours = Image.fromarray(np.full(bits.shape, 7, np.uint8))
    colours.putpalette([value for value in range(256) for _ in range(3)])
    for second in (colours, Image.fromarray(~bits)):
        data = encoded(Image.fromarray(bits), "TIFF", save_all=True, append_images=[second])
        first, other = read_pages(io.BytesIO(data))
        np.testing.assert_array_equal(first.pixels, bits)
        assert not np.shares_memory(first.pixels, other.pixels)


def test_pages_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    (tmp_path / "x.tif").write_bytes(fax())
    loads, load = [], decoding.load_bits
    monkeypatch.setattr(decoding, "load_bits", lambda image: loads.append(1) or load(image))
    pages = read_pages(tmp_path / "x.tif")
    assert loads == []
    next(pages)
    assert len(loads) == 1
    written = []

    def cleaned():
        for page in pages:
            written.append(len(loads))
            yield replace(page, pixels=~page.pixels)

    write_pages(tmp_path / "y.tif", cleaned())
    assert written == [2, 3, 4]  # each page is written before the next one is read


def test_one_page_of_any_format():
    for kind in ("PNG", "PBM", "BMP", "TIFF", "NPY"):
        (page,) = read_pages(io.BytesIO(encode_bilevel(BITS[0], kind)))
        np.testing.assert_array_equal(page.pixels, BITS[0], strict=True)
        assert encode_pages([BITS[0]], kind) == encode_bilevel(BITS[0], kind)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_of_an_animation_are_no_pages(kind):
    first, *rest = (Image.fromarray(np.full((4, 5), v, dtype=np.uint8)) for v in (0, 80, 255))
    data = encoded(first, kind, save_all=True, append_images=rest, lossless=True)
    with pytest.raises(ReadError, match=r"animated, of 3 frames; choose one by its frame"):
        next(read_pages(io.BytesIO(data)))
    (page,) = read_pages(io.BytesIO(data), frame=1)
    assert page.pixels.max() == 80


# ----------------------------------------------------------------------------- faults


def test_options_are_checked_before_the_first_page(tmp_path):
    for options in ({"max_pixels": 0}, {"frame": -1}):
        with pytest.raises(ParameterError):
            read_pages(tmp_path / "absent", **options)
    with pytest.raises(ReadError, match="No such file"):
        next(read_pages(tmp_path / "absent"))


def damaged():
    """Return four pages, the third of which has Group 4 data that are none."""
    data = bytearray(encode_pages([BITS[0], BITS[1], BITS[3], BITS[2]]))
    with tifffile.TiffFile(io.BytesIO(data)) as parsed:
        page = parsed.pages[2]
        for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            data[start : start + count] = bytes([2]) * count  # an extension nobody defined
    return bytes(data)


def test_a_damaged_page_is_named_and_the_target_stays(tmp_path, capfd):
    (tmp_path / "x.tif").write_bytes(damaged())
    (tmp_path / "y.tif").write_bytes(b"old")
    pages = read_pages(tmp_path / "x.tif")
    assert [next(pages).page, next(pages).page] == [0, 1]
    with pytest.raises(ReadError, match=r"x\.tif: page 3 of 4 (has damaged|is damaged)"):
        next(pages)
    with pytest.raises(ReadError, match="page 3 of 4"):
        write_pages(tmp_path / "y.tif", read_pages(tmp_path / "x.tif"), overwrite=True)
    assert (tmp_path / "y.tif").read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.tif", "y.tif"]
    assert capfd.readouterr() == ("", "")


def test_a_large_page_is_refused_before_it_is_decoded():
    pages = read_pages(io.BytesIO(encode_pages(BITS)), max_pixels=200)
    with pytest.raises(ReadError, match=r"page 4 of 4 has 130 x 200 pixels.*max_pixels"):
        next(pages)


def test_a_chain_of_pages_that_bites_its_tail_ends():
    data = bytearray(encode_pages(BITS[:2]))
    with tifffile.TiffFile(io.BytesIO(data)) as parsed:
        first, second = (page.offset for page in parsed.pages)
    entries = struct.unpack_from("<H", data, second)[0]
    struct.pack_into("<I", data, second + 2 + 12 * entries, first)
    assert len(list(read_pages(io.BytesIO(data)))) == 2


@pytest.mark.parametrize("kind", ["PNG", "PBM", "BMP", "JPEG", "NPY"])
def test_other_formats_hold_one_page(tmp_path, kind):
    for pages in (BITS[:2], read_pages(io.BytesIO(fax()))):
        with pytest.raises(ParameterError, match=f"{kind} holds one page; write a TIFF"):
            write_pages(tmp_path / "x", pages, format=kind)
    assert list(tmp_path.iterdir()) == []


def test_no_pages_no_file(tmp_path):
    with pytest.raises(ParameterError, match="pages: are none"):
        write_pages(tmp_path / "x.tif", [])
    (tmp_path / "x.tif").write_bytes(b"old")
    with pytest.raises(OverwriteError):
        write_pages(tmp_path / "x.tif", BITS)
    assert (tmp_path / "x.tif").read_bytes() == b"old"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, RuntimeError, ReadError("x", "is gone; wait")]
)
def test_whatever_the_pages_raise_passes_and_leaves_nothing(tmp_path, error):
    def pages():
        yield BITS[0]
        assert len(list(tmp_path.iterdir())) == 1
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        write_pages(tmp_path / "x.tif", pages())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_writing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left"):
        write_pages(tmp_path / "x.tif", BITS)
    assert list(tmp_path.iterdir()) == []


def test_a_tiff_of_three_grey_pages_is_no_colour_picture():
    stack = RNG.integers(0, 256, (3, 6, 8), dtype=np.uint8)
    pages = list(read_pages(io.BytesIO(tiff(stack, photometric="minisblack"))))
    np.testing.assert_array_equal([page.pixels for page in pages], stack)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", [{"rowsperstrip": 3}, {"tile": (16, 16)}, {}])
def test_pages_of_many_strips_are_linked(byteorder, options):
    """Lists of places, on the page and behind it, and beyond what 16 bits can name."""
    arrays = [RNG.integers(0, 2**16, (150, 160), dtype=np.uint16) for _ in range(4)]
    stream = io.BytesIO()
    chain = TiffChain(stream)
    for array in arrays:
        chain.append(
            tiff(array, byteorder=byteorder, photometric="minisblack", resolution=(9, 9), **options)
        )
    assert len(stream.getvalue()) > 2**17
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as parsed:
        np.testing.assert_array_equal([page.asarray() for page in parsed.pages], arrays)
        assert {page.resolution for page in parsed.pages} == {(9, 9)}
    again = io.BytesIO(stream.getvalue())
    for page, array in zip(read_pages(again), arrays, strict=True):
        np.testing.assert_array_equal(page.pixels, array, strict=True)


def test_a_file_does_not_outgrow_its_places():
    stream = io.BytesIO()
    chain = TiffChain(stream)
    chain.append(encode_bilevel(BITS[0], "TIFF"))
    chain._end = 2**32 - 20
    with pytest.raises(struct.error):
        chain.append(encode_bilevel(BITS[0], "TIFF"))

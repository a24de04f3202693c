"""Pictures from streams and from .npy files; what damaged Group 4 data say, and to whom."""

import contextlib
import io
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from picture_files import encoded
from PIL import Image

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io import bits as bits_module
from isingdenoise.io import (
    encode_bilevel,
    encode_grey,
    encode_pages,
    opening,
    read_pages,
    read_picture,
)

RNG = np.random.default_rng(9)
BITS = RNG.random((61, 83)) < 0.4
FAX = encoded(Image.fromarray(BITS), "TIFF", compression="group4")
KINDS = ["PNG", "TIFF", "PBM", "PGM", "BMP", "GIF", "WEBP", "NPY"]


@contextlib.contextmanager
def pipe_of(data):
    """Give the reading end of a real pipe through which `data` come."""
    source, sink = os.pipe()

    def feed():
        with os.fdopen(sink, "wb") as stream, contextlib.suppress(BrokenPipeError):
            stream.write(data)

    writer = threading.Thread(target=feed)
    writer.start()
    with os.fdopen(source, "rb") as stream:
        yield stream
    writer.join()


# ----------------------------------------------------------------------------- streams


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_gives_what_the_file_gives(tmp_path, kind):
    data = encode_bilevel(BITS, kind)
    (tmp_path / "x").write_bytes(data)
    expected = read_picture(tmp_path / "x")
    with pipe_of(data) as stream:
        piped = read_picture(stream, name="standard input")
        assert not stream.closed
    np.testing.assert_array_equal(piped.pixels, expected.pixels, strict=True)
    assert piped.path == "standard input"
    for name in ("dpi", "format", "mode", "pages", "compression"):
        assert getattr(piped, name) == getattr(expected, name)


def test_pages_from_a_pipe_and_into_bytes():
    data = encode_pages([BITS, ~BITS])
    with pipe_of(data) as stream:
        pages = list(read_pages(stream, name="standard input"))
    np.testing.assert_array_equal([p.pixels for p in pages], [BITS, ~BITS])
    with pytest.raises(ReadError, match="standard input: holds 2 pages"), pipe_of(data) as stream:
        read_picture(stream, name="standard input")


@pytest.mark.process
@pytest.mark.slow
def test_a_file_as_standard_input_and_one_half_read(tmp_path):
    (tmp_path / "x").write_bytes(b"12345" + encode_bilevel(BITS, "TIFF"))
    with (tmp_path / "x").open("rb") as stream:
        stream.read(5)
        np.testing.assert_array_equal(read_picture(stream).pixels, BITS)
    (tmp_path / "y").write_bytes(encode_bilevel(BITS, "TIFF"))
    code = (
        "import sys, isingdenoise.io as iio\n"
        "pixels = iio.read_picture(sys.stdin.buffer).pixels\n"
        "sys.stdout.buffer.write(iio.encode_bilevel(pixels, 'PBM'))"
    )
    with (tmp_path / "y").open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=stream, capture_output=True, check=True
        )
    assert done.stdout == encode_bilevel(BITS, "PBM")
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "is empty"), (b"a text\n" * 99, "is no picture"), (b"\x89PNG\r\n\x1a\n", "damaged")],
)
def test_a_stream_of_something_else(data, message):
    with (
        pipe_of(data) as stream,
        pytest.raises(ReadError, match=f"^standard input: {message}|dama"),
    ):
        read_picture(stream, name="standard input")


def test_a_stream_without_end_stops_at_half_the_memory(monkeypatch):
    monkeypatch.setattr(opening, "available_memory", lambda: 10_000_000)
    endless = SimpleNamespace(seekable=lambda: False, read=bytes, name="<stdin>")
    with pytest.raises(ReadError, match=r"<stdin>: needs about 0\.005.* GB of memory"):
        read_picture(endless)


def test_a_stream_that_cannot_be_read(tmp_path):
    (tmp_path / "x").write_bytes(FAX)
    with (tmp_path / "x").open("ab") as stream:
        for seekable in (True, False):
            place = 0 if seekable else 1
            stream.seek(place)
            for call in (read_picture, lambda stream, name: next(read_pages(stream, name=name))):
                with pytest.raises(ReadError, match=r"^a\\nb: ") as caught:
                    call(stream, name="a\nb")
                assert "\n" not in str(caught.value)
    closed = io.BytesIO(b"x")
    closed.close()
    with pytest.raises(ReadError, match="closed"):
        read_picture(closed)


# -------------------------------------------------------------------------------- .npy


def npy(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


def both_ways(tmp_path, data):
    """Read the same bytes from a file, which is mapped, and from a stream."""
    (tmp_path / "x.npy").write_bytes(data)
    first, second = read_picture(tmp_path / "x.npy"), read_picture(io.BytesIO(data))
    np.testing.assert_array_equal(first.pixels, second.pixels, strict=True)
    assert (first.format, first.mode) == (second.format, second.mode)
    return first


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("bool", "bool"),
        ("uint8", "uint8"),
        ("uint16", "uint16"),
        (">u2", "uint16"),
        ("float32", "float32"),
        (">f4", "float32"),
        ("float16", "float32"),
        ("float64", "float64"),
        ("int8", "float64"),
        ("int32", "float64"),
        ("uint64", "float64"),
        (">i8", "float64"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_keep_their_values(tmp_path, stored, read, order):
    array = np.asarray(RNG.integers(0, 100, (9, 13)).astype(stored), order=order)
    picture = both_ways(tmp_path, npy(array))
    assert (picture.format, picture.dpi, picture.pixels.dtype) == ("NPY", None, np.dtype(read))
    np.testing.assert_array_equal(picture.pixels, array)
    assert picture.mode == array.dtype.name


def test_what_is_written_reads_back(tmp_path):
    probability = RNG.random((5, 6)).astype(np.float32)
    data = encode_grey(probability, "NPY")
    np.testing.assert_array_equal(both_ways(tmp_path, data).pixels, probability, strict=True)
    np.testing.assert_array_equal(
        both_ways(tmp_path, encode_bilevel(BITS, "NPY")).pixels, BITS, strict=True
    )


def test_the_pixels_are_mapped_and_not_read(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((300, 300), np.uint8))
    pixels = read_picture(tmp_path / "x.npy").pixels
    with (tmp_path / "x.npy").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\7")
    assert pixels[-1, -1] == 7
    assert not pixels.flags.writeable


def test_truth_has_two_values(tmp_path):
    data = npy(np.array([[0, 1, 2, 255]], np.uint8).view(bool))
    pixels = both_ways(tmp_path, data).pixels
    assert pixels.view(np.uint8).tolist() == [[0, 1, 1, 1]]


ZEROS = npy(np.zeros((4, 5), np.float32))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy(np.zeros(5)), r"no two-dimensional picture \(5\)"),
        (npy(np.zeros((3, 4, 3))), r"no two-dimensional picture \(3 x 4 x 3\)"),
        (npy(np.float64(3)), r"no two-dimensional picture \(one number\)"),
        (npy(np.zeros((0, 4))), "no two-dimensional"),
        (npy(np.array([[1 + 2j]])), "no plain numbers"),
        (npy(np.array([["a"]])), "no plain numbers"),
        (npy(np.zeros((2, 2), [("a", int)])), "no plain numbers"),
        (npy(np.array([[print]], dtype=object)), "no plain numbers"),  # nothing is unpickled
        (npy(np.zeros((2, 2), np.longdouble)), "no plain numbers"),
        (npy(np.array([[1.0, np.inf]])), "infinite"),
        (npy(np.array([[2**53 + 1]])), "beyond 9007199254740992"),
        (ZEROS[:-1], "truncated"),
        (ZEROS[:30], "damaged .npy header"),
        (ZEROS.replace(b"(4, 5)", b"(4, n)"), "damaged .npy header"),
        (ZEROS.replace(b"(4, 5)", b"(-4,5)"), "no two-dimensional"),
        (ZEROS.replace(b"\x01\x00", b"\x07\x00", 1), "damaged .npy header"),
        (
            ZEROS.replace(b"(4, 5)", b"(99999,99999)"),
            "99999 x 99999 pixels.*max_pixels|damaged",
        ),
    ],
)
def test_arrays_that_are_no_pictures(tmp_path, data, message):
    (tmp_path / "x.npy").write_bytes(data)
    for source in (tmp_path / "x.npy", io.BytesIO(data)):
        with pytest.raises(ReadError, match=message) as caught:
            read_picture(source)
        assert "\n" not in str(caught.value)


def test_npy_has_no_frames():
    data = npy(np.zeros((2, 2)))
    assert read_picture(io.BytesIO(data), frame=0).pixels.shape == (2, 2)
    with pytest.raises(ReadError, match="no such page or frame; it has 1"):
        read_picture(io.BytesIO(data), frame=1)
    with pytest.raises(ReadError, match="2 x 2 pixels, more than the limit of 3"):
        read_picture(io.BytesIO(data), max_pixels=3)
    with pytest.raises(ParameterError):
        read_picture(io.BytesIO(data), max_pixels=0)


# -------------------------------------------------------------- damaged Group 4 data


def spoiled(data, places):
    copy = bytearray(data)
    for place in places:
        copy[place] ^= 0x40
    return bytes(copy)


@pytest.mark.slow
def test_damaged_group_4_is_refused_and_silent(capfd):
    """libtiff prints a line for every bad code word, and Pillow takes the page for sound."""
    damaged = [spoiled(FAX, [place]) for place in range(60, 300, 8)]
    for data in damaged:
        with contextlib.suppress(OSError), Image.open(io.BytesIO(data)) as image:
            image.load()
    assert "Bad code word" in capfd.readouterr().err  # the trap itself
    refused = 0
    for data in damaged:
        try:
            read_picture(io.BytesIO(data))
        except ReadError as error:
            refused += "damaged Group 4 data" in str(error)
    assert refused > len(damaged) / 2
    assert capfd.readouterr() == ("", "")
    with contextlib.suppress(OSError), Image.open(io.BytesIO(damaged[-1])) as image:
        image.load()
    assert "Bad code word" in capfd.readouterr().err  # the process is as it was before


def test_a_fax_with_a_bad_line_is_still_read(capfd):
    """Group 3 finds its feet again at the next line: a usual transmission error."""
    data = encoded(Image.fromarray(BITS), "TIFF", compression="group3")
    spoilt = read_picture(io.BytesIO(spoiled(data, [300]))).pixels
    assert 0 < np.any(spoilt != BITS, axis=1).sum() < 10
    assert capfd.readouterr() == ("", "")


def test_without_a_way_to_libtiff_everything_else_works(monkeypatch):
    monkeypatch.setattr(bits_module, "_libtiff", lambda: None)
    np.testing.assert_array_equal(read_picture(io.BytesIO(FAX)).pixels, BITS)

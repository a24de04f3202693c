"""Reading: every fault a file can have ends in one line, and nothing hangs or leaks."""

import io
import os
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from picture_files import chunk, encoded, png, tiff
from PIL import Image, ImageFile

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io import read_picture


@pytest.fixture
def read(tmp_path):
    def read_bytes(data, **options):
        path = tmp_path / "picture"
        path.write_bytes(data)
        return read_picture(path, **options)

    return read_bytes


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 70), dtype=np.uint8))
WHOLE = {
    kind: encoded(NOISE, kind) for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM", "WEBP")
}
STORED = encoded(NOISE, "PNG", compress_level=0)
FAX = encoded(NOISE.convert("1"), "TIFF", compression="group4")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"a page of text, no picture\n" * 9, id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="magic-only"),
        pytest.param(STORED[:-5], id="no-end-mark"),
        pytest.param(flipped(STORED, len(STORED) // 2), id="changed-pixel"),
        pytest.param(flipped(STORED, 20), id="changed-header"),
        pytest.param(flipped(STORED, len(STORED) - 13), id="changed-checksum"),
        pytest.param(png(2, 2, 8, 0, b"\0\1"), id="too-few-rows"),
        pytest.param(png(0, 2, 8, 0, b""), id="no-width"),
        pytest.param(FAX[: len(FAX) // 2], id="fax-cut"),
        *(pytest.param(d[: len(d) * 2 // 3], id=f"{k}-cut") for k, d in WHOLE.items()),
    ],
)
def test_unsound_files_are_refused_in_one_line(tmp_path, data, capfd):
    path = tmp_path / "scan.png"
    path.write_bytes(data)
    with pytest.raises(ReadError) as caught:
        read_picture(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value) and " object at 0x" not in str(caught.value)
    assert "; " in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("shape", "kind", "photometric", "said"),
    [
        ((5, 6), "c8", "minisblack", r"has pixels of a kind that cannot be read \(complex64\)"),
        ((5, 6, 2), "i8", "minisblack", r"has pixels of a kind that cannot be read \(int64\)"),
        ((5, 6, 3), "f4", "rgb", "holds 3 channels; choose one"),
        ((5, 6, 2), "u2", "minisblack", "holds 2 channels; choose one"),
    ],
)
def test_tiffs_that_cannot_be_read_say_so(read, shape, kind, photometric, said, capfd):
    data = tiff(np.zeros(shape, kind), photometric=photometric, planarconfig="contig")
    with pytest.raises(ReadError, match=said):
        read(data)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_cut_and_unwritten_strips(read, compression, capfd):
    data = tiff(np.asarray(NOISE), rowsperstrip=5, compression=compression)
    assert read(data).pixels.shape == (60, 70)
    with pytest.raises(ReadError, match="truncated"):
        read(data[:-300])
    with tifffile.TiffFile(io.BytesIO(data)) as parsed:
        place = parsed.pages[0].tags["StripOffsets"].valueoffset
    holed = data[: place + 4] + bytes(4) + data[place + 8 :]
    with pytest.raises(ReadError, match="never written"):
        read(holed)
    assert capfd.readouterr() == ("", "")


def test_size_is_checked_before_decoding(read):
    bomb = png(65500, 65500, 8, 0, zlib.compress(b""))
    with pytest.raises(ReadError, match=r"65500 x 65500 .*max_pixels"):
        read(bomb)
    assert read(WHOLE["PNG"], max_pixels=4200).pixels.size == 4200
    with pytest.raises(ReadError, match="4199"):
        read(WHOLE["PNG"], max_pixels=4199)


def test_pillows_own_limit_and_warnings_are_set_aside_and_restored(read, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    read(WHOLE["PNG"])
    assert Image.MAX_IMAGE_PIXELS == 10
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    filters = list(warnings.filters)
    invalid_apng = png(1, 1, 8, 0, b"\0\7", chunk(b"acTL", bytes(8)))
    with pytest.warns(UserWarning, match="Invalid APNG"):
        Image.open(io.BytesIO(invalid_apng))
    assert read(invalid_apng).pixels[0, 0] == 7  # with every warning an error
    assert list(warnings.filters) == filters


def test_many_threads_at_once(tmp_path):
    (tmp_path / "x").write_bytes(FAX)
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(read_picture, [tmp_path / "x"] * 64))
    assert all(np.array_equal(p.pixels, pictures[0].pixels) for p in pictures)
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == (filters, limit)


@pytest.mark.parametrize("error", [SyntaxError, IndexError, zlib.error, MemoryError, struct.error])
def test_whatever_a_decoder_throws(read, monkeypatch, error):
    def load(self):
        raise error("two\nlines")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(ReadError) as caught:
        read(WHOLE["PPM"])
    assert "\n" not in str(caught.value)


def test_odd_kinds_of_files_never_hang(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nothing")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.png"))
        for name, word in {
            "folder.png": "a folder",
            "pipe.png": "a pipe",
            "socket.png": "a socket",
            "dangling.png": "No such file",
            "missing.png": "No such file",
            "nul\0.png": "null",
        }.items():
            with pytest.raises(ReadError, match=word):
                read_picture(os.path.join(tmp_path, name))  # noqa: PTH118 (a NUL byte)
    with pytest.raises(ReadError, match="a device"):
        read_picture("/dev/null")


def test_a_name_that_changes_hands_never_hangs(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(FAX)
    before = os.stat(tmp_path / "x")  # noqa: PTH116
    os.mkfifo(tmp_path / "pipe")
    with monkeypatch.context() as patch, pytest.raises(ReadError, match="a pipe"):
        patch.setattr(os, "stat", lambda name: before)
        read_picture(tmp_path / "pipe")


def test_an_empty_file_is_called_empty(read):
    with pytest.raises(ReadError, match="0 bytes"):
        read(b"")


@pytest.mark.process
def test_pillows_log_stays_off_stderr(tmp_path):
    (tmp_path / "x").write_bytes(tiff(np.zeros((3, 4, 9), np.uint8), planarconfig="contig"))
    code = (
        "import sys, isingdenoise.io as io\ntry: io.read_picture(sys.argv[1])\nexcept OSError: pass"
    )
    command = [sys.executable, "-c", code, tmp_path / "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(WHOLE["PNG"])
    path.chmod(0)
    with pytest.raises(ReadError, match="Permission denied"):
        read_picture(path)


def test_names_need_not_be_utf8(tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9\n 1.txt"  # and the extension may lie
    with open(raw, "wb") as stream:  # noqa: PTH123
        stream.write(WHOLE["PNG"])
    for name in (raw, os.fsdecode(raw)):
        assert read_picture(name).pixels.shape == (60, 70)
    with pytest.raises(ReadError) as caught:
        read_picture(raw + b"x")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("options", [{"max_pixels": 0}, {"frame": -1}])
def test_options_out_of_range(read, options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        read(WHOLE["PNG"], **options)

"""Memory: an estimate that holds, compared with what there is before anything is decoded."""

import io
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from picture_files import png, raw_tiff
from PIL import Image

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io import (
    available_memory,
    check_memory,
    encode_bilevel,
    memory,
    memory_needed,
    read_pages,
    read_picture,
    write_bilevel,
)
from isingdenoise.io import one_page as decoding

SIDE = 3000
MEASURE = """
import io, re, sys
import numpy as np
from PIL import Image
import isingdenoise.io as iio

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

for name in sys.argv[2:]:  # everything imported, every codec met before
    iio.read_picture(name)
before = peak()
picture = iio.read_picture(sys.argv[1])
print(peak() - before, picture.pixels.size, picture.mode, picture.format)
"""
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures by /proc")


def measured(path, small):
    command = [sys.executable, "-c", MEASURE, str(path), str(small)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, pixels, mode, kind = done.stdout.split()
    return int(peak), int(pixels), mode, kind


def kinds():
    blocks = np.random.default_rng(0).integers(0, 256, (SIDE // 20, SIDE // 20), dtype=np.uint8)
    grey = np.kron(blocks, np.ones((20, 20), np.uint8))
    image = Image.fromarray(grey)
    colour = Image.merge("RGB", (image, image.transpose(0), image.transpose(1)))
    return {
        "fax": (Image.fromarray(grey > 127), "TIFF", {"compression": "group4"}),
        "turned": (Image.fromarray(grey > 127), "TIFF", {"tiffinfo": {274: 6}}),
        "grey": (image, "PNG", {"compress_level": 1}),
        "colour": (colour, "TIFF", {"compression": "tiff_lzw"}),
        "photo": (colour, "JPEG", {"progressive": True}),
        "web": (colour, "WEBP", {"quality": 50, "method": 0}),
        "deep": (Image.fromarray(grey.astype(np.uint16) * 257), "TIFF", {}),
        "float": (Image.fromarray(grey.astype(np.float32)), "TIFF", {}),
    }


@pytest.mark.slow
@linux
@pytest.mark.parametrize("kind", list(kinds()))
def test_reading_takes_no_more_than_the_estimate(tmp_path, kind):
    image, form, options = kinds()[kind]
    image.save(tmp_path / "x", form, **options)
    image.crop((0, 0, 9, 9)).save(tmp_path / "small", form, **options)
    peak, pixels, mode, form = measured(tmp_path / "x", tmp_path / "small")
    mode = "1 unpacked" if kind == "turned" else mode
    assert pixels == SIDE**2
    assert peak < memory_needed(pixels, mode, form)
    # A control: the estimate is no wild guess either.
    assert peak > 0.5 * (memory_needed(pixels, mode, form) - memory_needed(0, mode, form))


@pytest.mark.slow
@linux
def test_a_fax_takes_little_more_than_its_pixels(tmp_path):
    bits = np.zeros((12000, 9000), bool)
    bits[::40] = bits[:, ::37] = True
    write_bilevel(tmp_path / "x.tif", bits)
    write_bilevel(tmp_path / "small.tif", bits[:9, :9])
    peak, pixels, mode, _ = measured(tmp_path / "x.tif", tmp_path / "small.tif")
    assert (pixels, mode) == (bits.size, "1")
    assert bits.size < peak < 1.1 * bits.size


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "PPM", "BMP", "GIF", "JPEG", "WEBP"])
def test_too_little_memory_is_told_before_decoding(tmp_path, monkeypatch, kind):
    Image.fromarray(np.zeros((90, 70), np.uint8)).convert("L").save(tmp_path / "x", kind)
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)

    def never(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr(decoding, "to_array", never)
    with pytest.raises(
        ReadError, match=r"needs about 0\.03\d* GB of memory, but 1e-06 GB are free"
    ):
        read_picture(tmp_path / "x")


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "NPY"])
def test_what_the_caller_takes_afterwards_counts_before_decoding(tmp_path, monkeypatch, kind):
    path, bits, free = tmp_path / "x", np.zeros((1000, 1000), bool), 10**8
    path.write_bytes(encode_bilevel(bits, kind))
    monkeypatch.setattr(memory, "available_memory", lambda: free)
    room = free if kind == "NPY" else free - memory_needed(10**6, "1")
    asked = []

    def besides(pixels, dtype):
        asked.append((pixels, dtype))
        return room

    for more in (None, besides):
        assert read_picture(path, besides=more).pixels.shape == bits.shape
        assert len(list(read_pages(path, besides=more))) == 1
    assert asked == [(10**6, "bool")] * 2
    room += 1
    monkeypatch.setattr(decoding, "to_array", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(decoding, "load_bits", lambda *_: pytest.fail("decoded"))
    for read in (read_picture, lambda *a, **k: list(read_pages(*a, **k))):
        with pytest.raises(ReadError, match="needs about"):
            read(path, besides=besides)


@pytest.mark.parametrize(
    ("mode", "dtype"), [("1", "bool"), ("L", "uint8"), ("I;16", "uint16"), ("F", "float32")]
)
def test_the_caller_is_told_the_type_that_comes(tmp_path, mode, dtype):
    told = []
    Image.new(mode, (8, 4)).save(tmp_path / "x.tif")
    picture = read_picture(tmp_path / "x.tif", besides=lambda *a: told.append(a) or 0)
    assert told == [(32, dtype)]
    assert picture.pixels.dtype == dtype


def test_memory_afterwards_and_that_of_decoding_are_not_added_up():
    def besides(pixels, dtype):
        return 10 * pixels

    base = memory_needed(0, "L")
    assert memory_needed(100, "L", "WEBP", besides=besides) == memory_needed(100, "L", "WEBP")
    assert memory_needed(100, "F", besides=besides) == base + 1400
    assert memory_needed(100, "1", besides=besides) == base + 1100


BOMBS = {
    "TIFF": raw_tiff((65000, 65000), b"\0", {262: 1}),
    "PBM": b"P4 65000 65000\n\0",
    "plain PBM": b"P1 65000 65000\n1 0 1",
    "PGM": b"P5 65000 65000 255\n\0",
    "BMP": b"BM" + struct.pack("<IIIIiiHHI", 99, 0, 54, 40, 65000, 65000, 1, 24, 0) + bytes(40),
    "GIF": b"GIF89a"
    + struct.pack("<HHBBB", 65000, 65000, 0, 0, 0)
    + struct.pack("<cHHHHB", b",", 0, 0, 65000, 65000, 0)
    + b"\2\0;",
    "PNG": png(65000, 65000, 1, 0, b""),
    "JPEG": b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", 65000, 65000) + b"\1\1\x11\0",
}


@pytest.mark.parametrize("kind", list(BOMBS))
def test_a_huge_header_is_refused_before_decoding(kind):
    with pytest.raises(ReadError, match=r"has 65000 x 65000 pixels, .* 1000000000; .*max_pixels"):
        read_picture(io.BytesIO(BOMBS[kind]))


@pytest.mark.process
@pytest.mark.slow
@linux
def test_a_limit_of_address_space_ends_in_one_line(tmp_path):
    """As under `ulimit -v`: refused with the figure, and no crash by signal."""
    write_bilevel(tmp_path / "x.tif", np.zeros((20_000, 20_000), bool), compression="group4")
    code = f"""
import re, resource
import isingdenoise.io as iio
from PIL import Image
Image.init()
used = int(re.search(r"VmSize:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, used + 300_000_000))
try:
    iio.read_picture({str(tmp_path / "x.tif")!r})
except OSError as error:
    print(type(error).__name__, error.exit_code, error)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ReadError 3 ")
    assert "needs about 0.434 GB of memory, but 0." in done.stdout
    assert done.stderr == ""


def test_check_memory():
    check_memory("x", 10, available=10)
    check_memory("x", memory_needed(10**6, "1"))
    with pytest.raises(ReadError, match=r"a\\n: needs about 27 GB of memory, but 2\.5 GB are free"):
        check_memory("a\n", 27 * 10**9, available=2_500_000_000)
    with pytest.raises(ParameterError):
        memory_needed(-1, "1")


def test_a_page_of_a0_at_600_dpi():
    assert memory_needed(19866 * 28087, "1") < 1.1 * 19866 * 28087


@linux
def test_what_the_machine_has():
    assert 10**6 < available_memory() < 2**50


def test_the_machine_is_asked_in_a_way_that_knows_every_system(monkeypatch):
    free = SimpleNamespace(available=12_345, total=10**12)
    asked = SimpleNamespace(virtual_memory=lambda: free)
    monkeypatch.setitem(sys.modules, "psutil", asked)
    monkeypatch.setattr(memory, "_of_the_address_space", lambda: None)
    monkeypatch.setattr(memory, "_of_the_groups", list)
    assert available_memory() == 12_345
    asked.virtual_memory = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):  # a control: it is asked each time
        available_memory()


@pytest.mark.parametrize("wrong", [OSError("no /proc"), RuntimeError("unknown system")])
def test_a_machine_that_does_not_tell_refuses_nothing(monkeypatch, wrong):
    def fail():
        raise wrong

    monkeypatch.setitem(sys.modules, "psutil", SimpleNamespace(virtual_memory=fail))
    assert memory._of_the_machine() is None
    monkeypatch.setitem(sys.modules, "psutil", None)  # not importable
    assert memory._of_the_machine() is None


@pytest.mark.parametrize("version", [1, 2])
def test_control_groups(tmp_path, version):
    """The tightest of all groups above counts; files that can be dropped are free."""
    base = tmp_path / "memory" if version == 1 else tmp_path
    names = ("limit_in_bytes", "usage_in_bytes") if version == 1 else ("max", "current")
    for path, most, used in (("", "max", 9), ("a", 5000, 1000), ("a/b", 9000, 300)):
        (base / path).mkdir(exist_ok=True)
        (base / path / f"memory.{names[0]}").write_text(f"{most}\n")
        (base / path / f"memory.{names[1]}").write_text(f"{used}\n")
    (base / "a" / "memory.stat").write_text("anon 1\ninactive_file 70\n")
    own = "3:cpu:/z\n4:memory:/a/b\n" if version == 1 else "0::/a/b\n"
    assert memory._of_the_groups(tmp_path, own) == [4070, 8700]
    assert memory._of_the_groups(tmp_path, "0::/\n") == []
    assert memory._of_the_groups(tmp_path, "nonsense") == []


def test_where_nothing_says_how_much_there_is_nothing_is_refused(monkeypatch):
    for name in ("_of_the_machine", "_of_the_address_space"):
        monkeypatch.setattr(memory, name, lambda: None)
    monkeypatch.setattr(memory, "_of_the_groups", list)
    assert available_memory() is None
    check_memory("x", 10**18)

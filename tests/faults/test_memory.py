"""Pictures too large: by their header alone, by the memory there is, under `ulimit -v`."""

import os
import re
import struct
import zlib

import numpy as np
import pytest
from command_line import SCRIPT, error_line, invoke, save_noisy, scene
from faulty import (
    COMMANDS,
    QUICK,
    SOME_FAILED,
    UNREADABLE,
    launched,
    linux,
    pictures,
    refused,
)
from picture_files import png, raw_tiff

from isingdenoise.io import memory, write_bilevel
from isingdenoise.memory import memory_to_denoise

SIDE = 65_500
NPY = b"{'descr': '|u1', 'fortran_order': False, 'shape': (65500, 65500), }".ljust(117) + b"\n"
BOMBS = {
    "PNG": png(SIDE, SIDE, 8, 0, b"\0"),
    "TIFF": raw_tiff((SIDE, SIDE), b"\0", {262: 1}),
    "BMP": b"BM" + struct.pack("<IIIIiiHHI", 99, 0, 54, 40, SIDE, SIDE, 1, 24, 0) + bytes(40),
    "GIF": b"GIF89a"
    + struct.pack("<HHBBB", SIDE, SIDE, 0, 0, 0)
    + struct.pack("<cHHHHB", b",", 0, 0, SIDE, SIDE, 0)
    + b"\2\0;",
    "JPEG": b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", SIDE, SIDE) + b"\1\1\x11\0",
    "PBM": b"P4 65500 65500\n\0",
    "plain PBM": b"P1 65500 65500\n1 0 1",
    "PGM": b"P5 65500 65500 255\n\0",
    "PPM": b"P6 65500 65500 255\n\0",
    "NPY": b"\x93NUMPY\1\0" + struct.pack("<H", len(NPY)) + NPY + b"\0",
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", BOMBS)
def test_a_huge_header(tmp_path, command, kind):
    path = tmp_path / "bomb.png"
    path.write_bytes(BOMBS[kind])
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, tmp_path / "out.png"))
    assert f"{path}: has 65500 x 65500 pixels" in line
    assert "--max-pixels" in line


@pytest.mark.parametrize("option", ["--mask", "--protect", "--clean"])
def test_a_huge_header_beside_the_picture(tmp_path, option):
    noisy, bomb = save_noisy(tmp_path / "noisy.png"), tmp_path / "bomb.png"
    bomb.write_bytes(BOMBS["PNG"])
    command = "compare" if option == "--clean" else "run"
    line = refused(UNREADABLE, tmp_path, command, noisy, option, bomb)
    assert f"{bomb}: has 65500 x 65500 pixels" in line


def test_huge_headers_in_a_batch(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    save_noisy(source / "z.png")
    for kind, data in BOMBS.items():
        (source / f"{kind}.png").write_bytes(data)
    done = invoke("batch", source, out, *QUICK)
    assert done.code == SOME_FAILED
    lines = done.stderr.splitlines()
    assert len(lines) == len(BOMBS)
    assert all("has 65500 x 65500 pixels" in line for line in lines)
    assert list(pictures(out)) == ["z.png"]


@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
def test_the_limit_is_a_number_of_pixels(tmp_path, command):
    noisy, out = save_noisy(tmp_path / "noisy.png", size=32), tmp_path / "out.png"
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](noisy, out), "--max-pixels", "1023")
    assert "has 32 x 32 pixels" in line
    done = invoke(*COMMANDS[command](noisy, out), "--max-pixels", "1024")
    assert done.code == 0


def test_a_bomb_of_many_zeros(tmp_path):
    """A sound picture of few bytes; its size is what counts."""
    rows = zlib.compress(bytes(40_000 * 501), 9)
    data = png(4000, 40_000, 1, 0, b"")
    place = data.index(b"IDAT")
    assert place
    path = tmp_path / "zeros.png"
    chunk = (
        struct.pack(">I", len(rows))
        + b"IDAT"
        + rows
        + struct.pack(">I", zlib.crc32(b"IDAT" + rows))
    )
    path.write_bytes(data[: place - 4] + chunk + data[data.index(b"IEND") - 4 :])
    assert path.stat().st_size < 30_000
    line = refused(UNREADABLE, tmp_path, "run", path, "--max-pixels", "100000000")
    assert "has 4000 x 40000 pixels" in line


def limited(kilobytes, *arguments, stack=None):
    """Run the command as from a shell with `ulimit -v`, and `-s`."""
    more = f"ulimit -s {stack}; " if stack else ""
    script = f'{more}ulimit -v {kilobytes}; exec "$0" "$@"'
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return launched("timeout", "100", "bash", "-c", script, SCRIPT, *arguments, env=env)


@pytest.mark.slow
@linux
def test_more_memory_than_there_is_is_told_before_the_work(tmp_path):
    """With the figure; the picture itself would fit."""
    path = tmp_path / "large.tif"
    write_bilevel(path, np.zeros((20_000, 20_000), bool))
    done = limited(1_600_000, "run", path, *QUICK)
    line = error_line(done, UNREADABLE)
    needed, free = re.search(
        r"needs about (\S+) GB of memory, but (\S+) GB are free", line
    ).groups()
    assert float(needed) > float(free) > 1
    assert [p.name for p in tmp_path.iterdir()] == ["large.tif"]


@pytest.mark.slow
@linux
@pytest.mark.parametrize("kilobytes", [700_000, 1_400_000, 4_000_000])
def test_a_limit_of_memory_ends_in_no_crash(tmp_path, kilobytes):
    """Whatever the limit: done, or one line, and never a signal or a hang."""
    path, out = tmp_path / "x.tif", tmp_path / "out.tif"
    write_bilevel(path, np.kron(scene(), np.ones((100, 100), bool)))
    done = limited(kilobytes, "run", path, "-o", out, *QUICK)
    assert done.code == 0 or error_line(done, UNREADABLE)
    assert out.exists() == (done.code == 0)
    if kilobytes < 10**6:
        assert done.code == UNREADABLE  # a control: the limit is felt
    if kilobytes > 2 * 10**6:
        assert done.code == 0
    assert {p.name for p in tmp_path.iterdir()} <= {"x.tif", "out.tif"}


@pytest.mark.slow
@linux
def test_threads_that_cannot_start_are_done_without(tmp_path):
    """Stacks larger than the address space: numba would wait for such threads for ever."""
    path, outs = tmp_path / "x.png", [tmp_path / "one.png", tmp_path / "two.png"]
    write_bilevel(path, np.kron(scene(), np.ones((16, 16), bool)))
    assert limited(3_000_000, "run", path, "-o", outs[0], *QUICK, stack=2_900_000).code == 0
    assert invoke("run", path, "-o", outs[1], *QUICK).code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_an_estimate_counts_its_own_memory_before_it_reads(tmp_path, monkeypatch):
    noisy = save_noisy(tmp_path / "noisy.png", size=200)
    taken = memory_to_denoise(200 * 200, dtype="uint8")
    monkeypatch.setattr(memory, "available_memory", lambda: taken // 2)
    line = refused(UNREADABLE, tmp_path, "estimate", noisy)
    assert f"{noisy}: needs about" in line
    monkeypatch.setattr(memory, "available_memory", lambda: taken + (64 << 20))
    assert invoke("estimate", noisy).code == 0

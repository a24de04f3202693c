"""Running the command, as a process of its own or in this one, and small pictures for it."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from isingdenoise_cli.main import cli
from PIL import Image

SCRIPT = Path(sys.executable).with_name("isingdenoise")
# Stands on stderr when the kernels are not in the cache yet, whatever the command does next.
COLD = "isingdenoise: compiling kernels (once, and kept for later runs)\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def launch(*args, cwd=None, env=None, program=(str(SCRIPT),)):
    """Run a program, by default the installed command, in a process of its own."""
    done = subprocess.run(
        [*program, *map(str, args)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout, done.stderr.replace(COLD, ""))


def invoke(*args):
    """Run the command in this process: quick, and a bug inside it shows its traceback."""
    done = CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="isingdenoise")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr.replace(COLD, ""))


def succeed(*args):
    """Run the command, insist on exit code 0, and return how it ended."""
    done = invoke(*args)
    if re.search(r" --engine: \S+ needs ", done.stderr):  # as tests/contract/test_refusals.py holds
        pytest.skip(f"the engine refuses: {done.stderr}")
    assert done.code == 0, done.stderr
    return done


def error_line(done, code):
    """Insist on this exit code, a silent stdout and one plain line on stderr; return the line."""
    assert done.code == code, done
    assert done.stdout == ""
    return one_line(done)


def one_line(done):
    """Insist on exactly one line on stderr, in the command's own form; return it."""
    assert done.stderr.startswith("isingdenoise: ")
    assert done.stderr.endswith("\n")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done.stderr.rstrip("\n")


def snapshot(folder):
    """Return every name below a folder with its bytes (None for folders, a link's target)."""

    def content(path):
        if path.is_symlink():
            return path.readlink()
        return path.read_bytes() if path.is_file() else None

    return {str(p.relative_to(folder)): content(p) for p in sorted(folder.rglob("*"))}


def scene(height=32, width=32):
    """Return a clean two-level picture: a bright block with a dark hole."""
    picture = np.zeros((height, width), np.bool_)
    picture[height // 4 : -height // 4, width // 4 : -width // 4] = True
    picture[height // 2 - 2 : height // 2 + 2, width // 2 - 2 : width // 2 + 2] = False
    return picture


def save(path, pixels):
    """Write pixels as they are in the format of the name, parents made; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def save_noisy(path, size=32, seed=0, sigma=40.0):
    """Write the scene with normal noise about 64 and 191, 8 bits; return the path."""
    rng = np.random.default_rng(seed)
    grey = np.where(scene(size, size), 191.0, 64.0) + sigma * rng.standard_normal((size, size))
    return save(path, np.clip(np.rint(grey), 0, 255).astype(np.uint8))


def save_lit(path, size=64):
    """Write the scene under light that falls to a third, and little noise; return the path."""
    rng = np.random.default_rng(3)
    light = np.linspace(1, 0.4, size) * np.linspace(1, 0.8, size)[:, None]
    grey = np.where(scene(size, size), 200.0, 120.0) * light + 6 * rng.standard_normal((size, size))
    return save(path, np.clip(np.rint(grey), 0, 255).astype(np.uint8))


def load(path):
    """Return (mode, pixels) of a picture file as Pillow has them."""
    with Image.open(path) as picture:
        return picture.mode, np.array(picture)


def table_lines(text):
    """Return the lines of the table of `compare`, its heading first."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("engine "))
    return lines[first : lines.index("", first) if "" in lines[first:] else None]

"""What writing a page takes, measured, against the figures that the refusals count with."""

import sys
from pathlib import Path

import pytest
from command_line import launch
from isingdenoise.batch.sure import WRITING
from isingdenoise_cli.cleaning import _WRITING

KEPT = 10  # bytes a pixel of a result: field, means, labels, picture
SIDE = 2000
MORE = 1 << 20  # that do not grow with the picture
MEASURE = """
import re, sys
from types import SimpleNamespace
import numpy as np
from isingdenoise.io import Picture
from isingdenoise_cli.outputs import Target

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

def result(side):
    rng = np.random.default_rng(0)
    sure = rng.random((side, side), np.float32) if option == "--probability" else None
    bits = rng.integers(0, 2, (side, side), np.uint8).view(bool)
    return SimpleNamespace(image=bits, probability=sure, solution=SimpleNamespace(engine="mf"))

option, kind, side = sys.argv[1:]
picture = Picture(np.zeros((2, 2), bool), None, "PNG", "1", "x")
target = Target(option, "x", kind)
target.encoded(picture, result(9))  # everything imported
large = result(int(side))
before = peak()
target.encoded(picture, large)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures by /proc")
@pytest.mark.parametrize(
    ("option", "kind", "held"), [("-o", "GIF", KEPT), ("--probability", "TIFF", KEPT + 4)]
)
def test_writing_takes_what_is_counted(option, kind, held):
    """The formats that take most of those that do not compress by search."""
    done = launch(option, kind, SIDE, program=(sys.executable, "-c", MEASURE))
    assert done.code == 0, done.stderr
    taken = int(done.stdout) - MORE
    figures = {_WRITING[option]} | ({WRITING} if option == "--probability" else set())
    for figure in figures:
        assert taken <= (figure - held) * SIDE**2
        assert taken > 0.8 * (figure - held) * SIDE**2  # a control

"""What writing a page takes, measured, against the figures that the refusals count with."""

import sys
from pathlib import Path

import pytest
from command_line import launch

from isingdenoise.pipeline import OUTPUTS

KEPT = 10  # bytes a pixel of a result: field, means, labels, picture
SIDE = 2000
MORE = 1 << 20  # that do not grow with the picture
MEASURE = """
import re, sys
from types import SimpleNamespace
import numpy as np
from isingdenoise.io import Picture
from isingdenoise.pipeline import OUTPUTS, Target

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

def result(side):
    rng = np.random.default_rng(0)
    sure = rng.random((side, side), np.float32) if name == "probability" else None
    bits = rng.integers(0, 2, (side, side), np.uint8).view(bool)
    changes = bits.view(np.int8) if name == "change_map" else None
    return SimpleNamespace(image=bits, probability=sure, change_map=changes)

name, kind, side = sys.argv[1:]
picture = Picture(np.zeros((2, 2), bool), None, "PNG", "1", "x")
target = Target(OUTPUTS[name], "x", kind)
target.encode(picture, result(9))  # everything imported
large = result(int(side))
before = peak()
target.encode(picture, large)
print(peak() - before)
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures by /proc")
@pytest.mark.parametrize(
    ("name", "kind", "held"),
    [
        ("output", "GIF", KEPT),
        ("output", "WEBP", KEPT),
        ("probability", "TIFF", KEPT + 4),
        ("probability", "WEBP", KEPT + 4),
        ("change_map", "PNG", KEPT + 1),
    ],
)
def test_writing_takes_what_is_counted(name, kind, held):
    """The formats that take most, and those that look for what repeats."""
    done = launch(name, kind, SIDE, program=(sys.executable, "-c", MEASURE))
    assert done.code == 0, done.stderr
    taken = int(done.stdout) - MORE
    counted = (OUTPUTS[name].writing(kind) - held) * SIDE**2
    assert taken <= counted
    assert taken > 0.6 * counted  # a control

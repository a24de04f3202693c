"""What the executed pages share: sample pictures under plain names, and figures of files.

A page calls `begin` in a hidden cell. It is executed in an empty folder of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.core.getipython import get_ipython

from isingdenoise.io import read_picture
from isingdenoise.plotting import draw_picture, draw_probability


def begin(samples: Mapping[str, str]) -> None:
    """Copy samples by their names here, and let a command that fails fail the page."""
    for name, sample in samples.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(os.environ["SAMPLES"]) / sample, name)
    plt.rcParams["figure.dpi"] = 100
    get_ipython().system = _checked


def _checked(command: str) -> None:
    """Do what `!command` does, but raise where the command fails."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    print((done.stdout + done.stderr).rstrip())
    if done.returncode:
        raise RuntimeError(f"{command}: code {done.returncode}")


def show(titles: Mapping[str, str]) -> None:
    """Draw files side by side, each under its title; those called `sure...` as probabilities."""
    _, axes = plt.subplots(
        1, len(titles), figsize=(3.2 * len(titles), 3.4), layout="constrained", squeeze=False
    )
    for place, (name, title) in zip(axes[0], titles.items(), strict=True):
        pixels = read_picture(name).pixels
        draw = draw_probability if name.startswith("sure") else draw_picture
        draw(place, pixels / pixels.max() if name.startswith("sure") else pixels, title)
    plt.show()

"""What it costs to be told nothing: `denoise` with everything estimated, against one solve.

Imported by `benchmark.py`, which prints these rows with the goals and whether they hold.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from isingdenoise import IsingModel, MeanField, denoise

#: Most solves that `denoise`, everything estimated, may cost, by the side of the picture.
SOLVES = {512: 25.0, 1024: 15.0, 2048: 6.0, 4096: 3.0}
_WARM, _FIRST, _PAGE = 3.0, 10.0, 1.5


class Goal(NamedTuple):
    """A figure, what it was to be at most, and in which words."""

    words: str
    found: float
    most: float
    unit: str

    @property
    def note(self) -> str:
        """Whether it holds."""
        holds = "holds" if self.found <= self.most else "falls short"
        return f"{self.found:.3g} {self.unit}; at most {self.most:g}: {holds}"


def solves(draw: Callable[[int], Any], sizes: tuple[int, ...], rounds: int) -> Iterator[Goal]:
    """Time `denoise` beside a solve of the model that it found, round by round.

    Parameters
    ----------
    draw : callable
        Returns a noisy 8-bit picture of a side.
    sizes : tuple of int
        Sides.
    rounds : int
        The median of as many ratios is told.
    """
    for size in sizes:
        x = draw(size)
        found = denoise(x)
        model = IsingModel(found.model.field, found.coupling)
        ratios = []
        for _ in range(rounds):
            whole = _seconds(partial(denoise, x))
            ratios.append(whole / _seconds(partial(MeanField().solve, model)))
        ratio = statistics.median(ratios)
        yield Goal(f"denoise, all estimated, {size}²", ratio, SOLVES[size], "solves")


def commands(picture: Path, page: Path, rounds: int) -> Iterator[Goal]:
    """Time `run`: warm beside `import numba`, the first of all, and on a page of 300 dpi."""
    script = [str(Path(sys.executable).parent / "isingdenoise"), "run", "-q", "--force"]
    numba = [sys.executable, "-c", "import numba"]
    with tempfile.TemporaryDirectory() as folder:
        target = ["-o", str(Path(folder) / "clean.png")]
        fresh = {**os.environ, "NUMBA_CACHE_DIR": folder}
        first = _seconds(lambda: subprocess.run([*script, picture, *target], env=fresh, check=True))
        subprocess.run([*script, picture, *target], check=True)
        pairs = [
            (
                _seconds(lambda: subprocess.run([*script, picture, *target], check=True)),
                _seconds(lambda: subprocess.run(numba, check=True)),
            )
            for _ in range(rounds)
        ]
        ratio = statistics.median(run / numba for run, numba in pairs)
        yield Goal("warm run, 512²", ratio, _WARM, "x import numba")
        yield Goal("first run of all, 512²", first, _FIRST, "s")
        subprocess.run([*script, page, *target], check=True)
        times = [
            _seconds(lambda: subprocess.run([*script, page, *target], check=True))
            for _ in range(rounds)
        ]
        yield Goal("run on a page of 8.7 Mpx", statistics.median(times), _PAGE, "s")


def _seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def grey(noisy: Any) -> Any:
    """Return a picture on the -1/+1 scale as grey values of 8 bits."""
    return np.clip(np.rint(noisy * 63.5 + 127.5), 0, 255).astype(np.uint8)

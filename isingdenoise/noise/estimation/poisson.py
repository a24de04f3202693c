"""Two Poisson distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..parameters import NEVER
from .normal import dot
from .pair import Pair

_TABLE = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, 256.0)))])

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PoissonPair(Pair):
    """Two Poisson distributions.

    Parameters
    ----------
    levels : tuple of float
        The rates, (dark, bright), above 0.
    """

    levels: tuple[float, float]

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return log P(x | rate) of each component: x log r - r - log x!."""
        rest = log_factorial(x)
        rates = (max(rate, NEVER) for rate in self.levels)  # 0 gives a count of 0, and no other
        first, second = (x * math.log(rate) - rate - rest for rate in rates)
        return first, second

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Self:
        """Return the M-step: weighted means, half a count at least."""
        rates = []
        for weight, old in zip((lower, upper), self.levels, strict=True):
            total = float(weight.sum())
            rate = max(dot(weight, x), 0.5) / total if total > 0 else old
            rates.append(min(max(rate, floor), 1e30))
        return replace(self, levels=(rates[0], rates[1]))

    def vector(self) -> Floats:
        """Return the rates."""
        return np.array(self.levels)

    def at(self, vector: Floats) -> Self:
        """Return the pair with the parameters of a `vector`."""
        low, high = (max(float(v), 1e-9) for v in vector)
        return replace(self, levels=(low, high))


def log_factorial(x: Floats) -> Floats:
    """Return log x! of whole numbers, by a table and from 256 on by Stirling's series."""
    small = _TABLE[np.where(x < 256, x, 0).astype(np.intp)] + 0 * x  # NaN stays
    n = np.maximum(x, 256.0)
    series = 1 / (12 * n) - 1 / (360 * n**3)
    large = n * np.log(n) - n + 0.5 * np.log(2 * np.pi * n) + series
    return np.where(x < 256, small, large)

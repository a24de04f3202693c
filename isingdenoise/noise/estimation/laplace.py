"""Two Laplace densities of one scale, censored where the scale of the picture ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .normal import dot
from .pair import CensoredPair

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LaplacePair(CensoredPair):
    """Two Laplace densities, censored at `limits`.

    Parameters
    ----------
    levels : tuple of float
        The medians, (low, high).
    scale : float
        Mean absolute deviation of both.
    limits : tuple of float
        Where the scale of the picture ends; infinite where it does not.
    """

    spread_name: ClassVar[str] = "scale"

    levels: tuple[float, float]
    scale: float
    limits: tuple[float, float] = (-np.inf, np.inf)

    def log_inside(self, x: Floats, k: int) -> Floats:
        """Return the log density of one component, as if the scale had no ends."""
        return -np.abs(x - self.levels[k]) / self.scale - math.log(2 * self.scale)

    def log_tail(self, end: float, k: int, side: int) -> float:
        """Return the log mass of one component beyond `end`: below it (-1) or above it (1)."""
        return _log_tail(side * (end - self.levels[k]) / self.scale)

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Self:
        """Return the M-step for weights `lower` and `upper` of each value in each component.

        The levels are weighted medians; the scale is the mean absolute
        deviation, a saturated value lying one old scale beyond the end on
        average (the tail has no memory). Levels stay within the limits: a
        median that is saturated is put at the end.
        """
        order = np.argsort(x)
        x, lower, upper = x[order], lower[order], upper[order]
        at = np.clip(x, *self.limits)
        beyond = ((x <= self.limits[0]) | (x >= self.limits[1])) * self.scale
        levels, total = [], 0.0
        for weight, old in zip((lower, upper), self.levels, strict=True):
            level = _median(at, weight) if weight.sum() > 0 else old
            total += dot(weight, np.abs(at - level) + beyond)
            levels.append(level)
        scale = max(total / float(lower.sum() + upper.sum()), floor / math.sqrt(2))
        return replace(self, levels=(levels[0], levels[1]), scale=scale)

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return self.scale * math.sqrt(2)

    def about(self, levels: tuple[float, float], spread: float) -> Self:
        """Return the pair with these levels and one standard deviation."""
        return replace(self, levels=levels, scale=spread / math.sqrt(2))

    def vector(self) -> Floats:
        """Return levels and the log of the scale."""
        return np.array([*self.levels, math.log(self.scale)])

    def at(self, vector: Floats) -> Self:
        """Return the pair with the parameters of a `vector`."""
        low, high, scale = (float(v) for v in vector)
        return replace(self, levels=(low, high), scale=math.exp(scale))


def _log_tail(a: float) -> float:
    """Return log P(y >= a) of the Laplace density of scale 1 about 0."""
    return math.log(0.5) - a if a > 0 else math.log1p(-0.5 * math.exp(a))


def _median(x: Floats, weight: Floats) -> float:
    """Return the weighted median of sorted values."""
    total = np.cumsum(weight)
    return float(x[np.searchsorted(total, total[-1] / 2)])

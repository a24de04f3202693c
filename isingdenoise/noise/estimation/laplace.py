"""Two Laplace densities of one scale, censored where the scale of the picture ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .normal import dot

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LaplacePair:
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

    levels: tuple[float, float]
    scale: float
    limits: tuple[float, float] = (-np.inf, np.inf)

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density of each component at `x`, its log tail mass at the ends."""
        first, second = (self._log_density(x, level) for level in self.levels)
        return first, second

    def _log_density(self, x: Floats, level: float) -> Floats:
        log_p = -np.abs(x - level) / self.scale - math.log(2 * self.scale)
        low, high = self.limits
        if np.isfinite(low):
            log_p = np.where(x <= low, _log_tail((level - low) / self.scale), log_p)
        if np.isfinite(high):
            log_p = np.where(x >= high, _log_tail((high - level) / self.scale), log_p)
        return np.asarray(log_p)

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

    def with_known(self, **known: Any) -> Self:
        """Return the pair with what is known put back."""
        return replace(self, **known)

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return self.scale * math.sqrt(2)

    @property
    def ends(self) -> tuple[float, float]:
        """Where the scale ends."""
        return self.limits

    @property
    def between(self) -> bool:
        """Whether what lies at the ends says nothing about the levels."""
        return False

    def put(self, **known: Any) -> Self:
        """Return the pair with what is known put back, and nothing else changed."""
        return replace(self, **known)

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

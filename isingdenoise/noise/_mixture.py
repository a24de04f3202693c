"""A mixture of two normal densities, censored where the scale ends, fitted by EM."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_EM_ROUNDS = 500
_EM_TOL = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Two normal densities with one standard deviation, censored at `limits`.

    Parameters
    ----------
    levels : tuple of float
        The means, (low, high).
    sigma : float
        The common standard deviation.
    share : float
        Weight of the upper component, in (0, 1).
    limits : tuple of float
        Where the scale ends: values at or beyond an end count as `at or beyond`.
        Infinite where it does not.
    """

    levels: tuple[float, float]
    sigma: float
    share: float
    limits: tuple[float, float] = (-np.inf, np.inf)

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density of each component at `x`, its log tail mass at the ends."""
        first, second = (self._log_density(x, level) for level in self.levels)
        return first, second

    def _log_density(self, x: Floats, level: float) -> Floats:
        r = (x - level) / self.sigma
        log_p = -0.5 * r * r - np.log(self.sigma) - 0.5 * np.log(2 * np.pi)
        low, high = self.limits
        if np.isfinite(low):
            log_p = np.where(x <= low, log_ndtr((low - level) / self.sigma), log_p)
        if np.isfinite(high):
            log_p = np.where(x >= high, log_ndtr((level - high) / self.sigma), log_p)
        return np.asarray(log_p)

    def moments(self, x: Floats, level: float) -> tuple[Floats, Floats]:
        """Return E[y] and E[(y - level)^2] of the value y behind `x`, were it not censored."""
        first = x.copy()
        second = (x - level) ** 2
        for end, side in zip(self.limits, (-1.0, 1.0), strict=True):
            if np.isfinite(end):
                a = side * (end - level) / self.sigma  # standardised distance of the end
                hazard = _hazard(a)
                at_end = side * x >= side * end
                first[at_end] = level + side * self.sigma * hazard
                second[at_end] = self.sigma**2 * max(1 + a * hazard, 1e-300)
        return first, second

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Mixture:
        """Return the M-step for weights `lower` and `upper` of each value in each component."""
        levels, squares = [], 0.0
        for weight, old in zip((lower, upper), self.levels, strict=True):
            total = float(weight.sum())
            y, square = self.moments(x, old)
            level = float(weight @ y) / total if total > 0 else old
            # E[(y - level)^2] about the new level, from that about the old one
            spread = square - 2 * (level - old) * (y - old) + (level - old) ** 2
            levels.append(level)
            squares += float(weight @ spread)
        total = float(lower.sum() + upper.sum())
        share = float(np.clip(upper.sum() / total, 1e-6, 1 - 1e-6))
        sigma = max(float(np.sqrt(max(squares, 0.0) / total)), floor)
        return Mixture((levels[0], levels[1]), sigma, share, self.limits)

    def responsibility(self, x: Floats) -> Floats:
        """Return the probability that each value belongs to the upper component."""
        low, high = self.log_densities(x)
        odds = high - low + np.log(self.share) - np.log1p(-self.share)
        return np.asarray(0.5 * (1 + np.tanh(odds / 2)))


def fit_mixture(
    x: Floats,
    weight: Floats,
    start: Mixture,
    *,
    floor: float,
    keep: tuple[bool, bool] = (False, False),
) -> Mixture:
    """Return the mixture that EM reaches from `start`.

    Stops when no parameter moves by more than 1e-6 of the levels' distance.

    Parameters
    ----------
    x, weight : ndarray, shape (n,)
        Values and how often each is met.
    start : Mixture
        Where to begin.
    floor : float
        Smallest sigma allowed.
    keep : tuple of bool
        Whether the levels, and sigma, are known and stay as they are.
    """
    now = start
    for _ in range(_EM_ROUNDS):
        r = now.responsibility(x)
        new = now.maximise(x, weight * (1 - r), weight * r, floor)
        new = Mixture(
            now.levels if keep[0] else new.levels,
            now.sigma if keep[1] else new.sigma,
            new.share,
            now.limits,
        )
        moved = max(abs(a - b) for a, b in zip(_parts(new), _parts(now), strict=True))
        now = new
        if moved <= _EM_TOL * abs(now.levels[1] - now.levels[0]):
            break
    return now


def _hazard(a: float) -> float:
    """Return phi(a) / (1 - Phi(a)), the mean of a standard normal beyond `a`."""
    return math.exp(-0.5 * a * a - _LOG_SQRT_2PI - log_ndtr(-a))


def log_ndtr(a: float) -> float:
    """Return log Phi(a) of the standard normal, to 1e-12 relative.

    scipy.special has it too, at the price of a fifth of a second at the start
    of every command.
    """
    if a > -1:
        return math.log1p(-0.5 * math.erfc(a / math.sqrt(2)))
    if a > -30:
        return math.log(0.5 * math.erfc(-a / math.sqrt(2)))
    # the asymptotic series of Mills' ratio; its terms shrink below 1e-13 here
    series, term = 1.0, 1.0
    for k in range(1, 6):
        term *= -(2 * k - 1) / (a * a)
        series += term
    return -0.5 * a * a - math.log(-a) - _LOG_SQRT_2PI + math.log(series)


def _parts(m: Mixture) -> tuple[float, float, float]:
    return (*m.levels, m.sigma)

"""Two normal densities, censored where the scale ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .pair import CensoredPair, Data
from .sums import normal_sums

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
#: How many sigmas beyond the end of the scale a level is looked for. Farther out, all but
#: a fortieth of its pixels are saturated, and hardly say where it lies.
_BEYOND = 2.0
_RATIO = 5.0  # of two sigmas: a wider class is made of structure, not of noise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NormalPair(CensoredPair):
    """Two normal densities, censored at `limits`.

    Parameters
    ----------
    levels : tuple of float
        The means, (low, high).
    sigmas : tuple of float
        The standard deviations.
    limits : tuple of float
        Where the scale ends: values at or beyond an end count as `at or beyond`.
        Infinite where it does not.
    common : bool
        Whether both standard deviations are one parameter.
    """

    spread_name: ClassVar[str] = "sigmas"

    levels: tuple[float, float]
    sigmas: tuple[float, float]
    limits: tuple[float, float] = (-np.inf, np.inf)
    common: bool = True

    def log_inside(self, x: Floats, k: int) -> Floats:
        """Return the log density of one component, as if the scale had no ends."""
        sigma = self.sigmas[k]
        r = (x - self.levels[k]) / sigma
        return np.asarray(-0.5 * r * r - np.log(sigma) - _LOG_SQRT_2PI)

    def log_tail(self, end: float, k: int, side: int) -> float:
        """Return the log mass of one component beyond `end`: below it (-1) or above it (1)."""
        return log_ndtr(side * (self.levels[k] - end) / self.sigmas[k])

    def step(self, data: Data, shares: Floats, floor: float) -> tuple[Self, Floats, float]:
        """Return what a step of EM makes of the pair; all sums are taken in one pass."""
        masses = np.zeros((2, 2))
        for k, (end, side) in enumerate(zip(self.limits, (-1, 1), strict=True)):
            if np.isfinite(end):
                masses[k] = [self.log_tail(end, c, side) for c in (0, 1)]
        sums = normal_sums(data, shares, (self.levels, self.sigmas, self.limits), masses)
        return self.of_sums(sums.inside, sums.outside, floor), sums.bright, sums.log_p

    def of_sums(self, inside: Floats, outside: Floats, floor: float) -> Self:
        """Return the M-step, given weights and sums as of `normal_sums`."""
        sums = inside.tolist()
        for c in (0, 1):
            for k, (end, side) in enumerate(zip(self.limits, (-1.0, 1.0), strict=True)):
                weight = float(outside[k, c])
                if weight > 0:
                    first, second = self._beyond(end, side, self.levels[c], self.sigmas[c])
                    sums[c][0] += weight
                    sums[c][1] += weight * (first - self.levels[c])
                    sums[c][2] += weight * second
        levels, squares, totals = [], [], []
        for (total, first, second), old in zip(sums, self.levels, strict=True):
            shift = first / total if total > 0 else 0.0
            levels.append(old + shift)
            squares.append(max(second - 2 * shift * first + shift * shift * total, 0.0))
            totals.append(total)
        return self._updated(levels, squares, totals, floor)

    @staticmethod
    def _beyond(end: float, side: float, level: float, sigma: float) -> tuple[float, float]:
        """Return E[y] and E[(y - level)^2] of a value y beyond the end of the scale."""
        a = side * (end - level) / sigma  # standardised distance of the end
        hazard = _hazard(a)
        return level + side * sigma * hazard, sigma**2 * max(1 + a * hazard, 1e-300)

    def moments(self, x: Floats, level: float, sigma: float) -> tuple[Floats, Floats]:
        """Return E[y] and E[(y - level)^2] of the value y behind `x`, were it not censored."""
        first = x.copy()
        second = (x - level) ** 2
        for end, side in zip(self.limits, (-1.0, 1.0), strict=True):
            if np.isfinite(end):
                at_end = side * x >= side * end
                first[at_end], second[at_end] = self._beyond(end, side, level, sigma)
        return first, second

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Self:
        """Return the M-step for weights `lower` and `upper` of each value in each component."""
        levels, squares, totals = [], [], []
        for weight, old, sigma in zip((lower, upper), self.levels, self.sigmas, strict=True):
            total = float(weight.sum())
            y, square = self.moments(x, old, sigma)
            level = dot(weight, y) / total if total > 0 else old
            # E[(y - level)^2] about the new level, from that about the old one
            spread = square - 2 * (level - old) * (y - old) + (level - old) ** 2
            levels.append(level)
            squares.append(max(dot(weight, spread), 0.0))
            totals.append(total)
        return self._updated(levels, squares, totals, floor)

    def _updated(
        self, levels: list[float], squares: list[float], totals: list[float], floor: float
    ) -> Self:
        """Return the pair of new levels, and of sums of squares about them."""
        if self.common:
            one = math.sqrt(sum(squares) / sum(totals)) if sum(totals) > 0 else self.sigmas[0]
            sigmas = [one, one]
        else:
            pairs = zip(squares, totals, self.sigmas, strict=True)
            sigmas = [math.sqrt(s / n) if n > 0 else old for s, n, old in pairs]
        return replace(
            self,
            levels=(levels[0], levels[1]),
            sigmas=(max(sigmas[0], floor), max(sigmas[1], floor)),
        )

    def with_known(self, **known: Any) -> Self:
        """Return the pair with what is known put back, levels and sigmas within reason."""
        widest = max(self.sigmas)
        narrow, wide = (max(sigma, widest / _RATIO) for sigma in self.sigmas)
        levels = confined(self.levels, self.limits, _BEYOND * widest)
        return replace(self, **{"levels": levels, "sigmas": (narrow, wide), **known})

    def vector(self) -> Floats:
        """Return levels and logs of the sigmas."""
        return np.array([*self.levels, *np.log(self.sigmas)])

    def at(self, vector: Floats) -> Self:
        """Return the pair with the parameters of a `vector`."""
        low, high, narrow, wide = (float(v) for v in vector)
        return replace(self, levels=(low, high), sigmas=(math.exp(narrow), math.exp(wide)))

    @property
    def spread(self) -> float:
        """The larger standard deviation."""
        return max(self.sigmas)

    def about(self, levels: tuple[float, float], spread: float) -> Self:
        """Return the pair with these levels and one standard deviation."""
        return replace(self, levels=levels, sigmas=(spread, spread))

    def in_order(self) -> Self:
        """Return the pair with rising levels, apart by a standard deviation at least if equal."""
        pair = self
        if self.levels[1] < self.levels[0]:
            pair = replace(self, levels=self.levels[::-1], sigmas=self.sigmas[::-1])
        (low, high), (narrow, wide) = pair.levels, pair.sigmas
        if not low < high:  # one component has swallowed the other
            pair = replace(pair, levels=(low - narrow, high + wide))
        return pair


def confined(
    levels: tuple[float, float], limits: tuple[float, float], beyond: float
) -> tuple[float, float]:
    """Return levels no farther than `beyond` outside the scale, their middle well inside.

    The outer quarter of their distance may lie outside: what is saturated is
    to be read as the level it is nearest to.
    """
    (low, high), (least, most) = levels, limits
    return (
        max(low, least - beyond, least - abs(high - least) / 3),
        min(high, most + beyond, most + abs(most - low) / 3),
    )


def dot(a: Floats, b: Floats) -> float:
    """Return the inner product; BLAS would wake threads of its own, which then fight with ours."""
    return float(np.einsum("n,n->", a, b))


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

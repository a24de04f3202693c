"""Impulses at the ends of the scale, in a mixture of two normal densities or of two values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..parameters import NEVER
from .normal import NormalPair
from .pair import Data, LevelPair
from .sums import normal_sums

_IMPOSSIBLE = 1e-12
_SMALLEST, _LARGEST = 1e-9, 1 - 1e-9

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ImpulsePair(LevelPair):
    """Two densities, of whose pixels some are replaced by one of two values.

    Parameters
    ----------
    levels : tuple of float
        Grey values of black and white.
    sigma : float
        Standard deviation about them; 0 where a pixel is its level or an impulse.
    salt, pepper : float
        Share of the pixels replaced by the upper and by the lower end.
    bounds : tuple of float
        A value at or beyond one is an impulse, or saturated.
    limits : tuple of float
        Where impulses lie.
    """

    spread_name: ClassVar[str] = "sigma"

    levels: tuple[float, float]
    sigma: float
    salt: float
    pepper: float
    bounds: tuple[float, float]
    limits: tuple[float, float]

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density of each component at `x`, its log mass at the ends."""
        alone, high, low = self._left_alone(x)
        for part in alone:
            part[high] = np.logaddexp(part[high], math.log(max(self.salt, NEVER)))
            part[low] = np.logaddexp(part[low], math.log(max(self.pepper, NEVER)))
        return alone

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Self:
        """Return the M-step for weights `lower` and `upper` of each value in each component.

        One step of an inner EM over which pixels were replaced; where the
        levels themselves are the ends it is exact in one go.
        """
        total = float(lower.sum() + upper.sum())
        if total <= 0:
            return self
        if self.sigma == 0 and self.levels == self.limits:
            return self._of_two_values(x, lower, upper)
        impulses, normal = np.zeros(2), []
        alone, *ends = self._left_alone(x)
        for weight, part in zip((lower, upper), alone, strict=True):
            rest = weight.copy()
            for k, (at, share) in enumerate(zip(ends, (self.salt, self.pepper), strict=True)):
                if share == 0:
                    continue
                # the probability that a pixel at this end was replaced
                replaced = weight[at] / (1 + np.exp(part[at]) / share)
                impulses[k] += replaced.sum()
                rest[at] -= replaced
            normal.append(rest)
        salt, pepper = _inside(float(impulses[0]) / total, float(impulses[1]) / total)
        salt, pepper = salt * (self.salt > 0), pepper * (self.pepper > 0)  # EM never leaves 0
        if self.sigma == 0:
            return replace(self, salt=salt, pepper=pepper)
        pair = self._normal().maximise(x, normal[0], normal[1], floor)
        return replace(self, levels=pair.levels, sigma=pair.sigmas[0], salt=salt, pepper=pepper)

    def step(self, data: Data, shares: Floats, floor: float) -> tuple[Self, Floats, float]:
        """Return what a step of EM makes of the pair; all sums are taken in one pass."""
        if self.sigma == 0:
            return super().step(data, shares, floor)
        normal, rest = self._normal(), math.log1p(-self.salt - self.pepper)
        # log masses at the lower and the upper end of a pixel that was not replaced
        alone = np.array(
            [
                [rest + normal.log_tail(end, c, side) for c in (0, 1)]
                for end, side in zip(self.bounds, (-1, 1), strict=True)
            ]
        )
        replaced = np.array([[self.pepper], [self.salt]])
        masses = np.logaddexp(alone, np.log(np.maximum(replaced, NEVER)))
        # the rest of what lies between the ends has lost its share to the impulses
        known = (self.levels, (self.sigma, self.sigma), self.bounds)
        sums = normal_sums(data, shares, known, masses - rest)
        total = float(data[1].sum())
        log_p = sums.log_p + rest * total
        impulses = sums.outside * np.exp(np.log(np.maximum(replaced, NEVER)) - masses)
        pepper, salt = (float(part.sum()) / total for part in impulses)
        salt, pepper = _inside(salt, pepper)
        pair = normal.of_sums(sums.inside, sums.outside - impulses, floor)
        new = replace(self, levels=pair.levels, sigma=pair.sigmas[0], salt=salt, pepper=pepper)
        return new, sums.bright, log_p

    def with_known(self, **known: Any) -> Self:
        """Return the pair with what is known put back, and levels kept near the scale."""
        pair = self._normal().with_known()
        shares = beside(known, self.salt, self.pepper)
        return replace(self, **{"levels": pair.levels, **known, **shares})

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return self.sigma

    @property
    def ends(self) -> tuple[float, float]:
        """Where the scale ends."""
        return self.bounds

    @property
    def between(self) -> bool:
        """Whether what lies at the ends says nothing about the levels."""
        return True

    def about(self, levels: tuple[float, float], spread: float) -> Self:
        """Return the pair with these levels and one standard deviation."""
        return replace(self, levels=levels, sigma=spread)

    def vector(self) -> Floats:
        """Return levels, the log of sigma, and log odds of salt and pepper to the rest."""
        rest = 1 - self.salt - self.pepper
        shares = (max(share, _SMALLEST) for share in (self.salt, self.pepper))
        logs = np.log([self.sigma, *(share / rest for share in shares)])
        return np.array([*self.levels, *logs])

    def at(self, vector: Floats) -> Self:
        """Return the pair with the parameters of a `vector`."""
        odds = np.exp(np.append(np.minimum(vector[3:], 30.0), 0.0))
        salt, pepper, _ = (float(p) for p in odds / odds.sum())
        salt, pepper = _inside(salt, pepper)
        sigma = float(np.exp(vector[2]))
        levels = float(vector[0]), float(vector[1])
        return replace(self, levels=levels, sigma=sigma, salt=salt, pepper=pepper)

    def _normal(self) -> NormalPair:
        return NormalPair(self.levels, (self.sigma, self.sigma), self.bounds)

    def _of_two_values(self, x: Floats, lower: Floats, upper: Floats) -> Self:
        """Return the shares of black pixels that are white, and of white ones that are black."""
        bright = x >= (self.limits[0] + self.limits[1]) / 2
        rates = [
            float(weight[at].sum()) / float(weight.sum()) if weight.sum() > 0 else old
            for weight, at, old in ((lower, bright, self.salt), (upper, ~bright, self.pepper))
        ]
        salt, pepper = _inside(*rates)
        return replace(self, salt=salt, pepper=pepper)

    def _left_alone(self, x: Floats) -> tuple[tuple[Floats, Floats], Bools, Bools]:
        """Return log densities of (black, white) and not replaced, and what is at which end."""
        if self.sigma == 0:
            nearest = self._nearest(x)
            low, high = (nearest == end for end in self.limits)
            black, white = self._log_atoms(nearest)
        else:
            low, high = x <= self.bounds[0], x >= self.bounds[1]
            black, white = self._normal().log_densities(x)
        rest = np.log1p(-self.salt - self.pepper)
        return (black + rest, white + rest), high, low

    def _log_atoms(self, nearest: Floats) -> list[Floats]:
        """Return log masses of levels and ends; a colour that never replaces is certain."""
        other = np.full(nearest.shape, math.log(_IMPOSSIBLE))
        for level, share in zip(self.levels, (self.pepper, self.salt), strict=True):
            if share == 0:
                other[nearest == level] = math.log(NEVER)
        masses = (np.where(nearest == level, 0.0, other) for level in self.levels)
        return [np.where(np.isnan(nearest), np.nan, mass) for mass in masses]

    def _nearest(self, x: Floats) -> Floats:
        """Return the level, or end that has impulses, that each value is nearest to."""
        shares = zip(self.limits, (self.pepper, self.salt), strict=True)
        atoms = np.unique([*self.levels, *(end for end, share in shares if share > 0)])
        index = np.searchsorted((atoms[1:] + atoms[:-1]) / 2, x, side="right")
        return np.where(np.isnan(x), np.nan, atoms[index])


def beside(known: Mapping[str, Any], salt: float, pepper: float) -> dict[str, float]:
    """Return both shares: what is known as it is, and beside it no more than there is room for."""
    shares = {"salt": salt, "pepper": pepper}
    shares |= {name: known[name] for name in shares if name in known}
    for name, other in (("salt", "pepper"), ("pepper", "salt")):
        if name not in known:
            shares[name] = min(shares[name], (1 - shares[other]) * (1 - 1e-6))
    return shares


def _inside(salt: float, pepper: float) -> tuple[float, float]:
    """Return two probabilities, kept inside (0, 1) and below 1 together."""
    both = salt + pepper
    if both > _LARGEST:
        salt, pepper = (p / both * (1 - 1e-6) for p in (salt, pepper))
    return max(salt, _SMALLEST), max(pepper, _SMALLEST)

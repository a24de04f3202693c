"""Two densities, one for each level: what the fits ask of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Data", "LevelPair", "Pair"]

Floats = NDArray[np.float64]
#: Values, how often each is met, and the group (from 0) it is met in.
Data = tuple[Floats, Floats, NDArray[np.intp]]


class Pair(ABC):
    """The densities of black and white pixels: a noise model resolved for one kind of picture.

    Children are frozen dataclasses whose parameters are their fields.
    """

    levels: tuple[float, float]

    @abstractmethod
    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density of each component at `x`, its log mass at an atom or an end."""

    @abstractmethod
    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Self:
        """Return the M-step for weights `lower` and `upper` of each value in each component."""

    def step(self, data: Data, shares: Floats, floor: float) -> tuple[Self, Floats, float]:
        """Return what a step of EM makes of the pair.

        Parameters
        ----------
        data : tuple of ndarray, shape (n,)
            Values, how often each is met, and the group it is met in.
        shares : ndarray, shape (groups,)
            Weight of the upper component in each group.
        floor : float
            Smallest spread allowed.

        Returns
        -------
        pair : Pair
        bright : ndarray, shape (groups,)
            How many pixels of each group are of the upper component.
        log_p : float
            Log likelihood before the step.
        """
        x, weight, group = data
        r, log_p = self.responsibility(x, shares[group])
        new = self.maximise(x, weight * (1 - r), weight * r, floor)
        bright = np.bincount(group, weight * r, shares.size)
        return new, np.asarray(bright, np.float64), float(np.sum(weight * log_p))

    def responsibility(self, x: Floats, share: Floats) -> tuple[Floats, Floats]:
        """Return the probability of the upper component, and the log density, of each value."""
        low, high = self.log_densities(x)
        low, high = low + np.log1p(-share), high + np.log(share)
        return np.asarray(0.5 * (1 + np.tanh((high - low) / 2))), np.logaddexp(low, high)

    @abstractmethod
    def vector(self) -> Floats:
        """Return the parameters where any numbers are allowed: logs of spreads, log odds."""

    @abstractmethod
    def at(self, vector: Floats) -> Self:
        """Return the pair with the parameters of a `vector`."""

    def put(self, **known: Any) -> Self:
        """Return the pair with what is known put back, and nothing else changed."""
        return replace(self, **known)  # type: ignore[type-var]

    def with_known(self, **known: Any) -> Self:
        """Return the pair with what is known put back, and levels kept near the scale."""
        return self.put(**known)


class LevelPair(Pair):
    """Two densities about two levels.

    Attributes
    ----------
    spread_name : str
        Of the field that is the standard deviation, or proportional to it.
    """

    spread_name: ClassVar[str]

    @property
    @abstractmethod
    def spread(self) -> float:
        """The larger standard deviation."""

    @property
    @abstractmethod
    def ends(self) -> tuple[float, float]:
        """Where the scale ends."""

    @property
    def between(self) -> bool:
        """Whether what lies at the ends says nothing about the levels."""
        return False

    @abstractmethod
    def about(self, levels: tuple[float, float], spread: float) -> Self:
        """Return the pair with these levels and one standard deviation."""


class CensoredPair(LevelPair):
    """Two densities censored at `limits`: a value there was that, or anything beyond."""

    limits: tuple[float, float]

    @property
    def ends(self) -> tuple[float, float]:
        """Where the scale ends."""
        return self.limits

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density of each component at `x`, its log tail mass at the ends."""
        return self._log_density(x, 0), self._log_density(x, 1)

    def _log_density(self, x: Floats, k: int) -> Floats:
        log_p = self.log_inside(x, k)
        low, high = self.limits
        if np.isfinite(low):
            log_p = np.where(x <= low, self.log_tail(low, k, -1), log_p)
        if np.isfinite(high):
            log_p = np.where(x >= high, self.log_tail(high, k, 1), log_p)
        return np.asarray(log_p)

    @abstractmethod
    def log_inside(self, x: Floats, k: int) -> Floats:
        """Return the log density of one component, as if the scale had no ends."""

    @abstractmethod
    def log_tail(self, end: float, k: int, side: int) -> float:
        """Return the log mass of one component beyond `end`: below it (-1) or above it (1)."""

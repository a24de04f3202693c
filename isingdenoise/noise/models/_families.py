"""What several noise models have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base import NoiseModel
from ..estimation.mixture import weigh
from ..estimation.pair import Pair
from ..estimation.scale import smallest_spread
from ..parameters import NEVER
from ..pixels import grey_values

__all__ = ["FlippedNoise", "GreyNoise"]


class GreyNoise(NoiseModel):
    """Densities about two grey levels."""

    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log p(x | -1), log p(x | +1)) in nats; NaN where `x` is NaN.

        Parameters
        ----------
        x : ndarray
            Grey values; bool is read as -1 and +1.
        """
        return self._pair(x).log_densities(grey_values(x))

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the parameters of a larger expected log likelihood, those that maximise it.

        With pixels of which more than one thing may be true (saturated, or
        replaced by an impulse) this is one step of an inner EM over it.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture; NaN is left out.
        mean : ndarray, shape (H, W)
            Posterior means of the spins, in [-1, 1].
        """
        grey, lower, upper = weigh(x, mean)
        if grey.size == 0:
            return self
        floor = smallest_spread(x, self.levels)
        return self._like(self._pair(x).maximise(grey, lower, upper, floor))

    @abstractmethod
    def _pair(self, x: NDArray[Any]) -> Pair:
        """Return the densities for pictures of the dtype of `x`."""

    @abstractmethod
    def _like(self, pair: Any) -> Self:
        """Return the model of a pair as of `_pair`, its levels in order."""


class FlippedNoise(NoiseModel):
    """Pixels that are turned to the other level; one is read as the level it is nearer to."""

    @property
    @abstractmethod
    def rates(self) -> tuple[float, float]:
        """Probabilities that black and that white is flipped."""

    @property
    def two_valued(self) -> bool:
        """Always."""
        return True

    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log P(x | -1), log P(x | +1)) in nats; NaN where `x` is NaN.

        Parameters
        ----------
        x : ndarray
            Grey values; bool is read as -1 and +1.
        """
        grey = grey_values(x)
        black, white = self.rates
        bright = grey >= self._middle
        minus = np.where(bright, math.log(max(black, NEVER)), math.log1p(-black))
        plus = np.where(bright, math.log1p(-white), math.log(max(white, NEVER)))
        missing = np.isnan(grey)
        minus[missing] = np.nan
        plus[missing] = np.nan
        return minus, plus

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the levels of the spins `z`, some of them flipped.

        Parameters
        ----------
        z : ndarray
            Spins -1/+1, or bool.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, float32
        """
        black, white = self.rates
        rate = np.where(z > 0, np.float32(white), np.float32(black))
        flipped = rng.random(z.shape, dtype=np.float32) < rate
        low, high = self.levels
        return np.where((z > 0) ^ flipped, np.float32(high), np.float32(low))

    def _share_of_flips(self, x: NDArray[Any], mean: NDArray[Any]) -> float | None:
        """Return the expected share of pixels that differ from their spin, None of no pixels.

        Parameters are those of `fit`.
        """
        grey = grey_values(x)
        known = ~np.isnan(grey)
        if not known.any():
            return None
        seen = np.where(grey[known] >= self._middle, 1.0, -1.0)
        return float(np.mean((1 - seen * mean[known]) / 2))

    @property
    def _middle(self) -> float:
        return (self.levels[0] + self.levels[1]) / 2

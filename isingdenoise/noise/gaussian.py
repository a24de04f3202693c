"""Two grey levels and Gaussian noise."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..validation import check_real
from ._grey import histogram, split_by_neighbourhood, without_flat_parts
from ._mixture import Mixture, fit_mixture
from .base import EstimationWarning, check_levels, check_scale, grey_values, levels_of_constant

__all__ = ["GaussianNoise"]

_SIGMA_LIMITS = (1e-30, 1e30)


@dataclass(frozen=True)
class GaussianNoise:
    r"""Each pixel is its level plus normal noise of one standard deviation.

    .. math:: x_i \mid z_i \sim \mathcal{N}(m_{z_i}, \sigma^2), \qquad
              h_i = \frac{(m_+ - m_-)(2 x_i - m_- - m_+)}{4 \sigma^2}

    A pixel at an end of the scale is saturated: all that is known is that its
    value lies there or beyond, so it gets the tail's probability instead of
    the density.

    Parameters
    ----------
    sigma : float, default 1
        Standard deviation in grey values, in [1e-30, 1e30].
    levels : tuple of float, default (-1, 1)
        Grey values of black and white.
    limits : tuple of float, optional
        The ends of the scale. By default those of an unsigned integer
        picture's dtype (0 and 255, 0 and 65535), and none for other pictures.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.
    """

    name: ClassVar[str] = "gaussian"
    summary: ClassVar[str] = "two grey levels and normal noise (scans, micrographs, photographs)"

    sigma: float = 1.0
    levels: tuple[float, float] = (-1.0, 1.0)
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        low, high = _SIGMA_LIMITS
        object.__setattr__(self, "sigma", check_real("sigma", self.sigma, low=low, high=high))
        object.__setattr__(self, "levels", check_levels(self.levels))
        if self.limits is not None:
            object.__setattr__(self, "limits", check_levels(self.limits, "limits"))

    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log p(x | -1), log p(x | +1)) in nats; NaN where `x` is NaN.

        Parameters
        ----------
        x : ndarray
            Grey values; bool is read as -1 and +1.
        """
        return self._mixture(x).log_densities(grey_values(x))

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return noisy grey values of the spins `z`, clipped to `limits` if there are any.

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
        low, high = self.levels
        x = rng.standard_normal(z.shape, dtype=np.float32)
        x *= np.float32(self.sigma)
        x += np.where(z > 0, np.float32(high), np.float32(low))
        if self.limits is not None:
            np.clip(x, *self.limits, out=x)
        return x

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the levels and sigma that maximise the expected log likelihood.

        With saturated pixels this is one step of an inner EM over the values
        behind them.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture; NaN is left out.
        mean : ndarray, shape (H, W)
            Posterior means of the spins, in [-1, 1].
        """
        grey = grey_values(x).reshape(-1)
        bright = (1 + mean.reshape(-1).astype(np.float64)) / 2
        known = ~np.isnan(grey)
        grey, bright = grey[known], bright[known]
        if grey.size == 0:
            return self
        new = self._mixture(x).maximise(grey, 1 - bright, bright, _floor(x, self.levels))
        return self._like(new)

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        sigma: float | None = None,
        levels: tuple[float, float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Self:
        """Return levels and sigma estimated from a noisy picture.

        A two-component mixture fitted to the grey values by EM (Dempster,
        Laird and Rubin 1977), started from the levels that a blurred copy of
        the picture suggests. Parts without any noise at an end of the scale
        (a white margin, what was transparent) are left out: they were put
        there after the noise.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        sigma, levels, limits
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            All pixels are equal, or there are two grey values only.
        """
        if levels is not None:
            levels = check_levels(levels)
            check_scale(levels, x, mask)
        if sigma is not None:
            sigma = cls(sigma).sigma
        values, weight = histogram(x, mask)
        if values.size == 0 or values.min() == values.max():
            value = float(values[0]) if values.size else 0.0
            if levels is None:
                levels = levels_of_constant(value, _integer_range(x))
            return cls((levels[1] - levels[0]) / 10 if sigma is None else sigma, levels, limits)
        ends = cls(1.0, levels or (-1.0, 1.0), limits)._ends(x)
        mask = without_flat_parts(x, mask, ends)
        values, weight = histogram(x, mask)
        if np.all((values == values.min()) | (values == values.max())):
            _warn_of_two_values(sigma)
            levels = levels or (float(values.min()), float(values.max()))
            return cls(_floor(x, levels) if sigma is None else sigma, levels, limits)
        low, high, spread, share = split_by_neighbourhood(x, mask)
        keep = (levels is not None, sigma is not None)
        levels = levels or (low, high)
        floor = _floor(x, levels)
        guess = cls(max(spread, floor) if sigma is None else sigma, levels, limits)
        share = float(np.clip(share, 0.01, 0.99))
        start = Mixture(guess.levels, guess.sigma, share, guess._ends(x))
        return guess._like(fit_mixture(values, weight, start, floor=floor, keep=keep))

    def _like(self, mixture: Mixture) -> Self:
        low, high = sorted(mixture.levels)
        if not low < high:  # one component has swallowed the other
            low, high = low - mixture.sigma, high + mixture.sigma
        return type(self)(mixture.sigma, (low, high), self.limits)

    def _mixture(self, x: NDArray[Any]) -> Mixture:
        return Mixture(self.levels, self.sigma, 0.5, self._ends(x))

    def _ends(self, x: NDArray[Any]) -> tuple[float, float]:
        """Return where values count as saturated, -inf and inf where nothing does."""
        span = self.limits or _integer_range(x)
        if span is None:
            return -np.inf, np.inf
        # A rounded value at the end of the scale was anything beyond half a step from it.
        half = 0.5 if x.dtype.kind in "iu" else 0.0
        return span[0] + half, span[1] - half


def _integer_range(x: NDArray[Any]) -> tuple[float, float] | None:
    """Return the ends of an unsigned 8- or 16-bit scale, or None."""
    if x.dtype.kind == "u" and x.dtype.itemsize <= 2:
        return 0.0, float(np.iinfo(x.dtype).max)
    return None


def _warn_of_two_values(sigma: float | None) -> None:
    if sigma is None:
        warnings.warn(
            "only two grey values, so no Gaussian noise: the picture stays as it is; "
            "if pixels are flipped, name the noise model 'flip'",
            EstimationWarning,
            stacklevel=3,
        )


def _floor(x: NDArray[Any], levels: tuple[float, float]) -> float:
    """Return the smallest sigma worth telling apart from none."""
    rounding = 1 / np.sqrt(12) if x.dtype.kind in "iu" else 0.0
    return max(rounding, 1e-3 * abs(levels[1] - levels[0]), 1e-29)

"""Counts of two rates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError
from ..base import Meaning, NoiseModel
from ..estimation.constant import levels_of_constant
from ..estimation.grey import by_neighbourhood, split_by_neighbourhood
from ..estimation.mixture import fit_mixture, weigh
from ..estimation.poisson import PoissonPair
from ..estimation.scale import integer_range
from ..parameters import Unit, parameter
from ..pixels import observed
from ..scale import check_scale

__all__ = ["PoissonNoise"]

_RATES = (1e-9, 1e30)
_WHOLE = 1e-3  # how far a count may be from a whole number


@dataclass(frozen=True)
class PoissonNoise(NoiseModel):
    r"""Each pixel is a count, its mean the rate of black or of white.

    .. math:: P(x_i \mid z_i) = r_{z_i}^{x_i} e^{-r_{z_i}} / x_i!, \qquad
              h_i = \frac{x_i \log(r_+ / r_-) - (r_+ - r_-)}{2}

    Parameters
    ----------
    rates : tuple of float, default (5, 20)
        Expected counts of black and white, in [0, 1e30]; that of black may be 0.

    Raises
    ------
    ParameterError
        A rate is not finite or out of range, or the rates do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = PoissonNoise(rates=(2.0, 60.0))
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "poisson"
    summary: ClassVar[str] = "counts of photons or particles, few where dark (low light, X-rays)"
    meaning: ClassVar[Meaning] = Meaning.COUNTS

    rates: tuple[float, float] = parameter(
        (5.0, 20.0),
        "Mean counts of black and white",
        unit=Unit.COUNT,
        option="levels",
        low=0.0,
        high=_RATES[1],
    )

    @property
    def levels(self) -> tuple[float, float]:
        """The rates, which are the grey values of black and white."""
        return self.rates

    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log P(x | -1), log P(x | +1)) in nats; NaN where `x` is NaN.

        Parameters
        ----------
        x : ndarray
            Counts, as integers or floats.

        Raises
        ------
        ParameterError
            A value is negative or no whole number.
        """
        _check_counts(x, None)
        return PoissonPair(self.rates).log_densities(np.rint(x.astype(np.float64)))

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return counts for the spins `z`.

        Parameters
        ----------
        z : ndarray
            Spins -1/+1, or bool.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, float32

        Raises
        ------
        ParameterError
            A rate is above 1e7, beyond which float32 has no whole numbers.
        """
        if self.rates[1] > 1e7:
            raise ParameterError("rates", "must be at most 1e+07 to draw counts")
        return rng.poisson(np.where(z > 0, self.rates[1], self.rates[0])).astype(np.float32)

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the rates that maximise the expected log likelihood: weighted means.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The counts; NaN is left out.
        mean : ndarray, shape (H, W)
            Posterior means of the spins, in [-1, 1].
        """
        _check_counts(x, None)
        counts, lower, upper = weigh(x, mean)
        if counts.size == 0:
            return self
        pair = PoissonPair(self.rates).maximise(np.rint(counts), lower, upper, _RATES[0])
        return type(self)(_apart(pair.levels))

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        rates: tuple[float, float] | None = None,
    ) -> Self:
        """Return the rates estimated from a picture of counts.

        A mixture of two Poisson distributions fitted by EM, started from the
        levels that a blurred copy of the picture suggests. Rates below one
        count are told apart by few grey values: there the estimate leans on
        the start.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The counts.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        rates : tuple of float, optional
            Where they need not be estimated.

        Raises
        ------
        ParameterError
            A value is negative or no whole number.

        Warns
        -----
        EstimationWarning
            All pixels are equal.
        """
        if rates is not None:
            rates = cls(rates).rates
        _check_counts(x, mask)
        if rates is not None:
            check_scale(rates, x, mask)
            return cls(rates)
        values, weight, group = by_neighbourhood(x, mask)
        values = np.rint(values)
        if values.size == 0 or values.min() == values.max():
            count = float(values[0]) if values.size else 0.0
            low, high = levels_of_constant(count, integer_range(x) or (0.0, 1.0))
            return cls(_apart((max(low, 0.0), high)))
        low, high, _, share = split_by_neighbourhood(x, mask)
        start = PoissonPair(_apart((low, high)))
        share = float(np.clip(share, 0.01, 0.99))
        found = fit_mixture((values, weight, group), start, share, floor=_RATES[0])
        return cls(_apart(found.levels))


def _apart(rates: tuple[float, float]) -> tuple[float, float]:
    """Return rates in order and above 0; those that cannot be told apart a deviation apart."""
    low, high = sorted(max(rate, _RATES[0]) for rate in rates)
    if high - low > 1e-3 * high:
        return low, high
    return max(low - math.sqrt(low), low / 2), high + max(math.sqrt(high), 1e-6 * high)


def _check_counts(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> None:
    """Refuse pictures that are no counts."""
    if x.dtype == np.bool_:
        raise ParameterError("image", "has 1 bit, and noise model poisson needs counts")
    if x.dtype.kind == "u":
        return
    values = x[observed(x, mask)]
    if values.size == 0:
        return
    if values.min() < 0:
        raise ParameterError("image", f"holds {values.min():g}, and counts are never negative")
    if x.dtype.kind == "f" and np.max(np.abs(values - np.rint(values))) > _WHOLE:
        raise ParameterError("image", "holds fractions, and noise model poisson needs whole counts")

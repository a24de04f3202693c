r"""What all pages have in common, learned from what each page says.

Each number y that page m says of itself scatters about the common value,

.. math:: y_m \mid w_m \sim \mathcal{N}(\mu, \tau^2 / w_m), \qquad
          w_m \sim \Gamma(2, 2), \qquad
          \mu, \tau^2 \sim \text{normal-inverse-gamma}

so that y is Student's t with four degrees of freedom: a page of another scanner
gets a small weight w. All is conjugate. With :math:`q(\mu, \tau^2)` of the natural
parameters :math:`\lambda = (\kappa, \kappa m, 2 \beta + \kappa m^2, 2 \alpha)` the
natural gradient of the bound for a minibatch B of N pages is
:math:`\hat\lambda_B - \lambda`,

.. math:: \hat\lambda_B = \lambda_0 + \frac{N}{|B|} \sum_{m \in B}
          (\bar w_m, \bar w_m y_m, \bar w_m y_m^2, 1), \qquad
          \bar w_m = \frac{5}{4 + \frac{\alpha}{\beta} (y_m - m)^2 + \frac{1}{\kappa}}

and a step goes to :math:`(1 - \rho) \lambda + \rho \hat\lambda_B`.

References
----------
Hoffman, Blei, Wang and Paisley, "Stochastic variational inference", JMLR 14 (2013).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._calibration import Floats
from ._rates import Rate

__all__ = ["Hierarchy"]

_DEGREES = 4.0
#: Of normal data with standard deviation 1: the tau that fits, and N times the variance of mu.
_TAU, _VARIANCE = 0.8310, 1.1202
#: One page with the spread of the first ones, and next to nothing about where they lie.
_PRIOR = (0.01, 0.0, 1.0, 1.0)
_TO_SIGMA = 1.4826  # from median absolute deviations


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The distribution of the common values, each number for itself.

    Attributes
    ----------
    centre, scale : ndarray, shape (D,)
        Of the first pages: what is counted in.
    natural : ndarray, shape (4, D)
        The natural parameters, in these units.
    pages : float
        How many pages they stand for.
    """

    centre: Floats
    scale: Floats
    natural: Floats
    pages: float

    @classmethod
    def begin(cls, first: Floats, floors: Floats) -> Hierarchy:
        """Return the prior about what some pages say, (n, D), in units of at least `floors`."""
        centre = np.median(first, axis=0)
        spread = _TO_SIGMA * np.median(np.abs(first - centre), axis=0)
        natural = np.repeat(np.array(_PRIOR)[:, None], centre.size, axis=1)
        return cls(centre, np.maximum(spread, floors), natural, 0.0)

    @property
    def mean(self) -> Floats:
        """The common values."""
        return np.asarray(self.centre + self.scale * self.natural[1] / self.natural[0])

    @property
    def spread(self) -> Floats:
        """Standard deviations of single pages about them, those far off left out of account."""
        return np.asarray(self.scale * np.sqrt(self._tau_squared()) / _TAU)

    @property
    def error(self) -> Floats:
        """Standard deviations of the common values."""
        return np.asarray(self.spread * np.sqrt(_VARIANCE / max(self.pages, 1.0)))

    def apart(self, said: Floats) -> Floats:
        """Return how many spreads what pages say, (..., D), lies from the common values."""
        return np.asarray(np.abs(said - self.mean) / self.spread)

    def weights(self, said: Floats) -> Floats:
        """Return the expected weight of each number that pages say, (n, D)."""
        distance = ((said - self.mean) / self.scale) ** 2 / self._tau_squared()
        return np.asarray((_DEGREES + 1) / (_DEGREES + distance + 1 / self.natural[0]))

    def step(self, said: Floats, pages: float, rate: Rate) -> Hierarchy:
        """Return what some pages make of it.

        Parameters
        ----------
        said : ndarray, shape (n, D)
            What the pages of a minibatch say.
        pages : float
            How many there are, of which these are a sample.
        rate : Rate
            How far to go.
        """
        goal = np.array(_PRIOR)[:, None] + pages / len(said) * self._sums(said)
        now = self._grown(pages)
        direction = (goal - now) / max(pages, 1.0)  # of numbers about 1, whatever the units
        return replace(self, natural=now + rate.of(direction) * (goal - now), pages=pages)

    def added(self, said: Floats) -> Hierarchy:
        """Return it with further pages of a stream: a step whose rate is their share of all."""
        natural = self.natural + self._sums(said)
        return replace(self, natural=natural, pages=self.pages + len(said))

    def record(self) -> dict[str, Any]:
        """Return it as plain values, for `from_record`."""
        arrays = {name: getattr(self, name).tolist() for name in ("centre", "scale", "natural")}
        return {**arrays, "pages": self.pages}

    @classmethod
    def from_record(cls, record: Any) -> Hierarchy:
        """Return what `record` told.

        Raises
        ------
        ValueError, TypeError, KeyError
            It is no such record.
        """
        centre, scale, natural = (
            np.array(record[name], np.float64) for name in ("centre", "scale", "natural")
        )
        if scale.shape != centre.shape or natural.shape != (4, centre.size):
            raise ValueError("shapes do not fit")
        made = cls(centre, scale, natural, float(record["pages"]))
        numbers = np.concatenate([centre, scale, natural.ravel(), [made.pages]])
        positive = np.concatenate([scale, natural[0], natural[3], [made.pages]])
        if not np.isfinite(numbers).all() or positive.min() <= 0 or made._tau_squared().min() <= 0:
            raise ValueError("numbers are out of range")
        return made

    def _grown(self, pages: float) -> Floats:
        """Return the natural parameters as if there were so many pages of the same kind."""
        prior = np.array(_PRIOR)[:, None]
        share = pages / self.pages if self.pages else 1.0
        return np.asarray(prior + share * (self.natural - prior))

    def _sums(self, said: Floats) -> Floats:
        w, y = self.weights(said), (said - self.centre) / self.scale
        # beyond this a page has no weight left, and squares must stay finite
        y = np.clip(y, -1e6, 1e6)
        return np.asarray(
            [w.sum(0), (w * y).sum(0), (w * y * y).sum(0), np.full(y.shape[1], len(y))]
        )

    def _tau_squared(self) -> Floats:
        """Return beta / alpha."""
        k, km, s, n = self.natural
        return np.asarray(np.maximum(s - km * km / k, 1e-12) / n)

"""A mixture of two densities, one for each level, fitted by EM."""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

_EM_ROUNDS = 500
_EM_TOL = 1e-6
_SHARES = (1e-6, 1 - 1e-6)

Floats = NDArray[np.float64]


P = TypeVar("P", bound="Pair")


class Pair(Protocol):
    """The densities of black and white pixels: a noise model resolved for one kind of picture."""

    @property
    def levels(self) -> tuple[float, float]:
        """Grey values of black and white."""
        ...

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density (log mass at an atom) of each component at `x`."""
        ...

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Self:
        """Return the M-step for weights `lower` and `upper` of each value in each component."""
        ...

    def with_known(self, **known: Any) -> Self:
        """Return the pair with what is known put back, and levels kept near the scale."""
        ...

    def parts(self) -> tuple[float, ...]:
        """Return the parameters, in grey values."""
        ...


def fit_mixture(
    x: Floats, weight: Floats, start: P, share: float, *, floor: float, **known: Any
) -> P:
    """Return the pair that EM reaches from `start` (Dempster, Laird and Rubin 1977).

    Stops when no parameter moves by more than 1e-6 of the levels' distance,
    or after 500 rounds.

    Parameters
    ----------
    x, weight : ndarray, shape (n,)
        Values and how often each is met.
    start : Pair
        Where to begin.
    share : float
        Weight of the upper component to begin with.
    floor : float
        Smallest spread allowed.
    **known
        Parameters that stay as they are.
    """
    now = start.with_known(**known)
    for _ in range(_EM_ROUNDS):
        r = responsibility(now, x, share)
        new = now.maximise(x, weight * (1 - r), weight * r, floor).with_known(**known)
        share = float(np.clip(np.average(r, weights=weight), *_SHARES))
        moved = max(abs(a - b) for a, b in zip(new.parts(), now.parts(), strict=True))
        now = new
        if moved <= _EM_TOL * abs(now.levels[1] - now.levels[0]):
            break
    return now


def responsibility(pair: Pair, x: Floats, share: float) -> Floats:
    """Return the probability that each value belongs to the upper component."""
    low, high = pair.log_densities(x)
    odds = high - low + np.log(share) - np.log1p(-share)
    return np.asarray(0.5 * (1 + np.tanh(odds / 2)))


def weigh(x: NDArray[Any], mean: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    """Return grey values and how much of each is black and white, given the spins' means.

    Pictures of 8 and 16 bit become histograms, NaN is left out.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture.
    mean : ndarray, shape (H, W)
        Posterior means of the spins, in [-1, 1].

    Returns
    -------
    grey, lower, upper : ndarray, shape (n,)
    """
    bright = (1 + mean.reshape(-1).astype(np.float64)) / 2
    flat = x.reshape(-1)
    if x.dtype.kind in "iu" and x.dtype.itemsize <= 2:
        low = int(np.iinfo(x.dtype).min)
        index = flat.astype(np.int64) - low
        total = np.bincount(index)
        upper = np.bincount(index, bright)
        met = np.flatnonzero(total)
        return met + float(low), np.maximum(total[met] - upper[met], 0.0), upper[met]
    grey = np.where(flat, 1.0, -1.0) if x.dtype == np.bool_ else flat.astype(np.float64)
    known = ~np.isnan(grey)
    bright = bright[known]
    return grey[known], 1 - bright, bright

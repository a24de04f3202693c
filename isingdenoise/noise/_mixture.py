"""A mixture of two densities, one for each level, fitted by EM."""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

_EM_ROUNDS = 300
_EM_TOL = 1e-7
_LONGEST = 64.0
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

    def vector(self) -> Floats:
        """Return the parameters where any numbers are allowed: logs of spreads, log odds."""
        ...

    def at(self, vector: Floats) -> Self:
        """Return the pair with the parameters of a `vector`."""
        ...


def fit_mixture(
    x: Floats, weight: Floats, start: P, share: float, *, floor: float, **known: Any
) -> P:
    """Return the pair that EM reaches from `start` (Dempster, Laird and Rubin 1977).

    Steps are lengthened by squared extrapolation (Varadhan and Roland 2008,
    SQUAREM), and taken back where that would make the likelihood smaller.
    Stops when an EM step moves no parameter by more than 1e-7 (levels in units
    of their distance, spreads and shares relatively), or after 900 steps.

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
    span = abs(now.levels[1] - now.levels[0]) or 1.0

    def step(pair: P, share: float) -> tuple[P, float, float]:
        """Return the pair and share after a step of EM, and the log likelihood before it."""
        r, log_p = _responsibility(pair, x, share)
        new = pair.maximise(x, weight * (1 - r), weight * r, floor).with_known(**known)
        return new, float(np.clip(np.average(r, weights=weight), *_SHARES)), float(weight @ log_p)

    def vector(pair: P, share: float) -> Floats:
        v = np.append(pair.vector(), np.log(share) - np.log1p(-share))
        v[:2] /= span
        return v

    for _ in range(_EM_ROUNDS):
        one, share_one, _ = step(now, share)
        two, share_two, reached = step(one, share_one)
        zeroth, first, second = vector(now, share), vector(one, share_one), vector(two, share_two)
        now, share = two, share_two
        if np.max(np.abs(second - first)[:-1]) <= _EM_TOL:
            break
        far = _extrapolated(zeroth, first, second)
        share_far = float(np.clip(0.5 + 0.5 * np.tanh(far[-1] / 2), *_SHARES))
        far[:2] *= span
        tried, share_tried, log_p = step(two.at(far[:-1]).with_known(**known), share_far)
        if log_p >= reached:
            now, share = tried, share_tried
    return now


def _extrapolated(zeroth: Floats, first: Floats, second: Floats) -> Floats:
    """Return where two steps of EM lead if they go on shrinking at the same rate."""
    change = first - zeroth
    bend = second - first - change
    length = -float(np.linalg.norm(change) / max(float(np.linalg.norm(bend)), 1e-300))
    length = max(min(length, -1.0), -_LONGEST)
    return zeroth - 2 * length * change + length**2 * bend


def _responsibility(pair: Pair, x: Floats, share: float) -> tuple[Floats, Floats]:
    """Return the probability of the upper component, and the log density, of each value."""
    low, high = pair.log_densities(x)
    low, high = low + np.log1p(-share), high + np.log(share)
    return np.asarray(0.5 * (1 + np.tanh((high - low) / 2))), np.logaddexp(low, high)


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
        upper = np.asarray(np.bincount(index, bright), np.float64)
        met = np.flatnonzero(total)
        rest = np.maximum(total - upper, 0.0)
        return met.astype(np.float64) + low, rest[met], upper[met]
    grey = np.where(flat, 1.0, -1.0) if x.dtype == np.bool_ else flat.astype(np.float64)
    known = ~np.isnan(grey)
    bright = bright[known]
    return grey[known], 1 - bright, bright

"""A mixture of two densities, one for each level, fitted by EM."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .pair import Pair

_EM_ROUNDS = 300
_EM_TOL = 1e-7
#: A round that gains less than this of the log likelihood is the last one. What is left is
#: some hundredths of a standard error, which is half a nat; a share that goes to 0 never ends.
_NATS = 1e-4
_LONGEST = 64.0
_SHARES = (1e-6, 1 - 1e-6)

Floats = NDArray[np.float64]


P = TypeVar("P", bound="Pair")


def fit_mixture(
    data: tuple[Floats, Floats, NDArray[np.intp]],
    start: P,
    share: float,
    *,
    floor: float,
    **known: Any,
) -> P:
    """Return the pair that EM reaches from `start`; parameters as for `climb`."""
    return climb(data, start, share, floor=floor, **known)[0]


def climb(
    data: tuple[Floats, Floats, NDArray[np.intp]],
    start: P,
    share: float,
    *,
    floor: float,
    **known: Any,
) -> tuple[P, Floats]:
    """Return pair and shares that EM reaches from `start` (Dempster, Laird and Rubin 1977).

    Pixels come in groups, each with its own share of bright ones.

    Steps are lengthened by squared extrapolation (Varadhan and Roland 2008,
    SQUAREM), and taken back where that would make the likelihood smaller.
    Stops when an EM step moves no parameter by more than 1e-7 (levels in units
    of their distance, spreads and shares relatively), when a round of three
    makes the picture likelier by less than 1e-4 nats, or after 900 steps.

    Parameters
    ----------
    data : tuple of ndarray, shape (n,)
        Values, how often each is met, and the group (from 0) it is met in.
    start : Pair
        Where to begin.
    share : float
        Weight of the upper component to begin with, in each group.
    floor : float
        Smallest spread allowed.
    **known
        Parameters that stay as they are.
    """
    _, weight, group = data
    totals = np.bincount(group, weight)
    now = start.with_known(**known)
    shares = np.full(totals.size, share)
    span = abs(now.levels[1] - now.levels[0]) or 1.0
    size = now.vector().size

    def step(pair: P, shares: Floats) -> tuple[P, Floats, float]:
        """Return the pair and shares after a step of EM, and the log likelihood before it."""
        new, bright, log_p = pair.step(data, shares, floor)
        return new.with_known(**known), np.clip(bright / totals, *_SHARES), log_p

    def vector(pair: P, shares: Floats) -> Floats:
        v = np.append(pair.vector(), np.log(shares) - np.log1p(-shares))
        v[:2] /= span
        return v

    before = -np.inf
    for _ in range(_EM_ROUNDS):
        one, shares_one, _ = step(now, shares)
        two, shares_two, reached = step(one, shares_one)
        zeroth, first, second = (
            vector(now, shares),
            vector(one, shares_one),
            vector(two, shares_two),
        )
        now, shares = two, shares_two
        if np.max(np.abs(second - first)[:size]) <= _EM_TOL or 0 <= reached - before < _NATS:
            break
        before = reached
        far = _extrapolated(zeroth, first, second)
        shares_far = np.clip(0.5 + 0.5 * np.tanh(far[size:] / 2), *_SHARES)
        far[:2] *= span
        tried, shares_tried, log_p = step(two.at(far[:size]).with_known(**known), shares_far)
        if log_p >= reached:
            now, shares = tried, shares_tried
    return now, shares


def log_likelihood(
    data: tuple[Floats, Floats, NDArray[np.intp]], pair: Pair, shares: Floats
) -> float:
    """Return the log likelihood of the data, each group with its share of bright pixels."""
    x, weight, group = data
    return float(np.sum(weight * pair.responsibility(x, shares[group])[1]))


def _extrapolated(zeroth: Floats, first: Floats, second: Floats) -> Floats:
    """Return where two steps of EM lead if they go on shrinking at the same rate."""
    change = first - zeroth
    bend = second - first - change
    length = -float(np.linalg.norm(change) / max(float(np.linalg.norm(bend)), 1e-300))
    length = max(min(length, -1.0), -_LONGEST)
    return zeroth - 2 * length * change + length**2 * bend


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

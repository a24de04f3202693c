"""Grey levels of several labels with one spread: a mixture in one dimension, by EM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from .coupling import HeldOutLabels, find_coupling
from .noise import Array, GaussianLevels

__all__ = ["fit_levels", "refine_levels"]

Floats = NDArray[np.float64]

_BINS = 4096
_ROUNDS = 500
_TOL = 1e-7  # nats a pixel
_ROUNDED = 12**-0.5  # the spread of what whole numbers round off
_LEAST = 1e-5  # the least spread, of the range of the picture
_SEARCHES, _STEPS = 2, 8  # of the coupling, and M-steps with each
_RISE = 1.0  # nats that an M-step must make the hidden pixels likelier by


def fit_levels(x: Array, count: int, sigma: float | None = None) -> GaussianLevels:
    """Return levels and spread of the likeliest mixture of normal densities.

    Grey values are counted in 4096 bins, so that a round of EM does not depend on the size of
    the picture. It climbs from three starts, and the best end is taken.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Grey values of the observed pixels.
    count : int
        K, the number of levels.
    sigma : float, optional
        The spread, where it is known.

    Raises
    ------
    ParameterError
        There are fewer different values than levels.

    References
    ----------
    Dempster, Laird and Rubin, Maximum Likelihood from Incomplete Data via the EM Algorithm,
    JRSS B 39, 1977.
    """
    values, weights = _counted(x)
    if len(values) < count:
        raise ParameterError(
            "labels", f"are {count}, but the picture has {len(values)} different values"
        )
    floor = _floor(x, values[-1] - values[0])
    ends = [_climbed(values, weights, s, sigma, floor) for s in _starts(values, weights, count)]
    levels, spread, _ = max(ends, key=lambda end: end[2])
    return GaussianLevels(_apart(levels, spread), spread if sigma is None else sigma)


def refine_levels(
    noise: GaussianLevels, x: Array, held_out: HeldOutLabels, sigma: float | None = None
) -> GaussianLevels:
    """Return levels and spread under which hidden pixels are likelier, by variational EM.

    A histogram says little where levels overlap; neighbours tell them apart. The labels of
    hidden pixels are inferred from their neighbours, by mean field, and their own value; their
    means are the new levels. It ends when the hidden pixels become no likelier. What hidden
    pixels say, and not all of them, does not confirm itself.

    Parameters
    ----------
    noise : GaussianLevels
        Where to start.
    x : ndarray, shape (H, W)
        Grey values.
    held_out : HeldOutLabels
        Of that picture; what it has read is replaced.
    sigma : float, optional
        The spread, where it is known.
    """
    shown = held_out.take(x)
    hidden = held_out.of_hidden(shown).astype(np.float64)
    floor = _floor(x, noise.levels[-1] - noise.levels[0])
    held_out.read(noise.log_likelihood(shown))
    for _ in range(_SEARCHES):
        strength = find_coupling(held_out).coupling.horizontal
        if strength == 0:
            return noise
        best, before = held_out.score(strength), noise
        for _ in range(_STEPS):
            share = held_out.posterior(strength)
            new = _moments(share, hidden, floor, sigma)
            held_out.read(new.log_likelihood(shown))
            score = held_out.score(strength)
            if score < best + _RISE:
                held_out.read(noise.log_likelihood(shown))
                break
            noise, best = new, score
        if noise is before:
            break
    return noise


def _moments(share: Floats, x: Floats, floor: float, sigma: float | None) -> GaussianLevels:
    """Return the M-step, for the share (K, n) that each label has in each value."""
    mass = np.maximum(share.sum(axis=1), 1e-12)
    levels = np.einsum("kn,n->k", share, x) / mass
    square = np.einsum("kn,kn->", share, (x - levels[:, None]) ** 2) / mass.sum()
    spread = max(float(np.sqrt(square)), floor)
    return GaussianLevels(_apart(levels, spread), spread if sigma is None else sigma)


def _floor(x: Array, span: float) -> float:
    """Return the least spread of a picture whose levels span so much."""
    return _ROUNDED if x.dtype.kind in "iub" else _LEAST * float(span or 1)


def _counted(x: Array) -> tuple[Floats, Floats]:
    """Return the different values, or the means of bins, and the share of each."""
    values, counts = np.unique(x, return_counts=True)
    values = values.astype(np.float64)
    if len(values) > _BINS:
        low, high = values[0], values[-1]
        place = np.minimum(((values - low) * (_BINS / (high - low))).astype(np.intp), _BINS - 1)
        total = np.bincount(place, counts, _BINS)
        sums = np.bincount(place, counts * values, _BINS)
        values, counts = sums[total > 0] / total[total > 0], total[total > 0]
    return values, np.asarray(counts / counts.sum(), np.float64)


def _starts(values: Floats, weights: Floats, count: int) -> list[Floats]:
    """Return levels at equal shares of the pixels, at equal steps, and between the two."""
    middle = (np.arange(count) + 0.5) / count
    shares = np.cumsum(weights) - weights / 2
    low, high = np.interp([0.01, 0.99], shares, values)
    soft = np.cumsum(np.sqrt(weights)) / np.sqrt(weights).sum()
    found = [
        np.interp(middle, shares, values),
        low + (high - low) * middle,
        np.interp(middle, soft, values),
    ]
    return [_spread_out(start, values) for start in found]


def _spread_out(levels: Floats, values: Floats) -> Floats:
    """Return levels of which no two are equal: those that are go to other values."""
    if (np.diff(levels) > 0).all():
        return levels
    return np.asarray(values[np.linspace(0, len(values) - 1, len(levels)).round().astype(np.intp)])


def _climbed(
    values: Floats, weights: Floats, levels: Floats, known: float | None, floor: float
) -> tuple[Floats, float, float]:
    """Return levels, spread and log likelihood a pixel at the end of EM."""
    share = np.full(len(levels), 1 / len(levels))
    sigma = known or max(float(np.diff(levels).min(initial=np.inf)) / 2, floor)
    if not np.isfinite(sigma):  # one level
        sigma = max(float(np.sqrt(weights @ (values - weights @ values) ** 2)), floor)
    before = -np.inf
    for _ in range(_ROUNDS):
        distance = values - levels[:, None]
        log_p = np.log(share)[:, None] - 0.5 * (distance / sigma) ** 2 - np.log(sigma)
        top = log_p.max(axis=0)
        p = np.exp(log_p - top)
        total = p.sum(axis=0)
        likelihood = float(weights @ (np.log(total) + top))
        if likelihood - before < _TOL:
            break
        before = likelihood
        p *= weights / total
        mass = np.maximum(p.sum(axis=1), 1e-12)
        share = mass / mass.sum()
        levels = (p @ values) / mass
        if known is None:
            square = float(np.sum(p * (values - levels[:, None]) ** 2))
            sigma = max(np.sqrt(square), floor)
    return levels, float(sigma), likelihood


def _apart(levels: Floats, sigma: float) -> tuple[float, ...]:
    """Return levels in order, those that fell together a little apart."""
    ordered = np.sort(levels)
    for k in range(1, len(ordered)):
        ordered[k] = max(ordered[k], ordered[k - 1] + 1e-3 * sigma)
    return tuple(ordered.tolist())

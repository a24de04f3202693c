"""What grey models begin with: the cases that need no fit, and a first guess for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...messages import warn
from ..parameters import check_levels
from ..scale import check_scale
from .constant import levels_of_constant
from .flat import noiseless_levels, without_flat_parts
from .grey import bands, by_neighbourhood, histogram, split_by_neighbourhood
from .scale import integer_range, saturation, smallest_spread, warn_if_close

_PIXELS = 1 << 18
_MANY_PIXELS = 1 << 22

#: What is said of a picture that shows no noise.
NO_NOISE = (
    "no noise about the two grey values: the picture stays as it is; "
    "if pixels are flipped, name the noise model 'flip'"
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Guess:
    """Where a fit begins, or, if `noiseless`, what stands for a picture without noise.

    Attributes
    ----------
    levels : tuple of float
        Those given, or guessed.
    sigma : float
        Spread about them.
    share : float
        Of bright pixels, in [0.01, 0.99].
    data : tuple of ndarray, shape (n,)
        Grey values to fit to, how often each is met, and in which group.
    floor : float
        Smallest spread worth telling apart from none.
    noiseless : bool
        Whether the picture shows no noise.
    larger : callable, optional
        Returns a guess from more pixels, or None; for a fit that finds too little.
    """

    levels: tuple[float, float]
    sigma: float
    share: float
    data: tuple[Floats, Floats, NDArray[np.intp]]
    floor: float
    noiseless: bool
    larger: Callable[[], Guess | None] | None = None


def first_guess(
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    levels: tuple[float, float] | None,
    limits: tuple[float, float] | None,
    *,
    quiet: bool,
) -> Guess:
    """Return levels and spread to begin with.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    levels, limits : tuple of float, optional
        Where they are known.
    quiet : bool
        Whether the spread is known, so that there is nothing to warn of.

    Raises
    ------
    ParameterError
        The levels given are no levels, or those of another picture.

    Warns
    -----
    EstimationWarning
        All pixels are equal, or show no noise.
    """
    if levels is not None:
        levels = check_levels(levels)
        check_scale(levels, x, mask)
    values, _ = histogram(x, mask)
    if values.size == 0 or values.min() == values.max():
        value = float(values[0]) if values.size else 0.0
        known = levels or levels_of_constant(value, integer_range(x))
        return _noiseless(x, known, (known[1] - known[0]) / 10)
    low, high = float(values.min()), float(values.max())
    if not _two(values):
        found = _of_parts(x, mask, levels, limits)
        if isinstance(found, Guess):
            return found
        low, high = found
    known = levels or (low, high)
    if levels is None:
        warn_if_close(x, known, from_zero=False)
    if not quiet:
        warn(NO_NOISE)
    return _noiseless(x, known, smallest_spread(x, known))


def _noiseless(x: NDArray[Any], levels: tuple[float, float], sigma: float) -> Guess:
    nothing = np.empty(0), np.empty(0), np.empty(0, np.intp)
    return Guess(levels, sigma, 0.5, nothing, smallest_spread(x, levels), noiseless=True)


def _of_parts(
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    levels: tuple[float, float] | None,
    limits: tuple[float, float] | None,
    most: int = _PIXELS,
) -> Guess | tuple[float, float]:
    """Return the guess for a picture of several values, or its two levels if it shows no noise.

    Parts of a large picture tell it, and all of it where they have but two values.
    """
    parts, seen = bands(x, most), None if mask is None else bands(mask, most)
    values, _ = histogram(parts, seen)
    if parts is not x and (values.size == 0 or _two(values)):
        parts, seen = x, mask
    rest = without_flat_parts(parts, seen, saturation(x, limits))
    ends = noiseless_levels(parts, seen, split_by_neighbourhood(parts, seen, most)[:2])
    if ends is not None:
        return ends
    values, _ = histogram(parts, rest)
    if _two(values):
        return float(values.min()), float(values.max())
    found = _with_noise(parts, rest, levels, most)
    if most < _MANY_PIXELS and x.size > parts.size:
        found = replace(found, larger=lambda: _larger(x, mask, levels, limits))
    return found if limits is None else replace(found, data=_collapsed(found.data))


def _larger(
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    levels: tuple[float, float] | None,
    limits: tuple[float, float] | None,
) -> Guess | None:
    """Return the guess from many pixels, None where they show no noise."""
    found = _of_parts(x, mask, levels, limits, _MANY_PIXELS)
    return found if isinstance(found, Guess) else None


def _two(values: Floats) -> bool:
    """Return whether there are no more than two values."""
    return bool(np.all((values == values.min()) | (values == values.max())))


def _with_noise(
    x: NDArray[Any],
    rest: NDArray[np.bool_],
    levels: tuple[float, float] | None,
    most: int,
) -> Guess:
    low, high, spread, share = split_by_neighbourhood(x, rest, most)
    known = levels or (low, high)
    floor = smallest_spread(x, known)
    share = float(np.clip(share, 0.01, 0.99))
    data = by_neighbourhood(x, rest, most)
    return Guess(known, max(spread, floor), share, data, floor, noiseless=False)


def _collapsed(
    data: tuple[Floats, Floats, NDArray[np.intp]],
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return each value once in its group, where there are few (integers read as floats)."""
    values, weight, group = data
    met, index = np.unique(values, return_inverse=True)
    if 16 * met.size > values.size:
        return data
    counted = np.bincount(group * met.size + index, weight)
    cells = np.flatnonzero(counted)
    counts = counted[cells].astype(np.float64)
    return met[cells % met.size], counts, (cells // met.size).astype(np.intp)

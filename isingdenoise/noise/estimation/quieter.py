"""Mixtures of two densities that blur, light or paper have spread, and what of it is noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import observed
from .blank import are_close, is_shadow, is_texture
from .constant import levels_of_one
from .grey import bands, neighbour_sum
from .scale import integer_range, saturation, smallest_spread
from .surroundings import Surroundings, spread_between, surroundings_of
from .threshold import levels_about

__all__ = ["quieter"]

_QUIETER = 0.8  # of the spread of the mixture
_FEWEST = 400  # pixels in flat surroundings that tell their spread
_VISIBLE = 0.45  # of them saturated: then their median is not
_SIXTH = 0.15866  # mass of a normal density beyond one standard deviation
_SATURATED = 0.02  # of the pixels in flat surroundings: more hide the noise
_LEFT = 0.1  # of the pixels in flat surroundings: fewer that are not saturated are exceptions,
_SCATTERED = 0.15  # if of their neighbours more are saturated than beside noise
_ALONE = 0.015  # of the pixels in surroundings that are not flat: noise leaves as many alone

Bools = NDArray[np.bool_]
Levels = tuple[float, float]


def quieter(
    x: NDArray[Any],
    mask: Bools | None,
    found: tuple[Levels, float],
    levels: Levels | None,
    limits: Levels | None,
    outliers: Bools | None = None,
) -> tuple[Levels, float] | None:
    """Return levels and the spread of flat surroundings, if that is clearly smaller; else None.

    What spreads the grey values elsewhere is no noise then, but pixels between
    the levels: blur, antialiasing, uneven light. Two normal densities do not
    describe them, so the levels come to lie about Otsu's threshold, unless the
    picture is blank (`estimation.blank`): then one of them is out of reach.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    found : tuple
        Levels and standard deviation of a mixture of two densities.
    levels : tuple of float, optional
        Where they are known.
    limits : tuple of float, optional
        The ends of the scale, where the dtype does not tell.
    outliers : ndarray of bool, shape (H, W), optional
        Pixels that say nothing about levels and spread, such as impulses.

    Warns
    -----
    EstimationWarning
        The picture is blank.
    """
    (low, high), sigma = found
    part = bands(x)
    known, outer = (None if a is None else bands(a) for a in (mask, outliers))
    if levels is None and is_texture(part, known, found[0], sigma):
        return _one_level(x, mask, sigma), sigma
    spread = _spread(part, known, (low + high) / 2, saturation(x, limits), outer)
    if spread is None or spread >= _QUIETER * sigma:
        return None
    if levels is None and (are_close(part, found[0]) or is_shadow(part, known, found[0])):
        return _one_level(x, mask, spread), spread
    rest = mask
    if outliers is not None:
        rest = ~outliers if mask is None else mask & ~outliers
    levels = levels or levels_about(x, rest) or found[0]
    return levels, max(spread, smallest_spread(x, levels))


def _spread(
    x: NDArray[Any],
    mask: Bools | None,
    middle: float,
    ends: Levels,
    outliers: Bools | None,
) -> float | None:
    """Return the standard deviation in flat surroundings that show the noise, or None.

    Where many pixels are saturated they do not show it: on paper whitened by
    the scanner, on a margin that was put there after the noise. The half of
    them that is not saturated does. White paper without noise lies at the end
    of the scale as well: it tells, unless what is not flat is full of noise.
    """
    around = surroundings_of(x, mask, middle)
    flat = around.flat
    at_end = (x <= ends[0], x >= ends[1])
    compared = flat if outliers is None else [side & ~outliers for side in flat]
    plain = [_is_plain(*pair) for pair in zip(flat, at_end, strict=True)]
    spread = spread_between(x, [side for side, tells in zip(compared, plain, strict=True) if tells])
    if spread is None:
        spread = _half_spread(x, flat, at_end)
    if spread is None and not _rough(x, mask, middle, around):
        clean = [_is_clean(*pair) for pair in zip(flat, at_end, strict=True)]
        told = [side for side, tells in zip(compared, clean, strict=True) if tells]
        spread = spread_between(x, told)
    return spread


def _is_plain(flat: Bools, at_end: Bools) -> bool:
    """Return whether hardly a pixel in flat surroundings is saturated."""
    return bool(np.count_nonzero(flat & at_end) <= _SATURATED * np.count_nonzero(flat))


def _is_clean(flat: Bools, at_end: Bools) -> bool:
    """Return whether flat surroundings lie at an end of the scale as if there were no noise.

    But for what compression and strokes do to a pixel here and there: those
    few stand scattered among saturated ones.
    """
    inside = flat & ~at_end
    left = np.count_nonzero(inside)
    if not left:
        return True
    if left >= _LEFT * np.count_nonzero(flat):
        return False
    beside = neighbour_sum(at_end.astype(np.float32), 1)[inside]
    return float(beside.mean()) / 8 > _SCATTERED


def _half_spread(x: NDArray[Any], flat: list[Bools], at_end: tuple[Bools, Bools]) -> float | None:
    """Return the standard deviation of paper (ink) that is saturated in part, or None.

    The half of its pixels on the other side of their median shows it still: a
    normal density has a sixth of its mass beyond one standard deviation.
    """
    found = []
    for side, ends, sign in zip(flat, at_end, (-1.0, 1.0), strict=True):
        values = sign * x[side].astype(np.float64)
        if values.size >= _FEWEST and np.count_nonzero(ends[side]) < _VISIBLE * values.size:
            outer, median = np.quantile(values, [_SIXTH, 0.5])
            found.append((values.size, float(median - outer)))
    return max(found)[1] if found else None


def _rough(x: NDArray[Any], mask: Bools | None, middle: float, around: Surroundings) -> bool:
    """Return whether many pixels stand alone where the surroundings are not flat.

    Noise does so, edges do not: a page with noise inside a clean margin.
    """
    near, flat = surroundings_of(x, mask, middle, 1).both, around.both
    return near.against - flat.against > _ALONE * max(x.size - flat.count, 1)


def _one_level(x: NDArray[Any], mask: Bools | None, spread: float) -> Levels:
    value = float(np.mean(x[observed(x, mask)], dtype=np.float64))
    return levels_of_one(value, integer_range(x), spread)

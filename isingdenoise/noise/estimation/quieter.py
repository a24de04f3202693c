"""Mixtures of two densities that blur, light or paper have spread, and what of it is noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...messages import warn
from ..pixels import grey_values, observed
from .constant import one_level
from .grey import neighbour_sum
from .scale import CLOSE, integer_range, saturation, smallest_spread
from .surroundings import flat_surroundings, spread_in, thinned
from .threshold import levels_about

__all__ = ["blank", "quieter"]

_QUIETER = 0.8  # of the spread of the mixture
_APART = 1.5  # spreads between close levels that are two
_SMOOTH = 0.1  # of the levels' distance, from one pixel to the next across a boundary
_NO_STEP = 0.3  # of the levels' distance, over six pixels
_FEWEST = 400  # pixels in flat surroundings that tell their spread
_VISIBLE = 0.45  # of them saturated: then their median is not
_SIXTH = 0.15866  # mass of a normal density beyond one standard deviation
_SATURATED = 0.02  # of the pixels in flat surroundings: more hide the noise
_LEFT = 0.1  # of the pixels in flat surroundings: fewer that are not saturated are exceptions,
_ALONE = 0.015  # of the pixels in surroundings that are not flat: noise leaves as many alone
_SCATTERED = 0.15  # if of their neighbours more are saturated than beside noise
_SAMPLE = 1 << 18

Bools = NDArray[np.bool_]


def quieter(
    x: NDArray[Any],
    mask: Bools | None,
    found: tuple[tuple[float, float], float],
    levels: tuple[float, float] | None,
    limits: tuple[float, float] | None,
    outliers: Bools | None = None,
) -> tuple[tuple[float, float], float] | None:
    """Return levels and the spread of flat surroundings, if that is clearly smaller; else None.

    What spreads the grey values elsewhere is no noise then, but pixels between
    the levels: blur, antialiasing, uneven light. Two normal densities do not
    describe them, so the levels come to lie about Otsu's threshold, unless the
    picture is blank (`blank`): then one of them is out of reach.

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
    middle = (low + high) / 2
    if levels is None and _texture(x, mask, found):
        return _one_level(x, mask, sigma), sigma
    if x.size > _SAMPLE:
        skip = slice(None, None, math.ceil(x.size / _SAMPLE))
        some, some_mask, some_outliers = (thinned(a, skip) for a in (x, mask, outliers))
    else:
        some, some_mask, some_outliers = x, mask, outliers
    plain, clean = _plain_and_clean(some, some_mask, middle, saturation(x, limits))
    spread = spread_in(some, some_mask, middle, some_outliers, plain)
    if spread is None:
        spread = _half_spread(some, some_mask, middle, saturation(x, limits))
    if spread is None and any(clean) and not _rough(some, some_mask, middle):
        spread = spread_in(some, some_mask, middle, some_outliers, clean)
    if spread is None or spread >= _QUIETER * sigma:
        return None
    if levels is None and blank(x, mask, found[0]):
        return _one_level(x, mask, spread), spread
    rest = mask
    if outliers is not None:
        rest = ~outliers if mask is None else mask & ~outliers
    levels = levels or levels_about(x, rest) or found[0]
    return levels, max(spread, smallest_spread(x, levels))


def blank(x: NDArray[Any], mask: Bools | None, levels: tuple[float, float]) -> bool:
    """Return whether the two levels of a picture with little noise are but one.

    They are where they lie within a twentieth of the scale (the texture of
    paper, what JPEG leaves of noise), and where the boundary between the two
    sides is no edge: the grey values hardly change from one pixel to the next,
    nor over six (a shadow).

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    levels : tuple of float
        Grey values of black and white.
    """
    low, high = levels
    if _close(x, levels):
        return True
    if x.size > _SAMPLE:
        skip = slice(None, None, math.ceil(x.size / _SAMPLE))
        x, mask = thinned(x, skip), thinned(mask, skip)
    grey = grey_values(x)
    grey[~observed(x, mask)] = np.nan
    near, far, count = 0.0, 0.0, 0
    for a in (grey, grey.T):
        inner = a[:, 2:-2]
        with np.errstate(invalid="ignore"):
            side = np.where(inner > (low + high) / 2, 1.0, -1.0)
        turns = side[:, 1:] != side[:, :-1]
        if inner.shape[1] < 2:
            continue
        step = (inner[:, 1:] - inner[:, :-1]) * side[:, 1:]
        wide = (a[:, 5:] - a[:, :-5]) * side[:, 1:]
        told = turns & ~np.isnan(step) & ~np.isnan(wide)
        near += float(step[told].sum())
        far += float(wide[told].sum())
        count += int(np.count_nonzero(told))
    if not count:
        return False
    unit = count * (high - low)
    return near < _SMOOTH * unit and abs(far) < _NO_STEP * unit


def _plain_and_clean(
    x: NDArray[Any], mask: Bools | None, middle: float, ends: tuple[float, float]
) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
    """Return whether dark and bright surroundings show the noise, and whether they lie at an end.

    Where pixels are saturated they do not show it: on paper whitened by the
    scanner, on a margin that was put there after the noise. White paper
    without noise lies at the end of the scale as well, but for what
    compression and strokes do to a pixel here and there; those few stand
    scattered among saturated ones.
    """
    known = None if mask is None and x.dtype.kind != "f" else observed(x, mask)
    around = flat_surroundings(np.asarray(x > middle), known)
    plain, clean = [], []
    for ring, at_end in zip(around.rings, (x <= ends[0], x >= ends[1]), strict=True):
        flat = np.unpackbits(ring, axis=1, count=x.shape[1]).view(np.bool_)
        inside = flat & ~at_end
        count, left = int(np.count_nonzero(flat)), int(np.count_nonzero(inside))
        plain.append(count - left <= _SATURATED * count)
        scattered = not left
        if left and left < _LEFT * count:
            beside = neighbour_sum(at_end.astype(np.float64), 1)[inside]
            scattered = float(beside.mean()) / 8 > _SCATTERED
        clean.append(scattered)
    return (plain[0], plain[1]), (clean[0], clean[1])


def _half_spread(
    x: NDArray[Any], mask: Bools | None, middle: float, ends: tuple[float, float]
) -> float | None:
    """Return the standard deviation of paper (ink) that is saturated in part, or None.

    The half of its pixels on the other side of their median shows it still: a
    normal density has a sixth of its mass beyond one standard deviation.
    """
    known = None if mask is None and x.dtype.kind != "f" else observed(x, mask)
    around = flat_surroundings(np.asarray(x > middle), known)
    found = []
    for ring, end, side in zip(around.rings, ends, (-1.0, 1.0), strict=True):
        flat = np.unpackbits(ring, axis=1, count=x.shape[1]).view(np.bool_)
        values = side * x[flat].astype(np.float64)
        if values.size < _FEWEST:
            continue
        if np.count_nonzero(values >= side * end) < _VISIBLE * values.size:
            outer, median = np.quantile(values, [_SIXTH, 0.5])
            found.append((values.size, float(median - outer)))
    return max(found)[1] if found else None


def _rough(x: NDArray[Any], mask: Bools | None, middle: float) -> bool:
    """Return whether many pixels stand alone where the surroundings are not flat.

    Noise does so, edges do not: a page with noise inside a clean margin.
    """
    known = None if mask is None and x.dtype.kind != "f" else observed(x, mask)
    bright = np.asarray(x > middle)
    near, flat = (flat_surroundings(bright, known, reach).both for reach in (1, 2))
    rest = x.size - flat.count
    return near.against - flat.against > _ALONE * max(rest, 1)


def _texture(x: NDArray[Any], mask: Bools | None, found: tuple[tuple[float, float], float]) -> bool:
    """Return whether close levels are the texture of one: hardly apart, or noise that is not white.

    White noise changes from one pixel to the next by sqrt(2) sigma; the
    texture of paper, and noise that was blurred or compressed, by less.
    """
    (low, high), sigma = found
    if not _close(x, found[0]):
        return False
    if high - low < _APART * sigma:
        return True
    if x.size > _SAMPLE:
        skip = slice(None, None, math.ceil(x.size / _SAMPLE))
        x, mask = thinned(x, skip), thinned(mask, skip)
    grey = grey_values(x)
    grey[~observed(x, mask)] = np.nan
    squares = [np.nanmean(np.diff(grey, axis=axis) ** 2) for axis in (0, 1) if x.shape[axis] > 1]
    return bool(squares) and math.sqrt(float(np.mean(squares)) / 2) < _QUIETER * sigma


def _close(x: NDArray[Any], levels: tuple[float, float]) -> bool:
    """Return whether levels lie within a twentieth of the scale, where that is known.

    Of 16 bits it ends at the power of two above the largest value, as cameras
    of 10 to 14 bits fill its lower part; floats within 0 and 1 have the scale 1,
    whole ones within 0 and 255 that of 8 bits.
    """
    if x.dtype == np.bool_ or not x.size:
        return False
    least, most = float(np.fmin.reduce(x, None)), float(np.fmax.reduce(x, None))
    span = integer_range(x)
    if span is not None:
        scale = min(span[1], max(255.0, 2.0 ** int(most).bit_length() - 1))
    elif x.dtype.kind == "f" and least >= 0 and most <= 1:
        scale = 1.0
    elif least >= 0 and most <= 255 and bool(np.all((x == np.rint(x)) | np.isnan(x))):
        scale = 255.0
    else:
        return False
    return levels[1] - levels[0] < CLOSE * scale


def _one_level(x: NDArray[Any], mask: Bools | None, spread: float) -> tuple[float, float]:
    value = float(np.mean(x[observed(x, mask)], dtype=np.float64))
    levels, colour = one_level(value, integer_range(x), spread)
    warn(
        f"one grey level only, about {value:.4g}: the picture comes out all {colour}; "
        "give levels if there are two"
    )
    return levels

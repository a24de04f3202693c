"""Grey-value statistics of a picture: its histogram, and a first split into two levels.

The picture enters as a weighted sample: the histogram of an integer picture,
or pixels drawn at random from a large float one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import grey_values, observed
from ..tables import count_values, tabulated

_SAMPLE = 1 << 18
_BLUR = 5
_WINDOW = 1 << 18
_PART = 64
_QUANTILES = 1 << 16  # pixels that tell a threshold
_GROUPS = 8
_CELLS, _ENDS = 2048, 256

Floats = NDArray[np.float64]


def histogram(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
    """Return the grey values of a picture and how often each is met, missing pixels left out.

    Exact for 8 and 16 bit; of other pictures at most 2^18 pixels are drawn.
    """
    if tabulated(x):
        values, counts = count_values(x, mask)
        return grey_values(values), counts.astype(np.float64)
    flat = x.reshape(-1) if mask is None else x[mask]
    if flat.size > _SAMPLE:
        flat = flat[np.random.default_rng(0).integers(0, flat.size, _SAMPLE)]
    grey = grey_values(flat)
    grey = grey[~np.isnan(grey)]
    return grey, np.ones_like(grey)


def by_neighbourhood(
    x: NDArray[Any], mask: NDArray[np.bool_] | None = None, most: int = _WINDOW
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return grey values, how often each is met, and the group of pixels it is met in.

    There are eight groups of equal size, from the pixels with the darkest
    neighbours to those with the brightest. The noise of a pixel is independent
    of its neighbours', so in each group there is the same mixture of the same
    two densities but for its shares: dark and bright surroundings show each
    level nearly alone. Of large pictures parts are taken (`bands`),
    `most` pixels together.
    """
    window = bands(x, most)
    known = observed(window, None if mask is None else bands(mask, most))
    exact = tabulated(window)
    grey = np.where(known, _numbers(window), 0)
    counts = np.maximum(neighbour_sum(known.astype(grey.dtype), 1), 0.5)
    around = neighbour_sum(grey, 1) / counts
    around[counts < 1] = np.mean(grey, where=known) if known.any() else 0.0
    where = np.flatnonzero(known)
    if not exact and where.size > _SAMPLE:
        where = where[np.random.default_rng(0).integers(0, where.size, _SAMPLE)]
    mean = around.reshape(-1)[where]
    step = max(1, mean.size // _QUANTILES)
    edges = np.quantile(mean[::step], np.arange(1, _GROUPS) / _GROUPS) if mean.size else mean
    group = np.zeros(mean.size, np.intp)
    for edge in edges:
        group += mean > edge
    values = grey.reshape(-1)[where]
    if not exact:
        return _gathered(values, group)
    low = int(values.min(initial=0))
    span = int(values.max(initial=0)) - low + 1
    counted = np.bincount(group * span + (values.astype(np.int64) - low))
    cells = np.flatnonzero(counted)
    group = np.unique(cells // span, return_inverse=True)[1]
    return (cells % span + low).astype(np.float64), counted[cells].astype(np.float64), group


def _gathered(values: Floats, group: NDArray[np.intp]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return what `by_neighbourhood` returns of pixels with many different values.

    Up to 2,048 values stay as they are; of more, neighbouring ones become
    their mean, as many pixels in each cell. That takes less than 1e-4 of a
    normal variance. The 256 outermost values at either end, which may be
    impulses, and those met often stay alone.
    """
    distinct, cell, counts = np.unique(values, return_inverse=True, return_counts=True)
    if distinct.size > _CELLS:
        share = values.size / _CELLS
        rank = np.cumsum(counts)
        alone = (rank <= _ENDS) | (rank > values.size - _ENDS) | (counts > share)
        begins = np.ones(distinct.size, np.bool_)
        begins[1:] = (np.diff(rank // share) > 0) | alone[1:] | alone[:-1]
        of = np.cumsum(begins) - 1
        means = np.bincount(of, distinct * counts) / np.bincount(of, counts)
        single = np.bincount(of) == 1
        distinct, cell = np.where(single, distinct[begins], means), of[cell]
    counted = np.bincount(group * distinct.size + cell)
    cells = np.flatnonzero(counted)
    # as many groups as are met, none of them empty
    group = np.unique(cells // distinct.size, return_inverse=True)[1]
    return distinct[cells % distinct.size], counted[cells].astype(np.float64), group


def split_by_neighbourhood(
    x: NDArray[Any], mask: NDArray[np.bool_] | None = None, most: int = _WINDOW
) -> tuple[float, float, float, float]:
    """Return (low, high, sigma, share): levels guessed from where a blurred picture is dark.

    Averaging over 5 x 5 pixels takes most of the noise away and leaves the
    levels of wide enough parts, so Otsu's threshold of the blurred picture
    tells dark parts from bright ones even where the grey values of the two
    overlap.

    Where the blurred picture tells nothing (its parts are narrower than the
    blur), the grey values themselves are split.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture, of at least two grey values.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    most : int
        Pixels that are looked at, in parts of a larger picture.
    """
    window = bands(x, most)
    grey = _numbers(window)
    known = observed(window, None if mask is None else bands(mask, most))
    seen = grey.reshape(-1) if known.all() else grey[known]
    if seen.size:
        if seen.size < grey.size:
            grey = np.where(known, grey, grey.dtype.type(seen.mean(dtype=np.float64)))
        blurred = _box_mean(grey)
        blurred = blurred.reshape(-1) if seen.size == grey.size else blurred[known]
        if blurred.min() < blurred.max():
            step = max(1, blurred.size // _QUANTILES) | 1
            split = _two_classes(seen, blurred > otsu(blurred[::step]))
            if split[0] < split[1]:
                return split
    values, weight = histogram(x, mask)
    return _two_classes(values, values > otsu(values, weight), weight)


def _two_classes(
    grey: NDArray[Any], bright: NDArray[np.bool_], weight: Floats | None = None
) -> tuple[float, float, float, float]:
    """Return the means of both classes, their common spread, and the share of the bright one."""
    means, squares, totals = [], 0.0, []
    for side in (~bright, bright):
        part = grey[side].astype(np.float64)
        weights = None if weight is None else weight[side]
        mean = float(np.average(part, weights=weights)) if part.size else math.nan
        part -= mean
        part *= part
        squares += float(np.sum(part) if weights is None else np.sum(weights * part))
        means.append(mean)
        totals.append(float(part.size if weights is None else weights.sum()))
    total = sum(totals)
    return means[0], means[1], math.sqrt(squares / total), totals[1] / total


def otsu(values: Floats, weight: Floats | None = None) -> float:
    """Return the threshold of largest between-class variance (Otsu 1979), on 256 bins."""
    counts, edges = np.histogram(values, bins=256, weights=weight)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = np.nan_to_num(below * above * difference**2, nan=0.0)
    # Over an empty gap every threshold is equally good: take its middle.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float((edges[best[0] + 1] + edges[best[-1] + 1]) / 2)


def bands(x: NDArray[Any], most: int = _WINDOW) -> NDArray[Any]:
    """Return a picture of at most about `most` pixels: parts of 64 x 64 from all of it.

    They lie on a grid over the picture, and side by side in what is returned.
    Arrays of one shape (a picture and its mask) are cut alike.
    """
    height, width = x.shape
    if x.size <= most:
        return x
    tall, wide = min(height, _PART), min(width, _PART)
    parts = most // (tall * wide)
    most_below, most_beside = height // tall, width // wide
    beside = round(math.sqrt(parts * most_beside / most_below))
    beside = min(max(beside, -(-parts // most_below), 1), most_beside)
    below = min(max(parts // beside, 1), most_below)
    rows = _places(height, tall, below)
    columns = _places(width, wide, beside)
    return x[np.ix_(rows, columns)]


def _places(length: int, side: int, parts: int) -> NDArray[np.intp]:
    """Return the rows (columns) of so many parts at equal distances."""
    starts = np.linspace(0, length - side, parts).astype(np.intp)
    return (starts[:, None] + np.arange(side)).reshape(-1)


def _numbers(x: NDArray[Any]) -> NDArray[Any]:
    """Return grey values as floats: single ones where sums of 25 pixels are exact in them."""
    return x.astype(np.float32) if x.dtype.kind in "iu" and tabulated(x) else grey_values(x)


def _box_mean(grey: NDArray[Any]) -> NDArray[Any]:
    """Return the mean over 5 x 5 pixels, the picture continued by its edge."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (_BLUR // 2, _BLUR // 2)
        wide = np.pad(grey, padding, mode="edge")
        n = grey.shape[axis]
        total = np.zeros_like(grey)
        for k in range(_BLUR):
            total += wide[k : k + n] if axis == 0 else wide[:, k : k + n]
        total /= _BLUR
        grey = total
    return grey


def neighbour_sum(values: NDArray[Any], reach: int) -> NDArray[Any]:
    """Return the sum of the neighbours up to `reach` away; outside the picture they are 0.

    In the precision of `values`.
    """
    height, width = values.shape
    wide = np.pad(values, reach)
    rows = np.zeros((height, width + 2 * reach), values.dtype)
    for k in range(2 * reach + 1):
        rows += wide[k : k + height]
    total = -values
    for k in range(2 * reach + 1):
        total += rows[:, k : k + width]
    return total

"""Parts of a picture without noise: flat blocks, and whether there is any noise at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import grey_values, observed
from .grey import bands, neighbour_sum

_BLOCK = 3
_LARGEST_BLOCK = 31
_BY_CHANCE = 1e-4
_INNER = 7
_SAME = 1 / 250  # of the levels' distance: what counts as one grey value
_MOST = 0.99
_ISOLATED = 0.01
_FEW = 0.01
_ONE = np.float32(1)

Bools = NDArray[np.bool_]


def without_flat_parts(x: NDArray[Any], mask: Bools | None, ends: tuple[float, float]) -> Bools:
    """Return the observed pixels less all blocks that lie at one end of the scale as a whole.

    Noise may saturate a pixel, but hardly nine neighbours at once. Where it
    saturates many the blocks are larger: of k x k pixels with q^(k^2) <= 1e-4,
    q being the share of saturated pixels right of bright (dark) ones that are
    not. If nothing else is left, all that is observed is returned.
    """
    known = observed(x, mask)
    flat = np.zeros(x.shape, np.bool_)
    for end, other, side in ((ends[0], ends[1], -1), (ends[1], ends[0], 1)):
        if np.isfinite(end):
            at_end = (x >= end if side > 0 else x <= end) & known
            if at_end.any():
                size = _block(bands(x), bands(at_end), bands(known), (end, other))
                flat |= whole_blocks(at_end, size)
    if not flat.any():
        return known
    rest = known & ~flat
    grey = x[rest]
    return rest if grey.size and grey.min() < grey.max() else known


def _block(x: NDArray[Any], at_end: Bools, known: Bools, ends: tuple[float, float]) -> int:
    """Return the smallest odd size of a block that noise saturates by chance in 1e-4 cases."""
    end, other = ends
    rest = x[known & ~at_end]
    if rest.size == 0:
        return _BLOCK
    if not np.isfinite(other):
        other = float(rest.min() if end > 0 else rest.max())
    middle = float(end) / 2 + float(other) / 2
    near = np.asarray(x > middle if end > other else x < middle)
    left = (known & near & ~at_end)[:, :-1] & known[:, 1:]
    saturated = np.count_nonzero(left & at_end[:, 1:])
    share = float(np.clip(saturated / max(int(np.count_nonzero(left)), 1), 1e-3, 1 - 1e-3))
    wanted = int(np.ceil(np.sqrt(np.log(_BY_CHANCE) / np.log(share))))
    return min(max(_BLOCK, wanted | 1), _LARGEST_BLOCK)


def noiseless_levels(
    x: NDArray[Any], mask: Bools | None, levels: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the levels of a picture that has grey edges but no noise, or None.

    There is no noise where parts of one side (7 x 7 pixels, all dark or all
    bright) are flat in their middle, and where single pixels hardly ever
    stand against their surroundings. Scans that were cleaned, drawings with
    smooth edges and scaled-down pictures are such.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    levels : tuple of float
        Means of the dark and the bright pixels.
    """
    window = bands(x)
    if min(window.shape) < _INNER:
        return None
    known = observed(window, None if mask is None else bands(mask))
    grey = grey_values(window)
    if not known.all():
        grey = np.where(known, grey, levels[0])
    bright = grey > (levels[0] + levels[1]) / 2
    sides = (~bright & known, bright & known)
    inner = [_dilate(erode(side, _INNER), 1, _INNER - 2) for side in sides]
    inside = inner[0] | inner[1]
    if np.count_nonzero(inside) < max(16, _FEW * known.sum()):
        return None
    spread = _reach(grey, np.maximum) - _reach(grey, np.minimum)
    flat = spread <= _SAME * (levels[1] - levels[0])
    # `inside` is cut to the frame of 3 x 3 blocks, as `flat` is
    if np.count_nonzero(flat & inside) < _MOST * np.count_nonzero(inside):
        return None
    ends = float(grey[known].min()), float(grey[known].max())
    if _has_isolated_pixels(grey, np.where(bright, _ONE, -_ONE) * known, flat, ends):
        return None
    low, high = (
        float(np.median(grey[1:-1, 1:-1][side])) if side.mean() > _FEW else end
        for side, end in zip(inner, ends, strict=True)
    )
    return (low, high) if low < high else None


def _has_isolated_pixels(
    grey: NDArray[np.float64], seen: NDArray[np.float32], flat: Bools, ends: tuple[float, float]
) -> bool:
    """Return whether pixels stand against their surroundings more often than dots do.

    Dots and the ends of strokes lie in parts that are flat otherwise, and do
    not count: there most of the neighbours have one grey value.
    """
    around = neighbour_sum(seen, 2)
    counted = np.zeros_like(around)
    for end in ends:
        same = np.abs(grey - end) <= _SAME * (ends[1] - ends[0])
        counted = np.maximum(counted, neighbour_sum(same.astype(np.float32), 2))
    busy = (np.abs(around) >= 20) & (seen != 0) & (counted < 12)
    busy[1:-1, 1:-1] &= ~flat
    alone = int(np.count_nonzero(busy & (seen * around < 0)))
    return alone > _ISOLATED * max(int(np.count_nonzero(busy)), 500)


def erode(marked: Bools, size: int) -> Bools:
    """Return which blocks of size x size pixels are marked as a whole, by their first corner."""
    height, width = (max(n - size + 1, 0) for n in marked.shape)
    rows = np.ones((height, marked.shape[1]), np.bool_)
    for k in range(size):
        rows &= marked[k : k + height]
    out = np.ones((height, width), np.bool_)
    for k in range(size):
        out &= rows[:, k : k + width]
    return out


def _dilate(corners: Bools, size: int, frame: int) -> Bools:
    """Return `corners` of blocks as pixels: each block of size x size marked as a whole.

    With `frame` larger than `size` the blocks sit in the middle of frame x frame.
    """
    height, width = corners.shape
    margin = (frame - size) // 2
    out = np.zeros((height + frame - 1, width + frame - 1), np.bool_)
    if corners.size:
        rows = np.zeros((height + size - 1, width), np.bool_)
        for k in range(size):
            rows[k : k + height] |= corners
        inner = out[margin : margin + height + size - 1, margin : margin + width + size - 1]
        for k in range(size):
            inner[:, k : k + width] |= rows
    return out


def whole_blocks(marked: Bools, size: int = _BLOCK) -> Bools:
    """Return the union of the size x size blocks that are marked as a whole (an opening)."""
    if min(marked.shape) < size:
        return np.zeros_like(marked)
    return _dilate(erode(marked, size), size, size)


def _reach(grey: NDArray[np.float64], extreme: np.ufunc) -> NDArray[np.float64]:
    """Return the extreme of each 3 x 3 block."""
    rows = extreme(extreme(grey[:-2], grey[1:-1]), grey[2:])
    return np.asarray(extreme(extreme(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:]))

"""Uneven light as edges show it: half way between the two sides of an edge lies the threshold.

One threshold divides a picture where the light is even. Where it is not, edges
remain that this threshold does not cross: both their sides are on one side of
it. A surface through the middles of all edges crosses them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TILE = 4  # of means over 2 x 2 pixels
_CONTRAST = 0.35  # of the levels' distance: an edge; a lone pixel has a quarter, an impulse a third
_NOISE = 4.0  # standard deviations of such a mean between the darkest and the brightest of 144
_THROUGH = 0.4  # of the contrast around: an edge goes through the tile itself
_INSIDE = 0.1  # of its contrast: nearer to one side, a threshold does not cross an edge
_FULL, _MOST = 0.5, 0.9  # half of the contrast of nearly all edges: less is no ink on paper
_FEWEST_MISSED = 8
_FEWEST = 24  # tiles with edges
_PRIOR = 0.05  # of a tile: weight of what the coarser surface says
_CLEAR = 0.15  # of the levels' distance, between a flat tile and the surface
_LEAST = 0.02  # of the surface's median

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Edges:
    """Which tiles of a picture have edges, and between which grey values.

    Attributes
    ----------
    low, high : ndarray, shape (h, w), float32
        Darkest and brightest mean over 2 x 2 pixels in the 3 x 3 tiles around.
    strong : ndarray, shape (h, w), bool
        Tiles that an edge goes through.
    flat : ndarray, shape (h, w), bool
        Tiles without any contrast around.
    """

    low: Floats
    high: Floats
    strong: Bools
    flat: Bools

    def missed(self, threshold: Any) -> float:
        """Return the share of edges, by their contrast, that a threshold does not cross.

        0 where there are too few edges to tell.
        """
        if np.count_nonzero(self.strong) < _FEWEST:
            return 0.0
        contrast = self.high - self.low
        low, high = self.low + _INSIDE * contrast, self.high - _INSIDE * contrast
        missed = self.strong & ((threshold < low) | (threshold > high))
        if np.count_nonzero(missed) < _FEWEST_MISSED:
            return 0.0
        return float(contrast[missed].sum() / contrast[self.strong].sum())

    def surface(self, gap: float, *, bright: bool) -> Floats:
        """Return the threshold in each tile, shape (h, w).

        Averages over ever larger parts of the picture fill in where there are
        no edges. A flat tile that the surface comes close to is moved out of
        its way, so that its noise is not divided in two.

        Parameters
        ----------
        gap : float
            Distance of the levels.
        bright : bool
            Whether most of the picture is bright.
        """
        weight = self.strong.astype(np.float32)
        middle = (self.low + self.high) / 2
        out = _filled(weight, np.asarray(weight * middle, np.float32))
        clear, side = np.float32(_CLEAR * gap), np.float32(1 if bright else -1)
        close = self.flat & (np.abs(middle - out) < clear)
        out[close] = (middle - side * clear)[close]
        return out


def edges_of(x: NDArray[Any], known: Bools | None, gap: float, sigma: float) -> Edges | None:
    """Return the edges of a grey picture, or None where it is too small.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        Integer or float.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    gap : float
        Distance of the levels.
    sigma : float
        Standard deviation of the noise.
    """
    height, width = (n // (2 * _TILE) * (2 * _TILE) for n in x.shape)
    if min(height, width) < 6 * _TILE:
        return None
    x = x[:height, :width]
    if known is not None:
        known = known[:height, :width]
        x = np.where(known, x, np.float32(np.mean(x[known])))
    mean = np.zeros((height // 2, width // 2), np.float32)
    for i, j in np.ndindex(2, 2):
        mean += x[i::2, j::2]
    mean /= 4
    tiles = mean.reshape(height // (2 * _TILE), _TILE, width // (2 * _TILE), _TILE)
    low, high = tiles.min((1, 3)), tiles.max((1, 3))
    own = high - low
    low, high = _around(low, np.minimum), _around(high, np.maximum)
    contrast = high - low
    seen = contrast > max(_CONTRAST * gap, _NOISE * sigma)
    strong = seen & (own > _THROUGH * contrast)
    relative = contrast / np.maximum(high, np.float32(1e-6))  # the same in any light
    if strong.any():
        strong &= relative > _FULL * np.quantile(relative[strong], _MOST)
    return Edges(low, high, strong, ~seen)


def _around(a: Floats, extreme: np.ufunc) -> Floats:
    """Return the extreme over 3 x 3 tiles."""
    for before, after in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        out = a.copy()
        extreme(out[before], a[after], out=out[before])
        extreme(out[after], a[before], out=out[after])
        a = out
    return a


def _filled(weight: Floats, values: Floats) -> Floats:
    """Return means of weighted values, from coarser ones where the weight is small."""
    if max(weight.shape) == 1:
        return np.asarray(values / np.maximum(weight, np.float32(1e-12)), np.float32)
    padding = [(0, n % 2) for n in weight.shape]
    coarse = [
        np.pad(a, padding).reshape(-(-a.shape[0] // 2), 2, -(-a.shape[1] // 2), 2).mean((1, 3))
        for a in (weight, values)
    ]
    up = enlarged(_filled(coarse[0], coarse[1]), weight.shape)
    near, sums = (_smoothed(a) for a in (weight, values))
    return np.asarray((sums + _PRIOR * up) / (near + _PRIOR), np.float32)


def _smoothed(a: Floats) -> Floats:
    """Return the mean over 3 x 3 tiles, continued by the edge."""
    for axis in (0, 1):
        wide = np.pad(a, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        n = a.shape[axis]
        parts = [wide.take(range(k, k + n), axis) for k in range(3)]
        a = np.asarray((parts[0] + parts[1] + parts[2]) / 3, np.float32)
    return a


def enlarged(a: Floats, shape: tuple[int, ...], factor: float = 2.0) -> Floats:
    """Return a picture `factor` times as large, by linear interpolation, cut to `shape`."""
    for axis, n in enumerate(shape):
        place = np.clip((np.arange(n) + 0.5) / factor - 0.5, 0, a.shape[axis] - 1)
        first = np.minimum(place.astype(np.intp), max(a.shape[axis] - 2, 0))
        share = (place - first).astype(np.float32)
        share = share[:, None] if axis == 0 else share
        last = np.minimum(first + 1, a.shape[axis] - 1)
        a = np.asarray(a.take(first, axis) * (1 - share) + a.take(last, axis) * share)
    return a


def light_of(edges: Edges, shape: tuple[int, ...], gap: float, *, bright: bool) -> Floats:
    """Return the light that makes the threshold even, of median 1, shape (H, W)."""
    tiles = edges.surface(gap, bright=bright)
    middle = np.float32(np.median(tiles))
    tiles = np.maximum(tiles / middle, np.float32(_LEAST))
    return enlarged(tiles, shape, 2.0 * _TILE)

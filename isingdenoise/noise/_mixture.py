"""Two-level statistics of a picture: its histogram, a first split, and EM.

The picture enters as a weighted sample: the histogram of an integer picture,
or pixels drawn at random from a large float one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import grey_values, observed

_SAMPLE = 1 << 18
_BLUR = 5
_WINDOW = 1 << 22
_BAND = 64
_EM_ROUNDS = 500
_EM_TOL = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Two normal densities with one standard deviation, censored at `limits`.

    Parameters
    ----------
    levels : tuple of float
        The means, (low, high).
    sigma : float
        The common standard deviation.
    share : float
        Weight of the upper component, in (0, 1).
    limits : tuple of float
        Where the scale ends: values at or beyond an end count as `at or beyond`.
        Infinite where it does not.
    """

    levels: tuple[float, float]
    sigma: float
    share: float
    limits: tuple[float, float] = (-np.inf, np.inf)

    def log_densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the log density of each component at `x`, its log tail mass at the ends."""
        first, second = (self._log_density(x, level) for level in self.levels)
        return first, second

    def _log_density(self, x: Floats, level: float) -> Floats:
        from scipy.special import log_ndtr

        r = (x - level) / self.sigma
        log_p = -0.5 * r * r - np.log(self.sigma) - 0.5 * np.log(2 * np.pi)
        low, high = self.limits
        if np.isfinite(low):
            log_p = np.where(x <= low, log_ndtr((low - level) / self.sigma), log_p)
        if np.isfinite(high):
            log_p = np.where(x >= high, log_ndtr((level - high) / self.sigma), log_p)
        return np.asarray(log_p)

    def moments(self, x: Floats, level: float) -> tuple[Floats, Floats]:
        """Return E[y] and E[(y - level)^2] of the value y behind `x`, were it not censored."""
        first = x.copy()
        second = (x - level) ** 2
        for end, side in zip(self.limits, (-1.0, 1.0), strict=True):
            if np.isfinite(end):
                a = side * (end - level) / self.sigma  # standardised distance of the end
                hazard = _hazard(a)
                at_end = side * x >= side * end
                first[at_end] = level + side * self.sigma * hazard
                second[at_end] = self.sigma**2 * max(1 + a * hazard, 1e-300)
        return first, second

    def maximise(self, x: Floats, lower: Floats, upper: Floats, floor: float) -> Mixture:
        """Return the M-step for weights `lower` and `upper` of each value in each component."""
        levels, squares = [], 0.0
        for weight, old in zip((lower, upper), self.levels, strict=True):
            total = float(weight.sum())
            y, square = self.moments(x, old)
            level = float(weight @ y) / total if total > 0 else old
            # E[(y - level)^2] about the new level, from that about the old one
            spread = square - 2 * (level - old) * (y - old) + (level - old) ** 2
            levels.append(level)
            squares += float(weight @ spread)
        total = float(lower.sum() + upper.sum())
        share = float(np.clip(upper.sum() / total, 1e-6, 1 - 1e-6))
        sigma = max(float(np.sqrt(max(squares, 0.0) / total)), floor)
        return Mixture((levels[0], levels[1]), sigma, share, self.limits)

    def responsibility(self, x: Floats) -> Floats:
        """Return the probability that each value belongs to the upper component."""
        low, high = self.log_densities(x)
        odds = high - low + np.log(self.share) - np.log1p(-self.share)
        return np.asarray(0.5 * (1 + np.tanh(odds / 2)))


def fit_mixture(
    x: Floats,
    weight: Floats,
    start: Mixture,
    *,
    floor: float,
    keep: tuple[bool, bool] = (False, False),
) -> Mixture:
    """Return the mixture that EM reaches from `start`.

    Stops when no parameter moves by more than 1e-6 of the levels' distance.

    Parameters
    ----------
    x, weight : ndarray, shape (n,)
        Values and how often each is met.
    start : Mixture
        Where to begin.
    floor : float
        Smallest sigma allowed.
    keep : tuple of bool
        Whether the levels, and sigma, are known and stay as they are.
    """
    now = start
    for _ in range(_EM_ROUNDS):
        r = now.responsibility(x)
        new = now.maximise(x, weight * (1 - r), weight * r, floor)
        new = Mixture(
            now.levels if keep[0] else new.levels,
            now.sigma if keep[1] else new.sigma,
            new.share,
            now.limits,
        )
        moved = max(abs(a - b) for a, b in zip(_parts(new), _parts(now), strict=True))
        now = new
        if moved <= _EM_TOL * abs(now.levels[1] - now.levels[0]):
            break
    return now


def histogram(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
    """Return the grey values of a picture and how often each is met, missing pixels left out.

    Exact for 8 and 16 bit; of other pictures at most 2^18 pixels are drawn.
    """
    flat = x.reshape(-1) if mask is None else x[mask]
    if x.dtype.kind in "iu" and x.dtype.itemsize <= 2:
        low = int(np.iinfo(x.dtype).min)
        counts = np.zeros(1 << (8 * x.dtype.itemsize), np.int64)
        for start in range(0, flat.size, _SAMPLE):
            part = flat[start : start + _SAMPLE].astype(np.int64) - low
            counts += np.bincount(part, minlength=counts.size)
        met = np.flatnonzero(counts)
        return met.astype(np.float64) + low, counts[met].astype(np.float64)
    if flat.size > _SAMPLE:
        flat = flat[np.random.default_rng(0).integers(0, flat.size, _SAMPLE)]
    grey = grey_values(flat)
    grey = grey[~np.isnan(grey)]
    return grey, np.ones_like(grey)


def without_flat_parts(
    x: NDArray[Any], mask: NDArray[np.bool_] | None, ends: tuple[float, float]
) -> NDArray[np.bool_] | None:
    """Return `mask` less all 3 x 3 blocks that lie at one end of the scale as a whole.

    Noise may saturate a pixel, but hardly nine neighbours at once. If nothing
    else is left the mask stays as it is.
    """
    from scipy.ndimage import binary_opening

    flat = np.zeros(x.shape, np.bool_)
    for end, at_end in zip(ends, (np.less_equal, np.greater_equal), strict=True):
        if np.isfinite(end):
            flat |= binary_opening(at_end(x, end), np.ones((3, 3), np.bool_))
    if not flat.any():
        return mask
    rest = observed(x, mask) & ~flat
    grey = x[rest]
    return rest if grey.size and grey.min() < grey.max() else mask


def split_by_neighbourhood(
    x: NDArray[Any], mask: NDArray[np.bool_] | None = None
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
    """
    from scipy.ndimage import uniform_filter

    window = bands(x)
    grey = grey_values(window)
    known = observed(window, None if mask is None else bands(mask))
    if known.any():
        size = tuple(min(_BLUR, n) for n in grey.shape)
        blurred = uniform_filter(np.where(known, grey, grey[known].mean()), size)
        if blurred[known].min() < blurred[known].max():
            split = _two_classes(grey[known], blurred[known] > otsu(blurred[known]))
            if split[0] < split[1]:
                return split
    values, weight = histogram(x, mask)
    return _two_classes(values, values > otsu(values, weight), weight)


def _two_classes(
    grey: Floats, bright: NDArray[np.bool_], weight: Floats | None = None
) -> tuple[float, float, float, float]:
    """Return the means of both classes, their common spread, and the share of the bright one."""
    if weight is None:
        weight = np.ones_like(grey)
    low, high = (float(np.average(grey[c], weights=weight[c])) for c in (~bright, bright))
    squares = (grey - np.where(bright, high, low)) ** 2
    share = float(np.average(bright, weights=weight))
    return low, high, float(np.sqrt(np.average(squares, weights=weight))), share


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


def bands(x: NDArray[Any]) -> NDArray[Any]:
    """Return a picture of at most about four million pixels: bands of rows from all of it."""
    height, width = x.shape
    wanted = max(_BAND, _WINDOW // width)
    if height <= wanted:
        return x
    starts = np.linspace(0, height - _BAND, wanted // _BAND).astype(int)
    return np.concatenate([x[top : top + _BAND] for top in starts])


def _hazard(a: float) -> float:
    """Return phi(a) / (1 - Phi(a)), the mean of a standard normal beyond `a`."""
    from scipy.special import log_ndtr

    return float(np.exp(-0.5 * a * a - 0.5 * np.log(2 * np.pi) - log_ndtr(-a)))


def _parts(m: Mixture) -> tuple[float, float, float]:
    return (*m.levels, m.sigma)

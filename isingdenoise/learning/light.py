"""Whether a picture lies in uneven light, by the edges that one threshold misses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..background import edges_of, light_of
from ..noise import grey_split, observed, spread_in

__all__ = ["detect_light"]

_MISSED = 0.05  # share of edges, by contrast, that even light does not explain
_CURED = 0.5  # of these: what the surface must cross


def detect_light(
    x: NDArray[Any], mask: NDArray[np.bool_] | None = None
) -> NDArray[np.float32] | None:
    """Return the light on a grey picture where it is evidently uneven, else None.

    Otsu's threshold must miss a twentieth of the edges at least, and the
    threshold that follows the edges at most half as many. Noise that hides
    the edges hides uneven light too: then it is taken for even.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture, checked.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    ndarray, shape (H, W), float32, or None
        Positive, of median 1 about the picture's tiles.
    """
    if x.dtype == np.bool_:
        return None
    split = grey_split(x, mask)
    if split is None or split[0] <= 0:
        return None  # the light is no factor
    threshold, low, high = split
    sigma = spread_in(x, mask, threshold)
    if sigma is None:
        return None
    known = observed(x, mask) if mask is not None or x.dtype.kind == "f" else None
    edges = edges_of(x, known, high - low, sigma)
    missed = 0.0 if edges is None else edges.missed(threshold)
    if edges is None or missed < _MISSED:
        return None
    share = float(np.mean(x > threshold))
    if edges.missed(edges.surface(high - low, bright=share >= 0.5)) > _CURED * missed:
        return None
    return light_of(edges, x.shape, high - low, bright=share >= 0.5)

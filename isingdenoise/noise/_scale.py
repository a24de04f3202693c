"""Where the scale of a picture ends, and the smallest spread worth telling from none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation import check_real

SPREAD_LIMITS = (1e-30, 1e30)


def check_spread(name: str, value: Any) -> float:
    """Return a standard deviation or scale as a float in [1e-30, 1e30]."""
    low, high = SPREAD_LIMITS
    return check_real(name, value, low=low, high=high)


def integer_range(x: NDArray[Any]) -> tuple[float, float] | None:
    """Return the ends of an unsigned 8- or 16-bit scale, or None."""
    if x.dtype.kind == "u" and x.dtype.itemsize <= 2:
        return 0.0, float(np.iinfo(x.dtype).max)
    return None


def saturation(x: NDArray[Any], limits: tuple[float, float] | None) -> tuple[float, float]:
    """Return where values count as saturated, -inf and inf where nothing does.

    Parameters
    ----------
    x : ndarray
        The picture; only its dtype matters.
    limits : tuple of float or None
        The ends of the scale; None for those of the dtype.
    """
    span = limits or integer_range(x)
    if span is None:
        return -np.inf, np.inf
    # A rounded value at the end of the scale was anything beyond half a step from it.
    half = 0.5 if x.dtype.kind in "iu" else 0.0
    return span[0] + half, span[1] - half


def smallest_spread(x: NDArray[Any], levels: tuple[float, float]) -> float:
    """Return the smallest standard deviation worth telling apart from none."""
    rounding = 1 / np.sqrt(12) if x.dtype.kind in "iu" else 0.0
    return float(max(rounding, 1e-3 * abs(levels[1] - levels[0]), 1e-29))

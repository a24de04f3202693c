"""Pixels as numbers: grey values, and which of them are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["grey_values", "observed", "observed_or_none"]


def grey_values(x: NDArray[Any]) -> NDArray[np.float64]:
    """Return `x` as float64; a bool picture is read as -1 and +1."""
    if x.dtype == np.bool_:
        return np.where(x, 1.0, -1.0)
    return x.astype(np.float64)


def observed(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return which pixels are neither NaN nor masked out."""
    known = ~np.isnan(x) if x.dtype.kind == "f" else np.ones(x.shape, np.bool_)
    return known if mask is None else known & mask


def observed_or_none(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return which pixels are neither NaN nor masked out, None where all of them are known."""
    return None if mask is None and x.dtype.kind != "f" else observed(x, mask)

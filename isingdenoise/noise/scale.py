"""Whether grey levels can belong to a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from .pixels import grey_values

__all__ = ["check_scale"]

_PIXELS_AT_ONCE = 1 << 16  # of larger pictures as many are looked at
_DEFAULT = (-1.0, 1.0)  # levels of models that were given none
_FAR = 5.0  # distances of the levels
#: By how many standard deviations noise that is cut off where the scale ends moves a mean: 0.4
#: where the end is the level itself.
_CUT_OFF = 0.5


def check_scale(
    levels: tuple[float, float],
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    sigma: float = 0.0,
) -> None:
    """Refuse levels that cannot belong to this picture (-1 and +1 for greys up to 255).

    Parameters
    ----------
    levels : tuple of float
        Grey values of black and white.
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    sigma : float
        Standard deviation of the noise, where it is known.

    Raises
    ------
    ParameterError
        On average the grey values lie outside the levels by more than five
        times their distance (or sigma); their mean does by as much and half a
        sigma, which no noise about the levels explains; black is -1 and white
        1, and an unsigned picture goes beyond; or all of them would be on one
        side in a bool picture.
    """
    low, high = levels
    if x.dtype == np.bool_ and not -1 < (low + high) / 2 <= 1:
        raise ParameterError(
            "levels", f"black {low:g} and white {high:g} do not fit a 1-bit picture (-1 and 1)"
        )
    step = x.size // _PIXELS_AT_ONCE | 1  # odd, so that it keeps to no columns
    sample = x if mask is None else x[mask]
    sample = sample.reshape(-1)[::step]
    weight = None
    if x.dtype == np.uint8:
        counts = np.bincount(sample, minlength=256)
        sample = np.flatnonzero(counts)
        weight = counts[sample]
    grey = grey_values(sample)
    if weight is None:
        grey = grey[~np.isnan(grey)]
    if grey.size == 0:
        return
    least, most = float(grey.min()), float(grey.max())
    mean = float(np.average(grey, weights=weight))
    outside = np.maximum(np.maximum(low - grey, grey - high), 0)
    distance = float(np.average(outside, weights=weight))
    beyond = max(low - mean, mean - high)
    unsigned = x.dtype.kind == "u" and (low, high) == _DEFAULT and most > high
    if (
        distance > _FAR * max(high - low, sigma)
        or beyond > _FAR * (high - low) + _CUT_OFF * sigma
        or unsigned
    ):
        raise ParameterError(
            "levels",
            f"black {low:g} and white {high:g} do not fit a picture of grey values "
            f"{least:g} to {most:g}",
            hint="levels",
        )

"""Whether grey levels can belong to a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from .pixels import grey_values

__all__ = ["check_scale"]

_SAMPLE = 1 << 17  # pixels: of larger pictures about as many are looked at


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
        times their distance (or sigma), or all on one side for a bool picture.
    """
    low, high = levels
    if x.dtype == np.bool_ and not -1 < (low + high) / 2 <= 1:
        raise ParameterError(
            "levels", f"black {low:g} and white {high:g} do not fit a 1-bit picture (-1 and 1)"
        )
    step = x.size // _SAMPLE | 1  # odd: no few columns alone
    sample = x.reshape(-1)[::step]
    if mask is not None:
        seen = mask.reshape(-1)[::step]
        sample = sample[seen] if seen.any() else x[mask][::step]
    grey = grey_values(sample)
    grey = grey[~np.isnan(grey)]
    if grey.size == 0:
        return
    distance = float(np.mean(np.maximum(np.maximum(low - grey, grey - high), 0)))
    if distance > 5 * max(high - low, sigma):
        raise ParameterError(
            "levels",
            f"black {low:g} and white {high:g} do not fit a picture of grey values "
            f"{grey.min():g} to {grey.max():g}; give its own levels, or let them be estimated",
        )

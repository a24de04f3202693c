"""What the M-step of normal densities needs of a weighted sample."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .pair import Data

__all__ = ["Sums", "normal_sums"]

Floats = NDArray[np.float64]
Two = tuple[float, float]


class Sums(NamedTuple):
    """Weights and sums of each component, as of `_kernels.mixture.normal_sums`."""

    inside: Floats
    outside: Floats
    bright: Floats
    log_p: float


def normal_sums(data: Data, shares: Floats, known: tuple[Two, Two, Two], masses: Floats) -> Sums:
    """Return the sums over a sample under two normal densities with masses at two ends.

    Parameters
    ----------
    data : tuple of ndarray, shape (n,)
        Values, how often each is met, and the group it is met in.
    shares : ndarray, shape (groups,)
        Weight of the upper component in each group.
    known : tuple
        Levels, standard deviations, and the ends of the scale.
    masses : ndarray, shape (2, 2)
        Log mass at each end (first index) under each component.
    """
    # numba is loaded late: noise models are listed without it
    from ..._kernels.mixture import normal_sums as summed

    x, weight, group = (np.ascontiguousarray(part) for part in data)
    sums = Sums(np.zeros((2, 3)), np.zeros((2, 2)), np.zeros(shares.size), 0.0)
    logs = np.stack([np.log1p(-shares), np.log(shares)], axis=1)
    log_p = summed(
        *(x, weight, group.astype(np.int64, copy=False), logs),
        *(np.array(pair, np.float64) for pair in known),
        *(masses, sums.inside, sums.outside, sums.bright),
    )
    return sums._replace(log_p=float(log_p))

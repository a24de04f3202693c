"""Whether more pixels lie at the ends of the scale than a density puts there."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .grey import histogram
from .scale import integer_range
from .surroundings import TELLING, Side, impulses_in
from .values import impulse_limits

__all__ = ["has_impulses"]

_FEWEST = 5e-4  # share of replaced pixels that is worth a model
_BESIDE = 4  # grey values next to an end
_MORE = 1.25  # times what a density has at its end

Floats = NDArray[np.float64]


class Density(Protocol):
    """What is asked of the simpler model."""

    @property
    def levels(self) -> tuple[float, float]:
        """Grey values of black and white."""

    def log_likelihood(self, x: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return the log likelihoods of black and of white."""


def has_impulses(x: NDArray[Any], mask: NDArray[np.bool_] | None, simpler: Density) -> bool:
    """Return whether a grey picture has impulses that a simpler model does not explain.

    Where surroundings are flat, more of their pixels must lie at the opposite
    end than the model's tail and chance put there. Where none are, a wide
    density takes impulses for its tails; but then it has too many pixels next
    to the end for those that lie there.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    simpler : NoiseModel
        Fitted to the picture.
    """
    values, weight = histogram(x, mask)
    if values.size == 0 or values.min() == values.max():
        return False
    # what saturates shows in the dtype
    kind = x.dtype if integer_range(x) is not None else np.dtype(np.float64)
    ends = impulse_limits(x, mask)
    minus, plus = simpler.log_likelihood(np.array(ends, kind))
    sides = impulses_in(x, mask, (simpler.levels[0] + simpler.levels[1]) / 2, ends)
    told = [
        _more_than(side, math.exp(min(float(log_p), 0.0)))
        for side, log_p in zip(sides, (minus[1], plus[0]), strict=True)
        if side.count >= TELLING
    ]
    if told:
        return any(told)
    if np.any(values != np.rint(values)):
        return any(bool(np.any(values == end)) for end in ends)
    return any(
        _piled(values, weight, simpler, np.array(end + inwards * np.arange(_BESIDE + 1), kind))
        for end, inwards in zip(ends, (1, -1), strict=True)
    )


def _piled(values: Floats, weight: Floats, simpler: Density, places: NDArray[Any]) -> bool:
    """Return whether more pixels lie at an end than the density beside it explains."""
    at_end, *beside = (float(weight[values == float(place)].sum()) for place in places)
    if not at_end:
        return False
    minus, plus = simpler.log_likelihood(places)
    low, high = simpler.levels
    share = float(np.clip((np.average(values, weights=weight) - low) / (high - low), 0.01, 0.99))
    masses = (1 - share) * np.exp(minus) + share * np.exp(plus)
    near = max(sum(beside) / _BESIDE, 1.0)
    return at_end * float(masses[1:].mean()) > _MORE * near * float(masses[0])


def _more_than(side: Side, share: float) -> bool:
    """Return whether more pixels stand against a side than a share of them, and by chance."""
    expected = side.count * share
    return side.against > expected + 3 * math.sqrt(expected) + _FEWEST * side.count

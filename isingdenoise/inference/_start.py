"""Where a solve starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..model import IsingModel


def checked_init(model: IsingModel, init: ArrayLike | None) -> None:
    """Refuse what other engines would refuse, where `init` is not used.

    Raises
    ------
    ParameterError
        As of `starting_mean`, and for NaN.
    """
    if init is not None and bool(np.isnan(starting_mean(model, init)).any()):
        raise ParameterError("init", "holds NaN; start an unknown pixel at 0")


def starting_mean(model: IsingModel, init: ArrayLike | None) -> NDArray[np.float32]:
    """Return the means to start from, not yet clipped: `init`, or tanh(h).

    Raises
    ------
    ParameterError
        `init` has another shape than the model, or holds no real numbers.
    """
    if init is None:
        return np.asarray(np.tanh(model.field), np.float32)
    start = np.asarray(init)
    if start.shape != model.shape:
        raise ParameterError("init", f"has shape {start.shape}, the model has {model.shape}")
    if start.dtype.kind not in "biuf":
        raise ParameterError("init", f"must hold bools or real numbers, not {start.dtype}")
    if start.dtype == np.bool_:
        return np.where(start, np.float32(1), np.float32(-1))
    if start.dtype == np.float32 and start.dtype.isnative:
        return start
    means: NDArray[np.float32] = np.clip(start, -1, 1).astype(np.float32)
    return means

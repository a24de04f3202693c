"""What the engines by minimum cut share: the rounds of pushing flow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..backends import cut
from ..model import IsingModel
from ._loop import Round, iterate
from .solution import Callback, Trace

#: Sites looked at in one round, a fraction of a second: a deadline is heard between two.
_EFFORT = 1 << 20
#: More sweeps than are ever needed: the end is found, not chosen.
_WITHOUT_END = 1 << 40
#: Sites are numbered in 32 bits.
MOST_PIXELS = 1 << 29


def least(
    model: IsingModel, gauge: NDArray[np.int8] | None, callback: Callback | None
) -> tuple[NDArray[np.int8], Trace]:
    """Return the labels of the minimum cut, 0 where the roof dual leaves them open, and the trace.

    Parameters
    ----------
    model : IsingModel
        The model.
    gauge : ndarray, shape (H, W), int8, or None
        Signs that make its strengths positive; None for the roof dual.
    callback : callable or None
        As of `Engine.solve`.
    """
    network = cut(model, gauge)

    def step(_: int) -> Round:
        looked, waiting = network.run(_EFFORT)
        return Round(max(looked, 1), residual=waiting, done=waiting == 0)

    trace, _ = iterate(
        step,
        max_sweeps=_WITHOUT_END,
        sites=model.field.size,
        snapshot=network.labels,
        callback=callback,
    )
    return network.labels(), trace


def too_large(model: IsingModel) -> str | None:
    """Return why a picture has too many pixels; None where it has not."""
    height, width = model.shape
    if height * width <= MOST_PIXELS:
        return None
    return f"needs at most 2^29 pixels; this picture has {height} x {width}"

"""What the engines by minimum cut share: the rounds of pushing flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..backends import cut
from ..model import IsingModel
from ._loop import Round, iterate
from .solution import Callback, Status, Trace

if TYPE_CHECKING:
    from ..backends import Cut

Labels = NDArray[np.int8]

#: Sites looked at in one round, a fraction of a second: a deadline is heard between two.
_EFFORT = 1 << 20
#: More sweeps than are ever needed: the end is found, not chosen.
_WITHOUT_END = 1 << 40
#: Sites are numbered in 32 bits.
MOST_SITES = 1 << 30


def least(
    model: IsingModel,
    gauge: Labels | None,
    callback: Callback | None,
    complete: Callable[[Labels], Labels] | None = None,
) -> tuple[Labels, Trace, bool]:
    """Return the labels of the minimum cut, its trace, and whether it came to its end.

    Labels are 0 where the roof dual leaves them open.

    Parameters
    ----------
    model : IsingModel
        The model.
    gauge : ndarray, shape (H, W), int8, or None
        Signs that make its strengths positive; None for the roof dual.
    callback : callable or None
        As of `Engine.solve`.
    complete : callable, optional
        What is done with the labels at the end, in the last round or where the callback stops.
    """
    network: Cut | None = cut(model, gauge)
    labels = np.empty(0, np.int8)

    def end() -> None:
        nonlocal network, labels
        assert network is not None
        labels, network = network.labels(), None  # whose memory is given up
        labels = labels if complete is None else complete(labels)

    def step(_: int) -> Round:
        assert network is not None  # of rounds after the last
        looked, waiting = network.run(_EFFORT)
        if waiting == 0:
            end()
        return Round(max(looked, 1), residual=waiting, done=waiting == 0)

    trace, status = iterate(
        step,
        max_sweeps=_WITHOUT_END,
        sites=model.field.size,
        snapshot=lambda: labels.copy() if network is None else network.labels(),
        callback=callback,
    )
    stopped = status is Status.STOPPED
    if stopped:
        end()
    return labels, trace, not stopped


def too_large(model: IsingModel, layers: int = 1) -> str | None:
    """Return why a picture has too many pixels, of so many sites each; None where it has not."""
    height, width = model.shape
    most = MOST_SITES // layers
    if (height + 2) * (width + 2) <= most:
        return None
    return f"needs a picture of at most {most} pixels; this picture has {height} x {width}"

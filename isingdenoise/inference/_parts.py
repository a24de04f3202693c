"""Mean field on a part of a picture, with surroundings: as it goes within the whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..backends import packed
from ..deadline import check_deadline
from ..model import IsingModel

__all__ = ["REACH", "SURROUNDINGS", "PartSolution", "settled"]

#: How far, in pixels, a sweep carries: with 4 neighbours, and with 8.
REACH = {4: 2, 8: 4}
#: Sweeps of the whole window before only what still moves is swept, and so many together.
_WHOLE, _TOGETHER = 16, 8
#: Pixels around a part: as far as these sweeps carry.
SURROUNDINGS = _WHOLE * max(REACH.values())
_UNHEARD = 0.1  # of the tolerance: moves that neighbours need not hear of


class PartSolution(NamedTuple):
    """The means of a part with its surroundings, and how they were found.

    Attributes
    ----------
    mean : ndarray, shape (H, W), float32
        The means.
    labels : ndarray, shape (H, W), int8
        Their signs, 0 as +1.
    updates : int
        Updates of sites.
    residual : float
        The largest |tanh(a) - mean|.
    converged : bool
        Whether it is within the tolerance.
    """

    mean: NDArray[np.float32]
    labels: NDArray[np.int8]
    updates: int
    residual: float
    converged: bool


def settled(
    model: IsingModel,
    start: NDArray[np.float32],
    left: int,
    *,
    weight: float,
    tol: float,
    max_sweeps: int,
) -> PartSolution:
    """Return the fixed point that plain checkerboard sweeps lead to.

    Sixteen sweeps of all, then sweeps of what still moves, in the order of plain ones: a pixel's
    mean does not depend on how far the part goes, once it goes far enough.

    Parameters
    ----------
    model : IsingModel
        Of the part and its surroundings.
    start : ndarray, shape (H, W), float32
        The means to start from.
    left : int
        The column of the whole picture where the surroundings begin, even; so is their row.
    weight, tol, max_sweeps
        As of `MeanField`.
    """
    unheard = min(_UNHEARD, 0.8 / max(model.coupling.pull, 1e-9)) * tol
    with packed(model, False) as lattice:
        mean = lattice.pack(start, -1, 1)
        lattice.load_field()
        rows, moving = lattice.rows(np.float32), lattice.rows(np.int32)
        whole = min(_WHOLE, max_sweeps)
        for first in range(0, whole, _TOGETHER):
            count = min(_TOGETHER, whole - first)
            lattice.mean_field_blocks(mean, weight, tol, rows, moving, count)
        units, updates = lattice.settling(mean, left), whole * lattice.sites
        while units.waiting() and updates < max_sweeps * lattice.sites:
            check_deadline()
            updates += units.run(weight, unheard)
        lattice.mean_field_sweep(mean, mean, 0.0, tol, rows, moving)
        residual = float(rows.max())
        found = lattice.unpack(mean)
    labels = np.where(found >= 0, np.int8(1), np.int8(-1))
    return PartSolution(found, labels, updates, residual, residual <= tol)

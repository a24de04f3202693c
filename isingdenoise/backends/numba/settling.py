"""Sweeps over what still moves in a part of a picture, the same however the part was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._kernels import settling as kernels
from ..._kernels.settling import UNIT_COLUMNS, UNIT_ROWS

if TYPE_CHECKING:
    from .lattice import Lattice, Planes

__all__ = ["UNIT", "Settling"]

#: Rows and columns of a unit, in pixels.
UNIT = (2 * UNIT_ROWS, 2 * UNIT_COLUMNS)
_TOGETHER = 8  # sweeps while rows are in cache


class Settling:
    """Units of a lattice of means, all of them waiting at first.

    Parameters
    ----------
    lattice : Lattice
        The model, with one strength for each direction.
    mean : ndarray
        Packed means, changed in place.
    left : int
        The column of the whole picture that is the first of this part, even.
    """

    def __init__(self, lattice: Lattice, mean: Planes, left: int) -> None:
        self.lattice, self.mean = lattice, mean
        height, width = lattice.shape
        self.skew = left % UNIT[1] // 2
        rows, columns = -(-height // UNIT[0]), -(-(width + 2 * self.skew) // UNIT[1])
        phases = 2 if lattice.diagonal is None else 4
        self.dirty = np.zeros((phases, rows + 2, columns + 2), np.uint8)
        self.dirty[:, 1:-1, 1:-1] = 1
        self.drift = np.zeros((*self.dirty.shape, 5), np.float32)
        self._units = phases * rows * columns

    def run(self, weight: float, threshold: float) -> int:
        """Do eight sweeps over what waits; return about how many sites were updated."""
        updates = kernels.settle(
            self.mean, *self.lattice.parameters, np.float32(weight), np.float32(threshold),
            self.skew, _TOGETHER, self.dirty, self.drift,
        )  # fmt: skip
        return -(-int(updates) * self.lattice.sites // self._units)

    def waiting(self) -> bool:
        """Tell whether a unit waits for an update."""
        return bool(self.dirty[:, 1:-1, 1:-1].any())

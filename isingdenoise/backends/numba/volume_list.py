"""The work list of a volume: which parts of it still move, and sweeps over these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..._kernels import volume_tiles

if TYPE_CHECKING:
    from .volume import VolumeLattice

_WORD = 8  # flags that are looked at together


class VolumeList:
    """Packed means of a volume, and which of its units wait for an update.

    Parameters
    ----------
    lattice : VolumeLattice
        The model.
    mean : ndarray
        Packed means, changed in place.
    moved : ndarray of bool, shape (D + 2, 4, h)
        Rows that the last sweep moved: these wait, and those around them.
    """

    def __init__(
        self, lattice: VolumeLattice, mean: NDArray[np.float32], moved: NDArray[np.bool_]
    ) -> None:
        self._lattice, self._mean = lattice, mean
        depth, _, rows, columns = mean.shape
        across = -(-(columns - 2) // volume_tiles.UNIT_COLUMNS)
        self._units = (depth - 2) * (rows - 2) * across
        self._drift = np.zeros((depth, rows, across + 2), np.float32)
        self._waiting = np.zeros(-(-self._drift.size // _WORD) * _WORD, np.uint8)
        self._queue = np.zeros(self._units, np.int64)
        self._bits = np.zeros(self._units, np.int32)
        self._done = np.zeros(1, np.int64)
        around = np.max(moved, axis=1)
        for axis in (0, 1):  # the border is no part of the volume: what rolls over it is empty
            around = around | np.roll(around, 1, axis) | np.roll(around, -1, axis)
        self._wake(around)

    def wake(self, rows: NDArray[Any]) -> None:
        """Put on the list what lies in some rows, bools of shape (D + 2, 4, h)."""
        self._wake(np.max(rows, axis=1))

    def _wake(self, rows: NDArray[Any]) -> None:
        flags = self._waiting[: self._drift.size].reshape(self._drift.shape)
        flags[rows] = 1

    def waiting(self) -> bool:
        """Tell whether anything waits."""
        return bool(self._waiting.any())

    def visit(self, weight: float, threshold: float, rounds: int) -> int:
        """Sweep what waits, `rounds` times or until nothing does; return how many voxels.

        Parameters
        ----------
        weight : float
            Weight of the new value, in (0, 1.5].
        threshold : float
            Moves up to this size need not be heard of by neighbours.
        rounds : int
            How often, at most.
        """
        lattice = self._lattice
        lattice.run(
            volume_tiles.sweep_units, self._mean, *lattice.parameters,
            np.float32(weight), np.float32(threshold), rounds,
            self._waiting, self._drift, self._queue, self._bits, self._done,
        )  # fmt: skip
        voxels: int = int(self._done[0]) * lattice.sites // self._units
        return voxels

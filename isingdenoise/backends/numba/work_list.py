"""The work list of mean field: only what still moves is updated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._kernels import tiles

if TYPE_CHECKING:
    from .lattice import Lattice, Planes

#: Sites times rounds of one call: Ctrl-C is heard between two calls.
_AT_ONCE = 1 << 28


class WorkList:
    """Which units wait for an update, and which tiles hold them."""

    def __init__(self, lattice: Lattice, mean: Planes) -> None:
        self.lattice, self.mean = lattice, mean
        height, width = mean.shape[1] - 2, mean.shape[2] - 2
        units = (-(-height // tiles.UNIT_ROWS), -(-width // tiles.UNIT_COLUMNS))
        grid = (-(-units[0] // tiles.TILE_ROWS), -(-units[1] // tiles.TILE_COLUMNS))
        phases = 2 if lattice.diagonal is None else 4
        self.dirty = np.ones((phases, units[0] + 2, units[1] + 2), np.uint8)
        self.drift = np.zeros((*self.dirty.shape, 5), np.float32)
        self.active = np.ones((grid[0] + 2, grid[1] + 2), np.uint8)
        self.queue = np.empty(grid[0] * grid[1], np.int64)
        self.units = np.empty(grid, np.int64)

    def waiting(self) -> float:
        """Return the share of the tiles that wait."""
        return float(np.mean(self.active[1:-1, 1:-1]))

    def visit(self, weight: float, threshold: float, visits: int, rounds: int = 1) -> int:
        """Go through the list `rounds` times; return the site updates done."""
        units, at_once = 0, max(1, _AT_ONCE // self.lattice.sites)
        for done in range(0, rounds, at_once):
            self.lattice.run(
                tiles.sweep_tiles,
                self.mean,
                *self.lattice.parameters,
                np.float32(weight),
                np.float32(threshold),
                visits,
                min(at_once, rounds - done),
                self.dirty,
                self.drift,
                self.active,
                self.queue,
                self.units,
            )
            units += int(self.units.sum())
            if not self.active.any():
                break
        planes: int = 4 // self.dirty.shape[0]
        return units * planes * tiles.UNIT_ROWS * tiles.UNIT_COLUMNS

    def wake_rows(self, rows: Planes) -> None:
        """Mark all units of the packed rows for which `rows`, (4, h), holds."""
        first = np.flatnonzero(rows.any(axis=0)) - 1
        unit = first // tiles.UNIT_ROWS
        self.dirty[:, unit + 1, :] = 1
        self.active[unit // tiles.TILE_ROWS + 1, :] = 1

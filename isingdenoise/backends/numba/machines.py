"""Mean field in a Boltzmann machine over the packed lattice, hidden spins a tile at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..._kernels import convolution, hidden
from ...prior import Layer, Machine
from ...prior.machine import BEFORE, CELL, FOLD, INNER
from .lattice import Lattice
from .maps import Floats, Packed, frame_of, length_of, packed, zeros

_Place = tuple[int, int]

#: Cells of coarse hidden spins around a tile that it is computed with: one for the fine spins
#: that give its pixels their field, and one for what these take. Tiles begin at even cells, so
#: that the same pairs of rows are convolved together whatever their size.
_HALO = 2
_DAMPING = np.float32(0.5)


class Rounds:
    """A machine at the field and couplings of a picture, and its means.

    Pixels have a lattice whose field is what hidden spins give them; of these the coarse ones
    are kept from round to round, the fine ones made anew in each tile.

    Parameters
    ----------
    machine : Machine
        Its weights.
    lattice : Lattice
        The picture; its field and strengths are taken over.
    tile : int
        Side of a tile in pixels.
    """

    def __init__(self, machine: Machine, lattice: Lattice, tile: int) -> None:
        self.machine, self.lattice, self.parallel = machine, lattice, lattice.parallel
        self.side = max(1, -(-tile // (2 * CELL))) * 2  # in cells
        self.up = packed(machine.fine), packed(machine.coarse)
        self.down = (
            packed(_turned(machine.fine, machine.bias)), packed(_turned(machine.coarse, 0.0)),
        )  # fmt: skip
        channels = max(self.up[1].channels, self.down[1].channels)
        bands = 16 if self.parallel else 1
        self.scratch = np.zeros((bands, convolution.scratch_size(channels)), np.float32)
        self.shape: _Place = (0, 0)
        self.own = lattice.field.copy()
        self.mean = lattice.pack(np.tanh(lattice.model.field))
        self.before = self.mean.copy()
        self.rows = lattice.rows(np.float32), lattice.rows(np.int32)
        cells = machine.shapes(lattice.shape)[1]
        self.above: list[NDArray[np.float32]] = [np.zeros(cells, np.float32) for _ in range(2)]

    def start(self) -> None:
        """Sweep the pixels alone, with the model's own strengths."""
        for _ in range(BEFORE):
            self._sweep(_DAMPING)
        self.lattice.temper(1.0, self.machine.pull)

    def round(self, first: bool, last: bool) -> float:
        """Move hidden spins and pixels once, coarse spins not in the last round.

        Returns
        -------
        float
            By how much the means of pixels missed what their fields say, at most, before the
            last sweep.
        """
        old, new = self.above
        for begin, end in self._tiles(old.shape[1:]):
            self._tile(begin, end, None if first else old, None if last else new)
        self.above = [new, old]
        for _ in range(INNER):
            self._sweep(_DAMPING)
        if last:
            self._sweep(np.float32(1))
        return float(self.rows[0].max())

    def finish(self) -> NDArray[np.float32]:
        """Give the lattice back its own field and strengths; return the packed means."""
        self.lattice.temper(1.0, 1.0)
        return self.mean

    def _tile(self, begin: _Place, end: _Place, old: Floats | None, new: Floats | None) -> None:
        """Move the fine spins of a tile and its surroundings; from them, what lies in it."""
        cells = self.above[0].shape[1:]
        top, left = (max(0, cell - _HALO) for cell in begin)
        bottom, right = (min(side, cell + _HALO) for side, cell in zip(cells, end, strict=True))
        self._make_room(bottom - top, right - left)
        half, quarter = self.frames
        at = FOLD * top, FOLD * left
        run, lattice = self.lattice.run, self.lattice
        run(hidden.take_means, self.mean, *at, self.pixels, half)
        if old is not None:
            run(hidden.take_hidden, old, top, left, self.cells, quarter)
            self._convolve(self.cells, self.folded, self.down[1])
            run(hidden.unfold, self.folded, quarter, self.spins, half, len(self.up[0].bias))
        run(
            hidden.convolve_five, self.pixels, self.spins, half, *self.up[0],
            old is not None, True,
        )  # fmt: skip
        run(hidden.convolve_five, self.spins, self.pixels, half, *self.down[0], False, False)
        within = tuple(FOLD * cell for cell in begin), tuple(FOLD * cell for cell in end)
        run(
            hidden.give_field, self.pixels, half, *at, *within, self.own, lattice.shape,
            lattice.field,
        )  # fmt: skip
        if new is not None:
            run(hidden.fold, self.spins, half, self.folded, quarter, len(self.up[0].bias))
            self._convolve(self.folded, self.cells, self.up[1])
            run(hidden.keep_hidden, self.cells, quarter, top, left, begin, end, new)

    def _convolve(self, source: Floats, target: Floats, layer: Packed) -> None:
        """Run a layer of 3 x 3 at a quarter of the size."""
        self.lattice.run(
            convolution.convolve, source, target, self.frames[1], *layer, False, False,
            self.scratch,
        )  # fmt: skip

    def _sweep(self, weight: np.float32) -> None:
        """Move all pixels at once."""
        self.lattice.copy(self.before, self.mean)
        self.lattice.mean_field_sweep(self.mean, self.before, float(weight), math.inf, *self.rows)

    def _tiles(self, cells: tuple[int, ...]) -> Iterator[tuple[_Place, _Place]]:
        """Yield the first cell of each tile, and that beyond its last."""
        starts = [range(0, side, self.side) for side in cells]
        for top in starts[0]:
            for left in starts[1]:
                yield (
                    (top, left),
                    (min(top + self.side, cells[0]), min(left + self.side, cells[1])),
                )

    def _make_room(self, height: int, width: int) -> None:
        """Provide maps for a tile of so many cells, those of the last one where they fit."""
        if self.shape == (height, width):
            return
        self.shape = height, width
        half = frame_of(FOLD * height + 2, FOLD * width)  # a row more above and below
        quarter = frame_of(height, width)
        self.frames = half, quarter
        fine = len(self.up[0].bias)
        self.pixels = zeros(length_of(half, FOLD**2))
        self.spins = zeros(length_of(half, fine))
        self.folded = zeros(length_of(quarter, FOLD**2 * fine))
        self.cells = zeros(length_of(quarter, len(self.up[1].bias)))


def _turned(layer: Layer, bias: float) -> Layer:
    """Return the layer of the same couplings that leads the other way."""
    weight = np.ascontiguousarray(layer.weight[:, :, ::-1, ::-1].swapaxes(0, 1))
    return Layer(weight, np.full(len(weight), bias, np.float32))

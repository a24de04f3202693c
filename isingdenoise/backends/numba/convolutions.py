"""The convolutional network of a learned prior, run over a field in tiles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._kernels import convolution, resizing
from ..._kernels._jit import KernelPair
from ...prior import SHIFTS, STEP, Network
from .maps import Floats, frame_of, length_of, packed, zeros

_Place = tuple[int, int]


class Convolutions:
    """A network, and the memory that it needs for tiles of one size.

    Parameters
    ----------
    network : Network
        Its layers.
    tile : int
        Side of a tile in pixels, without the surroundings that it is computed from.
    parallel : bool
        Whether kernels run on threads.
    """

    def __init__(self, network: Network, tile: int, parallel: bool) -> None:
        self.network, self.parallel = network, parallel
        self.side = -(-tile // STEP) * STEP
        self.halo = network.halo
        self.layers = {name: packed(layer) for name, layer in network.layers.items()}
        widest = max(layer.channels for layer in self.layers.values())
        self.bands = 16 if parallel else 1
        self.scratch = np.zeros((self.bands, convolution.scratch_size(widest)), np.float32)
        self.shape: tuple[int, int] = (0, 0)

    def __call__(self, field: Floats, out: Floats, passes: int = 1) -> Iterator[int]:
        """Write a = h + f(h) tile by tile; yield the number of pixels of each.

        After the first pass over all tiles `out` is the answer of that pass; each further one
        has the grid of cells begin elsewhere, and `out` becomes the mean.

        Parameters
        ----------
        field : ndarray, shape (H, W), float32
            The field h.
        out : ndarray, shape (H, W), float32
            Out: half the log odds.
        passes : int, default 1
            How many of `SHIFTS` are averaged.
        """
        for number, shift in enumerate(SHIFTS[:passes], 1):
            for first, last in self._tiles(field.shape):
                self._pass(field, out, first, last, shift, np.float32(1 / number))
                yield (last[0] - first[0]) * (last[1] - first[1])

    def _pass(
        self,
        field: Floats,
        out: Floats,
        first: _Place,
        last: _Place,
        shift: _Place,
        share: np.float32,
    ) -> None:
        """Run the network over a tile and its surroundings, on a grid that begins earlier."""
        top, left = (max(0, start - self.halo) - by for start, by in zip(first, shift, strict=True))
        rows, columns = (
            min(end + self.halo + (STEP if by else 0), -(-(side + by) // 8) * 8) - by
            for end, side, by in zip(last, field.shape, shift, strict=True)
        )
        self._make_room(rows - top, columns - left)
        self._run(resizing.enter, field, top, left, self.entrance, self.frames[0])
        self._forward()
        self._run(
            resizing.leave, field, top, left, self.entrance, self.frames[0], first, last, share, out
        )  # fmt: skip

    def _tiles(self, shape: tuple[int, ...]) -> Iterator[tuple[_Place, _Place]]:
        """Yield where each tile begins and ends: as many as needed, and about equally large."""
        starts = []
        for side in shape:
            count = -(-side // self.side)
            step = -(-side // (count * STEP)) * STEP
            starts.append([(at, min(at + step, side)) for at in range(0, side, step)])
        for top, bottom in starts[0]:
            for left, right in starts[1]:
                yield (top, left), (bottom, right)

    def _make_room(self, height: int, width: int) -> None:
        """Provide maps with borders of zeros for a tile, those of the last one where they fit."""
        if self.shape == (height, width):
            return
        self.shape = (height, width)
        self.maps, self.between, self.entrance = [], [], zeros(0)  # given up before others come
        self.frames = [frame_of(height >> level, width >> level) for level in (1, 2, 3)]
        planes = self.network.planes
        lengths = [
            length_of(frame, channels) for frame, channels in zip(self.frames, planes, strict=True)
        ]
        self.maps = [zeros(length) for length in lengths]
        self.between = [zeros(length) for length in lengths]
        self.entrance = zeros(length_of(self.frames[0], 8))

    def _forward(self) -> None:
        """Run all layers from the entrance, and leave the answer there."""
        last = len(self.frames) - 1
        self._convolve("in", self.entrance, self.maps[0], 0)
        for level in range(last):
            self._block(f"enc{level}", level)
            self._resize(resizing.halve, f"down{level}", level, level + 1)
        for k in range(self.network.middle):
            self._block(f"mid{k}", last)
        for level in reversed(range(last)):
            self._resize(resizing.add_doubled, f"up{level}", level + 1, level)
            self._block(f"dec{level}", level)
        self._convolve("out", self.maps[0], self.entrance, 0)

    def _block(self, name: str, level: int) -> None:
        """Add to a map what two convolutions make of it."""
        x, between = self.maps[level], self.between[level]
        self._convolve(f"{name}.a", x, between, level, rectified=True)
        self._convolve(f"{name}.b", between, x, level, rectified=True, adding=True)

    def _convolve(
        self,
        name: str,
        source: Floats,
        target: Floats,
        level: int,
        *,
        rectified: bool = False,
        adding: bool = False,
    ) -> None:
        self._run(
            convolution.convolve, source, target, self.frames[level], *self.layers[name],
            rectified, adding, self.scratch,
        )  # fmt: skip

    def _resize(self, kernel: KernelPair, name: str, level: int, to: int) -> None:
        """Run a layer between two levels."""
        self._run(
            kernel, self.maps[level], self.frames[level], self.maps[to], self.frames[to],
            *self.layers[name], self.scratch,
        )  # fmt: skip

    def _run(self, kernel: KernelPair, *args: object) -> None:
        kernel(*args, parallel=self.parallel)

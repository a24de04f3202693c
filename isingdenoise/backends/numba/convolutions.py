"""The convolutional network of a learned prior, run over a field in tiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._kernels import convolution as kernels
from ...prior import SHIFTS, STEP, Layer, Network

_Floats = NDArray[np.float32]
_Place = tuple[int, int]
_ALIGNED = 16  # float32 in a cache line


class Packed(NamedTuple):
    """A layer as kernels take it."""

    channels: int
    weights: _Floats
    bias: _Floats


def _in_fours(layer: Layer) -> tuple[NDArray[np.float64], _Floats]:
    """Return weights and biases with channels of zeros added, so that they come in fours."""
    out, into = layer.weight.shape[:2]
    more, beyond = -out % 4, -into % 4
    weight = np.pad(layer.weight.astype(np.float64), ((0, more), (0, beyond), (0, 0), (0, 0)))
    return weight, np.pad(layer.bias, (0, more)).astype(np.float32)


def packed(layer: Layer) -> Packed:
    """Return a layer with its numbers in the order in which kernels read them."""
    weight, bias = _in_fours(layer)
    out, channels, height, width = weight.shape
    if height == 3:
        g0, g1, g2 = weight[:, :, 0], weight[:, :, 1], weight[:, :, 2]
        terms = np.stack([(g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g0, g2])
        groups = terms.reshape(4, out // 4, 4, channels, width).transpose(1, 0, 3, 4, 2)
    else:
        groups = weight.reshape(out // 4, 4, channels * height * width).transpose(0, 2, 1)
    return Packed(channels, np.ascontiguousarray(groups, np.float32).reshape(-1), bias)


def frame_of(height: int, width: int) -> tuple[int, int, int, int]:
    """Return the frame of a map: height, width, and the steps to the next row and channel."""
    stride = kernels.LEFT + -(-width // kernels.WIDE) * kernels.WIDE
    # an odd number of cache lines: channels must not all fall on the same place of the cache
    lines = -(-(height + 3) * stride // _ALIGNED) | 1
    return height, width, stride, lines * _ALIGNED


def length_of(frame: tuple[int, int, int, int], channels: int) -> int:
    """Return how many numbers a map takes; kernels read a little beyond its end."""
    return (channels + -channels % 4) * frame[3] + 4 * kernels.WIDE


def _zeros(count: int) -> _Floats:
    """Return zeros that begin with a cache line, as rows do then."""
    room = np.zeros(count + _ALIGNED, np.float32)
    first = -(room.ctypes.data // 4) % _ALIGNED
    return room[first : first + count]


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
        self.scratch = np.zeros((self.bands, kernels.scratch_size(widest)), np.float32)
        self.shape: tuple[int, int] = (0, 0)

    def __call__(self, field: _Floats, out: _Floats, passes: int = 1) -> Iterator[int]:
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
        field: _Floats,
        out: _Floats,
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
        self._run("enter", field, top, left, self.entrance, self.frames[0])
        self._forward()
        self._run(
            "leave", field, top, left, self.entrance, self.frames[0], first, last, share, out
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
        self.maps, self.between, self.entrance = [], [], _zeros(0)  # given up before others come
        self.frames = [frame_of(height >> level, width >> level) for level in (1, 2, 3)]
        planes = self.network.planes
        lengths = [
            length_of(frame, channels) for frame, channels in zip(self.frames, planes, strict=True)
        ]
        self.maps = [_zeros(length) for length in lengths]
        self.between = [_zeros(length) for length in lengths]
        self.entrance = _zeros(length_of(self.frames[0], 8))

    def _forward(self) -> None:
        """Run all layers from the entrance, and leave the answer there."""
        last = len(self.frames) - 1
        self._convolve("in", self.entrance, self.maps[0], 0)
        for level in range(last):
            self._block(f"enc{level}", level)
            self._resize("halve", f"down{level}", level, level + 1)
        for k in range(self.network.middle):
            self._block(f"mid{k}", last)
        for level in reversed(range(last)):
            self._resize("add_doubled", f"up{level}", level + 1, level)
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
        source: _Floats,
        target: _Floats,
        level: int,
        *,
        rectified: bool = False,
        adding: bool = False,
    ) -> None:
        self._run(
            "convolve", source, target, self.frames[level], *self.layers[name],
            rectified, adding, self.scratch,
        )  # fmt: skip

    def _resize(self, kernel: str, name: str, level: int, to: int) -> None:
        """Run a layer between two levels."""
        self._run(
            kernel, self.maps[level], self.frames[level], self.maps[to], self.frames[to],
            *self.layers[name], self.scratch,
        )  # fmt: skip

    def _run(self, kernel: str, *args: object) -> None:
        getattr(kernels, kernel)(*args, parallel=self.parallel)

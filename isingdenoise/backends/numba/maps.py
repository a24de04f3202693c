"""Layers and maps of convolutions as kernels take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._kernels import maps as kernels
from ...prior import Layer

Floats = NDArray[np.float32]
_ALIGNED = 16  # float32 in a cache line


class Packed(NamedTuple):
    """A layer as kernels take it."""

    channels: int
    weights: Floats
    bias: Floats


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


def _in_fours(layer: Layer) -> tuple[NDArray[np.float64], Floats]:
    """Return weights and biases with channels of zeros added, so that they come in fours."""
    out, into = layer.weight.shape[:2]
    more, beyond = -out % 4, -into % 4
    weight = np.pad(layer.weight.astype(np.float64), ((0, more), (0, beyond), (0, 0), (0, 0)))
    return weight, np.pad(layer.bias, (0, more)).astype(np.float32)


def frame_of(height: int, width: int) -> tuple[int, int, int, int]:
    """Return the frame of a map: height, width, and the steps to the next row and channel."""
    stride = kernels.LEFT + -(-width // kernels.WIDE) * kernels.WIDE
    # an odd number of cache lines: channels must not all fall on the same place of the cache
    lines = -(-(height + 3) * stride // _ALIGNED) | 1
    return height, width, stride, lines * _ALIGNED


def length_of(frame: tuple[int, int, int, int], channels: int) -> int:
    """Return how many numbers a map takes; kernels read a little beyond its end."""
    return (channels + -channels % 4) * frame[3] + 4 * kernels.WIDE


def zeros(count: int) -> Floats:
    """Return zeros that begin with a cache line, as rows do then."""
    room = np.zeros(count + _ALIGNED, np.float32)
    first = -(room.ctypes.data // 4) % _ALIGNED
    return room[first : first + count]

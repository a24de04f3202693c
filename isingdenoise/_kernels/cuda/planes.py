"""Pictures into planes on the card and back, in strips of rows; and sums of whole planes.

A strip holds an even number of rows, but for the last, and `first` is the number of its first
row in the picture. Planes are flat where it does not matter which site is which.
"""

from __future__ import annotations

import math

import numpy as np
from numba import cuda

from ._device import kernel

_f4, _i1, _u = np.float32, np.int8, np.uintp
_LIMIT = _f4(1)


@kernel
def zero(flat):
    """Set all to 0, borders too."""
    for j in range(cuda.grid(1), flat.size, cuda.gridsize(1)):
        flat[j] = 0


@kernel
def pack(strip, first, low, high, planes, strange):
    """Copy a strip of float32 into planes, clipped; `strange[0]` becomes 1 where it holds NaN."""
    height, width = strip.shape
    x = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if x < width:
        for row in range(cuda.blockIdx.y, height, cuda.gridDim.y):
            y = first + row
            value = strip[row, x]
            if math.isnan(value):
                strange[0] = 1
            planes[2 * (y & 1) + (x & 1), y // 2 + 1, x // 2 + 1] = min(max(value, low), high)


@kernel
def pack_signs(strip, first, planes, strange):
    """Write the signs of a strip of float32 into planes of int8, 0 being +1."""
    height, width = strip.shape
    x = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if x < width:
        for row in range(cuda.blockIdx.y, height, cuda.gridDim.y):
            y = first + row
            value = strip[row, x]
            if math.isnan(value):
                strange[0] = 1
            sign = _i1(1) if value >= 0 else _i1(-1)
            planes[2 * (y & 1) + (x & 1), y // 2 + 1, x // 2 + 1] = sign


@kernel
def unpack(planes, first, strip):
    """Copy planes into a strip of the same type."""
    height, width = strip.shape
    x = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if x < width:
        for row in range(cuda.blockIdx.y, height, cuda.gridDim.y):
            y = first + row
            strip[row, x] = planes[2 * (y & 1) + (x & 1), y // 2 + 1, x // 2 + 1]


@kernel
def signs(mean, shape, labels):
    """Write the signs of packed means into planes of int8; the border stays as it is."""
    x = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if x < shape[1]:
        for y in range(cuda.blockIdx.y, shape[0], cuda.gridDim.y):
            q, i, k = 2 * (y & 1) + (x & 1), y // 2 + 1, x // 2 + 1
            labels[q, i, k] = _i1(1) if mean[q, i, k] >= 0 else _i1(-1)


@kernel
def fold(total, mean, pending, folded):
    """Fold a sum of `pending` means into the mean of `folded` in all, and empty it; both flat."""
    for j in range(cuda.grid(1), total.size, cuda.gridsize(1)):
        mean[j] += (total[j] - mean[j] * pending) / folded
        total[j] = 0


@kernel
def clip(mean):
    """Clip flat means to [-1, 1]."""
    for j in range(cuda.grid(1), mean.size, cuda.gridsize(1)):
        mean[j] = min(max(mean[j], -_LIMIT), _LIMIT)


@kernel
def add(total, labels):
    """Add flat labels to a flat sum."""
    for j in range(cuda.grid(1), total.size, cuda.gridsize(1)):
        total[j] += _f4(labels[j])

"""The packed lattice: four planes, one for each parity of row and column.

Site (y, x) of an H x W picture lies in plane `2 (y % 2) + x % 2` at row
`y // 2 + 1` and column `x // 2 + 1`; a border of zeros one wide surrounds each
plane. Sites of one plane are never neighbours, not even diagonally, so a plane
is updated in any order, in one stride-1 loop without branches. The neighbours
of plane q all lie in the planes q ^ 1 (left, right), q ^ 2 (up, down) and
q ^ 3 (diagonals). Four neighbours need two colours, {0, 3} and {1, 2}; eight
need all four: visiting the planes in the order `PLANES` serves both.
"""

from __future__ import annotations

import numpy as np

from ._jit import inlined

#: The order in which a sweep visits the planes.
PLANES = (0, 3, 1, 2)

ONE = np.uintp(1)
_f4 = np.float32


def allocate(shape, dtype):
    """Return zeroed planes for a picture of `shape`, (4, H/2 + 2, W/2 + 2) rounded up."""
    height, width = shape
    return np.zeros((4, (height + 1) // 2 + 2, (width + 1) // 2 + 2), dtype)


def pack(image, dtype):
    """Copy an H x W array into planes of `dtype`."""
    planes = allocate(image.shape, dtype)
    for plane, part in _parts(planes, image):
        plane[...] = part
    return planes


def unpack(planes, out):
    """Copy planes back into the H x W array `out`."""
    for plane, part in _parts(planes, out):
        part[...] = plane
    return out


def _parts(planes, image):
    for q in range(4):
        part = image[q >> 1 :: 2, q & 1 :: 2]
        yield planes[q, 1 : 1 + part.shape[0], 1 : 1 + part.shape[1]], part


@inlined
def rows_of(q, height):
    """Return how many rows of an H x W picture lie in plane q."""
    return (height - (q >> 1) + 1) // 2


@inlined
def columns_of(q, width):
    """Return how many columns of an H x W picture lie in plane q."""
    return (width - (q & 1) + 1) // 2


@inlined
def neighbour_sum(side, above, below, above_d, below_d, k, shift, coupling, diagonal):
    """Return sum_j J_ij s_j over the neighbours of the site in column k + 1.

    Indices are unsigned: a signed one might be negative, which numba turns
    into a select of two addresses, and the compiler into a gather.

    Parameters
    ----------
    side, above, below, above_d, below_d : array, shape (columns + 2,), float32 or int8
        The rows of the planes q ^ 1, q ^ 2 and q ^ 3 that touch the site's row.
    k : uintp
        Column in the plane, from 0, without the border.
    shift : uintp
        Parity of the plane's columns: its left neighbours stand at k + shift.
    coupling : tuple of 2 float32
        Horizontal and vertical strength.
    diagonal : tuple of 2 float32 or None
        Strengths of diagonal (down right) and antidiagonal. None is known at
        compile time, so four neighbours pay nothing for the other four.
    """
    left = k + shift
    right = left + ONE
    here = k + ONE
    total = coupling[0] * (_f4(side[left]) + _f4(side[right]))
    total += coupling[1] * (_f4(above[here]) + _f4(below[here]))
    if diagonal is not None:
        total += diagonal[0] * (_f4(above_d[left]) + _f4(below_d[right]))
        total += diagonal[1] * (_f4(above_d[right]) + _f4(below_d[left]))
    return total

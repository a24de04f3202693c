"""The packed lattice of a volume: for each plane of it the four of a picture, one behind the other.

Voxel (z, y, x) of a D x H x W volume lies in the array (D + 2, 4, h, w) at number z + 1, and there
as pixel (y, x) of a picture does (`lattice`); numbers 0 and D + 1 are zero all over. The voxel
straight above or below has the same plane, row and column at the number beside it, so all loops
run over consecutive voxels and have no branches.

Which voxels are updated at once (a phase): with couplings straight up and down alone two, or four
with diagonals within planes, as of a picture; every other plane of the volume begins with the
other colour, so that a voxel's neighbours above and below are of another phase. Oblique couplings
between planes need eight: one of the four planes at even z, then at odd z, and so on.
"""

from __future__ import annotations

import numba
import numpy as np

from . import lattice
from ._jit import formula, inlined, inner, pair
from .functions import entropy, tanh
from .lattice import ONE, PLANES, columns_of, rows_of
from .objective import TOGETHER

_f4 = np.float32
_u = np.uintp
_TWO, _THREE = np.uintp(2), np.uintp(3)
_HALF = _f4(0.5)


# within a plane, by one thread: all planes are worked on at once
_pack, _unpack, _signs = lattice.pack.serial, lattice.unpack.serial, lattice.signs.serial


@pair
def pack(stack, low, high, packed, strange):
    """Copy a D x H x W array into planes, clipped to [low, high]; arguments as of `lattice.pack`.

    `strange` has shape (D, h).
    """
    for z in numba.prange(stack.shape[0]):
        _pack(stack[z], low, high, packed[z + 1], strange[z])


@pair
def unpack(packed, stack):
    """Copy planes back into the D x H x W array `stack` of the same type."""
    for z in numba.prange(stack.shape[0]):
        _unpack(packed[z + 1], stack[z])


@pair
def signs(mean, shape, labels):
    """Write the sign of each packed mean into packed labels; 0 is +1, the border stays 0."""
    for z in numba.prange(shape[0]):
        _signs(mean[z + 1], (shape[1], shape[2]), labels[z + 1])


@pair
def alone(field, mean):
    """Write tanh(h) of a packed field into packed means; the border is 0 as that of the field."""
    for z in numba.prange(field.shape[0]):
        for q in range(4):
            for i in range(field.shape[2]):
                for k in range(field.shape[3]):
                    mean[z, q, i, _u(k)] = tanh(field[z, q, i, _u(k)])


@inlined
def volume_sum(spins, z, q, i, k, along, diagonal, edges, corners):
    """Return sum_j J_ij s_j over the neighbours of a voxel.

    Parameters
    ----------
    spins : array, shape (D + 2, 4, h, w), float32 or int8
        Means or labels.
    z, q, i, k : uintp
        Where the voxel is, as of `lattice.neighbour_sum`, z from 1.
    along : tuple of 3 float32
        Horizontal and vertical strength, and that straight up and down.
    diagonal : tuple of 2 float32 or None
        Strengths of diagonal and antidiagonal. None is known at compile time, here and below.
    edges, corners : tuple of 4 float32 or None
        Strengths to the next plane by (dy, dx): (0, 1), (0, -1), (1, 0), (-1, 0), and
        (1, 1), (1, -1), (-1, 1), (-1, -1).
    """
    up = i - ONE + (q >> ONE & ONE)
    down = up + ONE
    here = k + ONE
    left = k + (q & ONE)
    right = left + ONE
    side, above, far = q ^ ONE, q ^ _TWO, q ^ _THREE
    back, on = z - ONE, z + ONE
    total = along[0] * (_f4(spins[z, side, i, left]) + _f4(spins[z, side, i, right]))
    total += along[1] * (_f4(spins[z, above, up, here]) + _f4(spins[z, above, down, here]))
    total += along[2] * (_f4(spins[back, q, i, here]) + _f4(spins[on, q, i, here]))
    if diagonal is not None:
        total += diagonal[0] * (_f4(spins[z, far, up, left]) + _f4(spins[z, far, down, right]))
        total += diagonal[1] * (_f4(spins[z, far, up, right]) + _f4(spins[z, far, down, left]))
    if edges is not None:
        total += edges[0] * (_f4(spins[on, side, i, right]) + _f4(spins[back, side, i, left]))
        total += edges[1] * (_f4(spins[on, side, i, left]) + _f4(spins[back, side, i, right]))
        total += edges[2] * (_f4(spins[on, above, down, here]) + _f4(spins[back, above, up, here]))
        total += edges[3] * (_f4(spins[on, above, up, here]) + _f4(spins[back, above, down, here]))
    if corners is not None:
        total += corners[0] * (_f4(spins[on, far, down, right]) + _f4(spins[back, far, up, left]))
        total += corners[1] * (_f4(spins[on, far, down, left]) + _f4(spins[back, far, up, right]))
        total += corners[2] * (_f4(spins[on, far, up, right]) + _f4(spins[back, far, down, left]))
        total += corners[3] * (_f4(spins[on, far, up, left]) + _f4(spins[back, far, down, right]))
    return total


@inlined
def phases_of(along, diagonal, edges, corners):
    """Return how many phases a sweep has: 2, 4 or 8."""
    if edges is not None:
        return 8
    return 2 if diagonal is None else 4


@inlined
def turn_of(phase, part, z, shift, along, diagonal, edges, corners):
    """Return which of the four planes at z is updated in a phase, 4 for none.

    Parameters
    ----------
    phase : int
        From 0.
    part : int
        0 or 1: a phase of two has two planes.
    z : int
        From 1.
    shift : int
        0 where planes of the volume are not coupled: then they are swept as pictures are. Else 1.
    along, diagonal, edges, corners
        As of `volume_sum`.
    """
    if edges is not None:
        mine = part == 0 and (z - 1) & 1 == phase & 1
        return PLANES[phase >> 1] if mine else 4
    if diagonal is not None:
        return PLANES[(phase + 2 * shift * (z - 1)) & 3] if part == 0 else 4
    return PLANES[2 * ((phase + shift * (z - 1)) & 1) + part]


@formula
def voxel_row(number, rows):
    """Return z from 1 and row from 1 of the number-th row of all planes."""
    return number // rows + 1, number % rows + 1


@inlined
def _part(spins, field, z, q, i, first, end, along, diagonal, edges, corners, entropies):
    """Sum the share of the voxels in columns first to end - 1 of a row."""
    total = _f4(0)
    for column in range(first, end):
        k = _u(column)
        here = k + ONE
        s = _f4(spins[z, q, i, here])
        # Each edge is met from both its ends, hence the half.
        pull = _HALF * volume_sum(spins, z, q, i, k, along, diagonal, edges, corners)
        total += s * (pull + field[z, q, i, here])
        if entropies is not None:
            total += entropy(s)
    return total


@inner
def _row(spins, field, z, q, i, n, along, diagonal, edges, corners, entropies):
    """Sum a row's share of the objective."""
    total = 0.0
    for first in range(0, n, TOGETHER):
        end = min(first + TOGETHER, n)
        total += np.float64(
            _part(spins, field, z, q, i, first, end, along, diagonal, edges, corners, entropies)
        )
    return total


@pair
def objective(spins, field, shape, along, diagonal, edges, corners, entropies, rows):
    """Write sum_i s_i (sum_j J_ij s_j / 2 + h_i) [+ H((1 + s_i) / 2)] of each row into `rows`.

    The sum over the rows is minus the energy of labels or, with entropies, the evidence lower
    bound of means less the model's offset.

    Parameters
    ----------
    spins : array, shape (D + 2, 4, h, w), int8 or float32
        Labels or means.
    field : array, shape (D + 2, 4, h, w), float32
        The field h_i.
    shape : tuple of int
        (D, H, W) of the volume.
    along, diagonal, edges, corners
        Strengths as of `volume_sum`.
    entropies : True or None
        Whether to add the entropies.
    rows : array, shape (D + 2, 4, h), float64
        Out.
    """
    height = (shape[1] + 1) // 2
    for number in numba.prange(shape[0] * height):
        z, i = voxel_row(number, height)
        for q in range(4):
            if i <= rows_of(q, shape[1]):
                n = columns_of(q, shape[2])
                rows[z, q, i] = _row(
                    spins, field, _u(z), _u(q), _u(i), n, along, diagonal, edges, corners, entropies
                )

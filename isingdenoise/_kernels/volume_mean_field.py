"""Mean-field sweeps over the packed volume."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .functions import entropy, tanh_unbounded
from .lattice import ONE, columns_of, rows_of
from .objective import TOGETHER
from .volume import phases_of, turn_of, volume_sum, voxel_row

_f4 = np.float32
_i4 = np.int32
_u = np.uintp
_LIMIT = _f4(1)
_HALF = _f4(0.5)


@inner
def _update_row(new, mean, field, z, q, i, n, along, diagonal, edges, corners, weight):
    """Move a row towards tanh(a); return the bits of the largest |tanh(a) - mean|.

    Bits of floats that are not negative order like integers, and an integer maximum vectorises.
    """
    largest = _i4(0)
    for column in range(n):
        k = _u(column)
        here = k + ONE
        a = field[z, q, i, here] + volume_sum(mean, z, q, i, k, along, diagonal, edges, corners)
        step = tanh_unbounded(a) - new[z, q, i, here]
        new[z, q, i, here] = min(max(new[z, q, i, here] + weight * step, -_LIMIT), _LIMIT)
        largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@pair
def sweep(new, mean, field, shape, along, diagonal, edges, corners, shift, weight, residual):
    """Update every voxel of `new` once, with the neighbours taken from `mean`.

    With `new` and `mean` the same array this is a sweep of coordinate ascent, phase by phase;
    with `new` a copy of `mean` a Jacobi sweep; with weight 0 it changes nothing.

    Parameters
    ----------
    new, mean : array, shape (D + 2, 4, h, w), float32
        Means, changed in place, and the neighbours'.
    field : array, shape (D + 2, 4, h, w), float32
        The field h_i.
    shape : tuple of int
        (D, H, W) of the volume.
    along, diagonal, edges, corners, shift
        Strengths as of `volume_sum`, and as of `turn_of`.
    weight : float32
        Weight of the new value, in [0, 1.5]; means stay in [-1, 1].
    residual : array, shape (D + 2, 4, h), float32
        Out: the largest |tanh(a) - mean| met in each row, before its update.
    """
    bits = residual.view(np.int32)
    height = (shape[1] + 1) // 2
    for phase in range(phases_of(along, diagonal, edges, corners)):
        for number in numba.prange(shape[0] * height):
            z, i = voxel_row(number, height)
            for part in range(2):
                q = turn_of(phase, part, z, shift, along, diagonal, edges, corners)
                if q < 4 and i <= rows_of(q, shape[1]):
                    bits[z, q, i] = _update_row(
                        new, mean, field, _u(z), _u(q), _u(i), columns_of(q, shape[2]),
                        along, diagonal, edges, corners, weight,
                    )  # fmt: skip


@inner
def _update_plane(
    mean, field, shape, along, diagonal, edges, corners, shift, weight, phase, z, bits
):
    """Update what belongs to a phase at z."""
    for part in range(2):
        q = turn_of(phase, part, z, shift, along, diagonal, edges, corners)
        if q < 4:
            n = columns_of(q, shape[2])
            for i in range(1, rows_of(q, shape[1]) + 1):
                bits[z, q, i] = _update_row(
                    mean,
                    mean,
                    field,
                    _u(z),
                    _u(q),
                    _u(i),
                    n,
                    along,
                    diagonal,
                    edges,
                    corners,
                    weight,
                )


@inner
def _wavefront(
    mean, field, shape, along, diagonal, edges, corners, shift, weight, bits,
    top, bottom, narrowing, widening, stages,
):  # fmt: skip
    """Run all stages over a slab, each one plane behind the one before.

    Stage t takes the planes from top + t narrowing to bottom - t widening: it needs its
    neighbours' planes from stage t - 1, and these must not be further.
    """
    phases = phases_of(along, diagonal, edges, corners)
    for front in range(top - stages, bottom + 2 * stages):
        for t in range(stages):
            z = front - t
            if top + t * narrowing <= z < bottom - t * widening:
                _update_plane(
                    mean,
                    field,
                    shape,
                    along,
                    diagonal,
                    edges,
                    corners,
                    shift,
                    weight,
                    t % phases,
                    z,
                    bits,
                )


@pair
def blocked_sweeps(
    mean, field, shape, along, diagonal, edges, corners, shift, weight, residual, sweeps, slabs
):
    """Do several sweeps while planes are in cache.

    The means come out bit for bit as from so many calls of `sweep`: slabs of planes are swept as
    far as their own planes allow, which leaves a wedge between two slabs, and then the wedges are
    filled. Memory is passed over once or twice, whatever the number of sweeps.

    Parameters
    ----------
    mean, field, shape, along, diagonal, edges, corners, shift, weight
        As for `sweep`; `mean` is changed in place.
    residual : array, shape (D + 2, 4, h), float32
        As for `sweep`, of the last of the sweeps.
    sweeps : int
        How many.
    slabs : int
        Into how many parts the volume is cut, each at least twice as high as there are stages
        (phases of all sweeps).
    """
    bits = residual.view(np.int32)
    stages = sweeps * phases_of(along, diagonal, edges, corners)
    for wedges in range(2):
        # slabs narrow towards later sweeps, and wedges widen from nothing
        for k in numba.prange(wedges, slabs):
            top = 1 + k * shape[0] // slabs
            bottom = top if wedges else 1 + (k + 1) * shape[0] // slabs
            narrowing = -1 if wedges else int(k > 0)
            widening = -1 if wedges else int(k < slabs - 1)
            _wavefront(
                mean, field, shape, along, diagonal, edges, corners, shift, weight, bits,
                top, bottom, narrowing, widening, stages,
            )  # fmt: skip


@inner
def _look_at_row(mean, field, z, q, i, n, along, diagonal, edges, corners):
    """Return the bits of a row's largest |tanh(a) - mean|, and its share of the bound."""
    largest = _i4(0)
    bound = 0.0
    for first in range(0, n, TOGETHER):
        part = _f4(0)
        for column in range(first, min(first + TOGETHER, n)):
            k = _u(column)
            here = k + ONE
            m = mean[z, q, i, here]
            pull = volume_sum(mean, z, q, i, k, along, diagonal, edges, corners)
            step = tanh_unbounded(field[z, q, i, here] + pull) - m
            largest = max(largest, _f4(abs(step)).view(np.int32))
            # Each edge is met from both its ends, hence the half.
            part += m * (_HALF * pull + field[z, q, i, here]) + entropy(m)
        bound += np.float64(part)
    return largest, bound


@pair
def look(mean, field, shape, along, diagonal, edges, corners, residual, bound):
    """Find residual and bound of a state in one pass, and change nothing.

    Parameters
    ----------
    mean, field, shape, along, diagonal, edges, corners
        As for `sweep`.
    residual : array, shape (D + 2, 4, h), float32
        Out: the largest |tanh(a) - mean| of each row.
    bound : array, shape (D + 2, 4, h), float64
        Out: each row's share of the evidence lower bound, as of `objective`.
    """
    bits = residual.view(np.int32)
    height = (shape[1] + 1) // 2
    for number in numba.prange(shape[0] * height):
        z, i = voxel_row(number, height)
        for q in range(4):
            if i <= rows_of(q, shape[1]):
                bits[z, q, i], bound[z, q, i] = _look_at_row(
                    mean, field, _u(z), _u(q), _u(i), columns_of(q, shape[2]),
                    along, diagonal, edges, corners,
                )  # fmt: skip

"""Mean-field sweeps over the packed lattice."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .functions import entropy, tanh_unbounded
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of
from .objective import TOGETHER

_f4 = np.float32
_i4 = np.int32
_LIMIT = _f4(1)
_HALF = _f4(0.5)


@inner
def _update_row(new, mean, field, q, i, n, coupling, diagonal, weight, threshold):
    """Move row i of plane q towards tanh(a), both numbers unsigned.

    Returns the bits of the largest |tanh(a) - mean|, and at how many sites it
    was beyond `threshold`.

    Bits of non-negative floats order like integers, and an integer maximum
    vectorises where a float maximum does not. NaN comes out largest of all.
    All that is summed has 32 bits: with one wider sum in it, the loop would take
    half as many sites at a time.
    """
    largest = _i4(0)
    moving = _i4(0)
    for column in range(n):
        k = np.uintp(column)
        here = k + ONE
        a = field[q, i, here] + neighbour_sum(mean, q, i, k, coupling, diagonal)
        step = tanh_unbounded(a) - new[q, i, here]
        new[q, i, here] = min(max(new[q, i, here] + weight * step, -_LIMIT), _LIMIT)
        largest = max(largest, _f4(abs(step)).view(np.int32))
        moving = _i4(moving + _i4(abs(step) > threshold))
    return largest, moving


@pair
def sweep(new, mean, field, shape, coupling, diagonal, weight, threshold, residual, moving):
    """Update every site of `new` once, with the neighbours taken from `mean`.

    With `new` and `mean` the same array this is a checkerboard sweep; with
    `new` a copy of `mean` a Jacobi sweep; with weight 0 it changes nothing
    and `residual` is that of `mean` as it stands.

    Parameters
    ----------
    new : array, shape (4, h, w), float32
        Means, changed in place.
    mean : array, shape (4, h, w), float32
        The neighbours' means: `new` itself, or another array.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    weight : float32
        Weight of the new value, in [0, 1.5]; means stay in [-1, 1].
    threshold : float32
        Which sites count as moving.
    residual : array, shape (4, h), float32
        Out: the largest |tanh(a) - mean| met in each row, before its update.
    moving : array, shape (4, h), int32
        Out: at how many sites of the row it was beyond `threshold`.
    """
    bits = residual.view(np.int32)
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            bits[q, i], moving[q, i] = _update_row(
                new, mean, field, np.uintp(q), np.uintp(i), n,
                coupling, diagonal, weight, threshold,
            )  # fmt: skip


#: Rows of a strip, whose sweeps are all done while its rows are in cache.
STRIP = 64


@inner
def _update_phase(
    mean, field, shape, phase, i, coupling, diagonal, weight, threshold, bits, moving
):  # fmt: skip
    """Update row i of the planes of one phase; write the row's numbers."""
    for plane in range(2 if diagonal is None else 1):
        q = PLANES[(2 * phase if diagonal is None else phase) + plane]
        if i <= rows_of(q, shape[0]):
            bits[q, i], moving[q, i] = _update_row(
                mean, mean, field, np.uintp(q), np.uintp(i), columns_of(q, shape[1]),
                coupling, diagonal, weight, threshold,
            )  # fmt: skip


@inner
def _wavefront(
    mean, field, shape, coupling, diagonal, weight, threshold, bits, moving,
    top, bottom, narrowing, widening, stages,
):  # fmt: skip
    """Run all stages over a strip, each one row behind the one before.

    Stage t takes the rows from top + t narrowing to bottom - t widening: it
    needs its neighbours' rows from stage t - 1, and these must not be further.
    """
    phases = 2 if diagonal is None else 4
    for front in range(top - stages, bottom + 2 * stages):
        for t in range(stages):
            i = front - t
            if top + t * narrowing <= i < bottom - t * widening:
                _update_phase(
                    mean, field, shape, t % phases, i, coupling, diagonal,
                    weight, threshold, bits, moving,
                )  # fmt: skip


@pair
def blocked_sweeps(
    mean, field, shape, coupling, diagonal, weight, threshold, residual, moving, sweeps
):
    """Do several checkerboard sweeps while the rows are in cache.

    The means come out bit for bit as from so many calls of `sweep`: strips of
    rows are swept as far as their own rows allow, which leaves a wedge between
    two strips, and then the wedges are filled. Memory is passed over once or
    twice, whatever the number of sweeps.

    Parameters
    ----------
    mean, field, shape, coupling, diagonal, weight, threshold
        As for `sweep`; `mean` is changed in place.
    residual, moving
        As for `sweep`, of the last of the sweeps.
    sweeps : int
        How many, so that a strip is at least twice as high as it has stages.
    """
    bits = residual.view(np.int32)
    stages = sweeps * (2 if diagonal is None else 4)
    rows = (shape[0] + 1) // 2
    strips = max(1, rows // STRIP)
    for wedges in range(2):
        # strips narrow towards later sweeps, and wedges widen from nothing
        for k in numba.prange(wedges, strips):
            top = 1 + k * rows // strips
            bottom = top if wedges else 1 + (k + 1) * rows // strips
            narrowing = -1 if wedges else int(k > 0)
            widening = -1 if wedges else int(k < strips - 1)
            _wavefront(
                mean, field, shape, coupling, diagonal, weight, threshold, bits, moving,
                top, bottom, narrowing, widening, stages,
            )  # fmt: skip


@inner
def _look_at_row(mean, field, q, i, n, coupling, diagonal):
    """Return the bits of a row's largest |tanh(a) - mean|, and its share of the bound."""
    largest = _i4(0)
    bound = 0.0
    for first in range(0, n, TOGETHER):
        part = _f4(0)
        for column in range(first, min(first + TOGETHER, n)):
            k = np.uintp(column)
            here = k + ONE
            m = mean[q, i, here]
            pull = neighbour_sum(mean, q, i, k, coupling, diagonal)
            step = tanh_unbounded(field[q, i, here] + pull) - m
            largest = max(largest, _f4(abs(step)).view(np.int32))
            # Each edge is met from both its ends, hence the half.
            part += m * (_HALF * pull + field[q, i, here]) + entropy(m)
        bound += np.float64(part)
    return largest, bound


@pair
def look(mean, field, shape, coupling, diagonal, residual, bound):
    """Find residual and bound of a state in one pass, and change nothing.

    Parameters
    ----------
    mean, field, shape, coupling, diagonal
        As for `sweep`.
    residual : array, shape (4, h), float32
        Out: the largest |tanh(a) - mean| of each row.
    bound : array, shape (4, h), float64
        Out: each row's share of the evidence lower bound, as of `objective`.
    """
    bits = residual.view(np.int32)
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            bits[q, i], bound[q, i] = _look_at_row(
                mean, field, np.uintp(q), np.uintp(i), n, coupling, diagonal
            )

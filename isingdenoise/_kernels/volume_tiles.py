"""Mean field of a volume by a work list: only what still moves is updated.

After ten sweeps most voxels rest, while the slowest need hundreds of sweeps (`tiles` says more, of
pictures). The volume is cut into units of `UNIT_COLUMNS` columns of one packed row, in all four
planes. A unit waits for an update when one that touches it, or itself, has drifted by more than
`threshold` since it last said so; drifts of small moves add up, so that no voxel is ever further
from its fixed point than sum_j |J_ij| threshold plus what rounding leaves. Waiting units are swept
phase by phase, as all voxels are in a whole sweep: the result is the same, bit for bit, for any
number of threads.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import tanh_unbounded
from .lattice import ONE, columns_of, rows_of
from .volume import phases_of, turn_of, volume_sum

_f4 = np.float32
_i4 = np.int32
_u = np.uintp
_LIMIT = _f4(1)

#: Columns of a unit, of one of the four planes.
UNIT_COLUMNS = 64


@inner
def _update_part(
    mean, field, z, q, i, start, n, along, diagonal, edges, corners, weight
):  # fmt: skip
    """Move n voxels of a row; return the bits of the largest |tanh(a) - mean|."""
    largest = _i4(0)
    for column in range(n):
        k = start + _u(column)
        here = k + ONE
        a = field[z, q, i, here] + volume_sum(mean, z, q, i, k, along, diagonal, edges, corners)
        step = tanh_unbounded(a) - mean[z, q, i, here]
        mean[z, q, i, here] = min(max(mean[z, q, i, here] + weight * step, -_LIMIT), _LIMIT)
        largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@inlined
def _place(number, units):
    """Return z, row and column of a unit, the latter from 1."""
    row, c = number // units.shape[2], number % units.shape[2]
    return row // units.shape[1], row % units.shape[1], c


@inner
def _update_unit(
    mean, field, shape, along, diagonal, edges, corners, shift, weight, phase, number, drift
):  # fmt: skip
    """Update what belongs to a phase; return the bits of the largest step."""
    z, i, c = _place(number, drift)
    start = (c - 1) * UNIT_COLUMNS
    bits = _i4(0)
    for part in range(2):
        q = turn_of(phase, part, z, shift, along, diagonal, edges, corners)
        if q < 4 and i <= rows_of(q, shape[1]):
            n = min(UNIT_COLUMNS, columns_of(q, shape[2]) - start)
            moved = _update_part(
                mean, field, _u(z), _u(q), _u(i), _u(start), n,
                along, diagonal, edges, corners, weight,
            )  # fmt: skip
            bits = max(bits, moved)
    return bits


@inner
def _queue_up(waiting, queue, drift, depth, rows):
    """Write the numbers of the waiting units into `queue` and strike them off; return how many."""
    count = 0
    eights = waiting.view(np.uint64)
    for word in range(eights.size):
        if eights[word] == 0:
            continue
        for number in range(8 * word, 8 * word + 8):
            if waiting[number]:
                waiting[number] = 0
                z, i, c = _place(number, drift)
                # what lies on the border was only told of
                if 1 <= z <= depth and 1 <= i <= rows and 1 <= c < drift.shape[2] - 1:
                    queue[count] = number
                    count += 1
    return count


@inner
def _tell(number, bits, weight, threshold, drift, waiting):
    """Add a unit's move to its drift; wake it, or all around it, where that is large."""
    z, i, c = _place(number, drift)
    step = _i4(bits).view(np.float32)
    # with a weight other than 1 a voxel does not land on its fixed point
    if abs(_LIMIT - weight) * step > threshold:
        waiting[number] = 1
    drift[z, i, c] += weight * step
    if drift[z, i, c] > threshold:
        drift[z, i, c] = 0
        for a in range(z - 1, z + 2):
            for b in range(i - 1, i + 2):
                first = (a * drift.shape[1] + b) * drift.shape[2] + c
                waiting[first - 1] = waiting[first] = waiting[first + 1] = 1


@pair
def sweep_units(
    mean, field, shape, along, diagonal, edges, corners, shift, weight, threshold, rounds,
    waiting, drift, queue, bits, done,
):  # fmt: skip
    """Sweep the units on the work list, `rounds` times or until none waits.

    Parameters
    ----------
    mean, field, shape, along, diagonal, edges, corners, shift, weight
        As of `volume_mean_field.sweep`; `mean` is changed in place.
    threshold : float32
        Moves of a voxel up to this size need not be heard of by its neighbours.
    rounds : int
        How often the list is gone through, at most.
    waiting : array, shape (units and some, a multiple of 8,), uint8
        The work list: units that wait for an update, as `drift` numbers them.
    drift : array, shape (D + 2, h, units of a row + 2), float32
        Moves not told of yet.
    queue : array, shape (units,), int64
        Scratch.
    bits : array, shape (units,), int32
        Scratch.
    done : array, shape (1,), int64
        Out: units updated, all rounds together.
    """
    done[0] = 0
    for _ in range(rounds):
        count = _queue_up(waiting, queue, drift, shape[0], (shape[1] + 1) // 2)
        done[0] += count
        if count == 0:
            break
        for j in range(count):
            bits[j] = 0
        for phase in range(phases_of(along, diagonal, edges, corners)):
            for j in numba.prange(count):
                bits[j] = max(
                    bits[j],
                    _update_unit(
                        mean, field, shape, along, diagonal, edges, corners, shift, weight,
                        phase, queue[j], drift,
                    ),
                )  # fmt: skip
        # that two of them may write the same 1 does no harm
        for j in numba.prange(count):
            _tell(queue[j], bits[j], weight, threshold, drift, waiting)

"""Mean field in checkerboard sweeps over those parts of a picture alone that still move.

Units of `UNIT_ROWS` x `UNIT_COLUMNS` sites of one phase wait for an update while a neighbour has
drifted by more than a threshold since they last heard of it, as on the work list of `tiles`. That
list lets one tile run ahead of the others, and which of several fixed points a place falls into
depends on where the tiles lie. Here each sweep goes over all units that wait, colour by colour, as
`mean_field.sweep` does, and units lie where they lie in the picture that a part is cut from:
what happens in a part does not depend on how it was cut, but near its edges.

Several sweeps are done while rows are in cache: stage t of a row follows when the row below has
done stage t - 1, so that the order of updates is the same as of one sweep after the other.
"""

from __future__ import annotations

import numpy as np

from ._jit import inner, kernel
from .lattice import ONE, columns_of, rows_of
from .tiles import (
    ALL,
    EAST,
    NORTH,
    SOUTH,
    WEST,
    _told,
    _update_row,
    _wake_neighbours,
)

_f4 = np.float32
_i4 = np.int32
_u = np.uintp
_THREE = np.uintp(3)

#: Size of a unit in sites of one plane, chosen by measurement: 4 x 128 pixels. Half as wide as
#: those of `tiles`, since here fewer wait.
UNIT_ROWS = 2
UNIT_COLUMNS = 64


@inner
def _update_unit(
    mean, field, shape, phase, row, column, skew, coupling, diagonal, weight, drift
):  # fmt: skip
    """Update one unit and add its moves to its drifts; return its largest step."""
    y, x = _u(row) + ONE, _u(column) + ONE
    first = max(column * UNIT_COLUMNS - skew, 0)
    end = min((column + 1) * UNIT_COLUMNS - skew, mean.shape[2] - 2)
    start = _u(first)
    west, east = start + ONE, _u(end)
    top = row * UNIT_ROWS + 1
    bottom = min(top + UNIT_ROWS, mean.shape[1] - 1) - 1
    largest = west_move = east_move = _f4(0)
    for i in range(top, bottom + 1):
        u = _u(i)
        bits = _i4(0)
        for plane in range(2 if diagonal is None else 1):
            q = _u(phase) ^ (_THREE * _u(plane))
            w, e = mean[q, u, west], mean[q, u, east]
            if i <= rows_of(np.intp(q), shape[0]):
                n = min(end, columns_of(np.intp(q), shape[1])) - first
                moved = _update_row(mean, field, q, u, start, n, coupling, diagonal, weight)
                bits = max(bits, moved)
            west_move = max(west_move, abs(mean[q, u, west] - w))
            east_move = max(east_move, abs(mean[q, u, east] - e))
        step = _i4(bits).view(np.float32)
        largest = max(largest, step)
        if i == top:
            drift[_u(phase), y, x, NORTH] += weight * step
        if i == bottom:
            drift[_u(phase), y, x, SOUTH] += weight * step
    drift[_u(phase), y, x, ALL] += weight * largest
    drift[_u(phase), y, x, WEST] += west_move
    drift[_u(phase), y, x, EAST] += east_move
    return largest


@inner
def _stage(
    mean, field, shape, coupling, diagonal, weight, threshold, phase, row, skew, dirty, drift
):  # fmt: skip
    """Update the waiting units of one phase in a row of units; return how many."""
    count = 0
    q, y = _u(phase), _u(row) + ONE
    for column in range(dirty.shape[2] - 2):
        x = _u(column) + ONE
        if dirty[q, y, x] == 0:
            continue
        count += 1
        largest = _update_unit(
            mean, field, shape, phase, row, column, skew, coupling, diagonal, weight, drift
        )  # fmt: skip
        # with a weight below 1 a site does not land on its fixed point
        dirty[q, y, x] = (1 - weight) * largest > threshold
        if drift[q, y, x, ALL] <= threshold:
            continue
        drift[q, y, x, ALL] = 0
        n = _told(drift, q, y, x, NORTH, threshold)
        s = _told(drift, q, y, x, SOUTH, threshold)
        w = _told(drift, q, y, x, WEST, threshold)
        e = _told(drift, q, y, x, EAST, threshold)
        _wake_neighbours(dirty, phase, row, column, n, s, w, e, diagonal)
    return count


@kernel
def settle(
    mean, field, shape, coupling, diagonal, weight, threshold, skew, sweeps, dirty, drift
):  # fmt: skip
    """Do several sweeps over the units that wait; return how many were updated.

    Parameters
    ----------
    mean, field : array, shape (4, h, w), float32
        Means, changed in place, and the field.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    weight : float32
        Weight of the new value, in (0, 1].
    threshold : float32
        Moves of a site up to this size need not be heard of by its neighbours.
    skew : int
        How many columns of a plane the first unit of a row lacks.
    sweeps : int
        How many sweeps are done.
    dirty : array, shape (phases, unit rows + 2, unit columns + 2), uint8
        Units that wait for an update, in the phases {0, 3} and {1, 2} or, with diagonals, one for
        each plane; changed in place.
    drift : array, shape (phases, unit rows + 2, unit columns + 2, 5), float32
        Moves not heard of yet; changed in place.
    """
    updates = 0
    rows = dirty.shape[1] - 2
    phases = 2 if diagonal is None else 4
    stages = phases * sweeps
    for front in range(rows + stages - 1):
        for t in range(max(0, front - rows + 1), min(stages, front + 1)):
            # in the order of `lattice.PLANES`
            turn = t % phases
            phase = turn if diagonal is None else (0, 3, 1, 2)[turn]
            updates += _stage(
                mean, field, shape, coupling, diagonal, weight, threshold, phase, front - t, skew,
                dirty, drift,
            )  # fmt: skip
    return updates

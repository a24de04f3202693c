"""Mean field by a work list: only what still moves is updated.

Convergence is local. After ten sweeps over a noisy page fewer than one site in
a hundred moves by more than the tolerance, while the slowest needs hundreds of
sweeps. The planes are therefore cut into units of `UNIT_ROWS` x `UNIT_COLUMNS`
sites. A unit is dirty, and waits for an update, when a neighbour has drifted by
more than `threshold` since the unit last heard of it; the drifts of small moves
add up, so no site is ever further from its fixed point than
sum_j |J_ij| * threshold plus what rounding leaves.

A phase is what may be updated at once: the planes {0, 3} or {1, 2} for four
neighbours, one plane for eight. Units are grouped into tiles that fit a core's
cache, and a tile is swept several times at each visit. Tiles of one colour do
not touch, so they may run at once: what one writes, no other of its colour
reads, and a flag that two of them set in a third gets the same value from both.
The result is the same, bit for bit, for any number of threads.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import tanh_unbounded
from .lattice import ONE, columns_of, neighbour_sum, rows_of

_f4 = np.float32
_i4 = np.int32
_u = np.uintp
_THREE = np.uintp(3)
_LIMIT = _f4(1)

#: Size of a unit in sites of one plane, chosen by measurement: smaller ones do
#: less work, but the loop over a row then costs as much to enter as to run.
UNIT_ROWS = 2
UNIT_COLUMNS = 128
#: Size of a tile in units: 32 x 2048 pixels, 512 KiB of means and fields; wide, since
#: memory is read ahead along rows.
TILE_ROWS = 8
TILE_COLUMNS = 8
#: So many tiles are visited by one thread.
FEW = 2

#: What `drift` holds for each unit: the largest move of any of its sites, and of
#: those in its first and last row and its first and last column.
ALL, NORTH, SOUTH, WEST, EAST = (np.uintp(number) for number in range(5))


@inlined
def _update_row(mean, field, q, i, start, n, coupling, diagonal, weight):
    """Move n sites of row i of plane q; return the bits of the largest |tanh(a) - mean|."""
    largest = _i4(0)
    for column in range(n):
        k = start + _u(column)
        here = k + ONE
        a = field[q, i, here] + neighbour_sum(mean, q, i, k, coupling, diagonal)
        step = tanh_unbounded(a) - mean[q, i, here]
        mean[q, i, here] = min(max(mean[q, i, here] + weight * step, -_LIMIT), _LIMIT)
        largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@inner
def _update_unit(
    mean, field, shape, phase, row, column, coupling, diagonal, weight, drift
):  # fmt: skip
    """Update one unit and add its moves to its drifts; return its largest step."""
    y, x = _u(row) + ONE, _u(column) + ONE
    start = _u(column * UNIT_COLUMNS)
    west = start + ONE
    east = min(start + _u(UNIT_COLUMNS), _u(mean.shape[2] - 2))
    first = row * UNIT_ROWS + 1
    last = min(first + UNIT_ROWS, mean.shape[1] - 1) - 1
    largest = west_move = east_move = _f4(0)
    for i in range(first, last + 1):
        u = _u(i)
        bits = _i4(0)
        for plane in range(2 if diagonal is None else 1):
            q = _u(phase) ^ (_THREE * _u(plane))
            w, e = mean[q, u, west], mean[q, u, east]
            if i <= rows_of(np.intp(q), shape[0]):
                n = min(UNIT_COLUMNS, columns_of(np.intp(q), shape[1]) - np.intp(start))
                moved = _update_row(mean, field, q, u, start, n, coupling, diagonal, weight)
                bits = max(bits, moved)
            west_move = max(west_move, abs(mean[q, u, west] - w))
            east_move = max(east_move, abs(mean[q, u, east] - e))
        step = _i4(bits).view(np.float32)
        largest = max(largest, step)
        if i == first:
            drift[_u(phase), y, x, NORTH] += weight * step
        if i == last:
            drift[_u(phase), y, x, SOUTH] += weight * step
    drift[_u(phase), y, x, ALL] += weight * largest
    drift[_u(phase), y, x, WEST] += west_move
    drift[_u(phase), y, x, EAST] += east_move
    return largest


@inlined
def _told(drift, q, y, x, side, threshold):
    """Return 1 and forget the drift if the neighbours on that side have to hear of it."""
    heard = drift[q, y, x, side] > threshold
    drift[q, y, x, side] = 0 if heard else drift[q, y, x, side]
    return _u(heard)


@inlined
def _wake_neighbours(dirty, phase, row, column, north, south, west, east, diagonal):
    """Mark the units of the other phases that see this one's moved sites."""
    r, c = _u(row) + ONE, _u(column) + ONE
    for other in range(dirty.shape[0]):
        if other != phase:
            o = _u(other)
            dirty[o, r, c] = 1
            dirty[o, r - north, c] = 1
            dirty[o, r + south, c] = 1
            dirty[o, r, c - west] = 1
            dirty[o, r, c + east] = 1
            if diagonal is not None:
                dirty[o, r - north, c - west] = 1
                dirty[o, r - north, c + east] = 1
                dirty[o, r + south, c - west] = 1
                dirty[o, r + south, c + east] = 1


@inlined
def _activate(active, tile_row, tile_column, north, south, west, east):
    """Put the tiles that hold freshly woken units on the work list."""
    r, c = _u(tile_row) + ONE, _u(tile_column) + ONE
    for y in range(r - north, r + south + ONE):
        for x in range(c - west, c + east + ONE):
            active[_u(y), _u(x)] = 1


@inner
def _visit(
    tile, mean, field, shape, coupling, diagonal, weight, threshold, visits,
    dirty, drift, active, units,
):  # fmt: skip
    """Sweep one tile until it rests, at most `visits` times; count the units updated."""
    tile_row, tile_column = tile // units.shape[1], tile % units.shape[1]
    overshoot = abs(_LIMIT - weight)
    top, left = tile_row * TILE_ROWS, tile_column * TILE_COLUMNS
    bottom = min(top + TILE_ROWS, dirty.shape[1] - 2)
    right = min(left + TILE_COLUMNS, dirty.shape[2] - 2)
    for _ in range(visits):
        moved = False
        for phase in range(dirty.shape[0]):
            for r in range(top, bottom):
                for c in range(left, right):
                    q, y, x = _u(phase), _u(r) + ONE, _u(c) + ONE
                    if dirty[q, y, x] == 0:
                        continue
                    units[tile_row, tile_column] += 1
                    largest = _update_unit(
                        mean, field, shape, phase, r, c, coupling, diagonal, weight, drift
                    )
                    # with a weight other than 1 a site does not land on its fixed point
                    unsettled = overshoot * largest > threshold
                    dirty[q, y, x] = unsettled
                    moved = moved or unsettled
                    if drift[q, y, x, ALL] <= threshold:
                        continue
                    moved = True
                    drift[q, y, x, ALL] = 0
                    n = _told(drift, q, y, x, NORTH, threshold)
                    s = _told(drift, q, y, x, SOUTH, threshold)
                    w = _told(drift, q, y, x, WEST, threshold)
                    e = _told(drift, q, y, x, EAST, threshold)
                    _wake_neighbours(dirty, phase, r, c, n, s, w, e, diagonal)
                    _activate(
                        active, tile_row, tile_column,
                        n * _u(r == top), s * _u(r == bottom - 1),
                        w * _u(c == left), e * _u(c == right - 1),
                    )  # fmt: skip
        if not moved:
            active[tile_row + 1, tile_column + 1] = 0
            break


@inner
def _queue_up(queue, active, colour, colours):
    """Write the numbers of the waiting tiles of one colour into `queue`; return how many."""
    queued = 0
    rows, columns = active.shape[0] - 2, active.shape[1] - 2
    for r in range(rows):
        for c in range(columns):
            # Tiles that touch at a corner matter to diagonals alone.
            mine = (r + c) & 1 if colours == 2 else 2 * (r & 1) + (c & 1)
            if mine == colour and active[r + 1, c + 1]:
                queue[queued] = r * columns + c
                queued += 1
    return queued


@pair
def sweep_tiles(
    mean, field, shape, coupling, diagonal, weight, threshold, visits, rounds,
    dirty, drift, active, queue, units,
):  # fmt: skip
    """Visit every tile on the work list, `rounds` times or until none waits.

    Parameters
    ----------
    mean, field : array, shape (4, h, w), float32
        Means, changed in place, and the field.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    weight : float32
        Weight of the new value, in (0, 1.5]; means stay in [-1, 1].
    threshold : float32
        Moves of a site up to this size need not be heard of by its neighbours.
    visits : int
        How often a tile is swept at a visit, at most.
    rounds : int
        How often the list is gone through, at most.
    dirty : array, shape (phases, unit rows + 2, unit columns + 2), uint8
        Units that wait for an update; phases is 2, or 4 with diagonals.
    drift : array, shape (phases, unit rows + 2, unit columns + 2, 5), float32
        Moves not heard of yet.
    active : array, shape (tile rows + 2, tile columns + 2), uint8
        The work list: tiles that hold dirty units.
    queue : array, shape (tiles,), int64
        Scratch.
    units : array, shape (tile rows, tile columns), int64
        Out: units updated in each tile.
    """
    units[...] = 0
    colours = 2 if diagonal is None else 4
    for _ in range(rounds):
        waiting = 0
        for colour in range(colours):
            queued = _queue_up(queue, active, colour, colours)
            waiting += queued
            if queued <= FEW:
                # waking another thread takes longer than a tile or two
                for j in range(queued):
                    _visit(
                        queue[j], mean, field, shape, coupling, diagonal, weight, threshold,
                        visits, dirty, drift, active, units,
                    )  # fmt: skip
            else:
                for j in numba.prange(queued):
                    _visit(
                        queue[j], mean, field, shape, coupling, diagonal, weight, threshold,
                        visits, dirty, drift, active, units,
                    )  # fmt: skip
        if waiting == 0:
            break

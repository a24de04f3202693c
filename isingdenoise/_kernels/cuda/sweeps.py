"""Sweeps and sums over the packed lattice, one thread for each column of some rows.

All kernels share one layout. Threads of a block take neighbouring columns of one plane, blocks
that follow one another the planes of a phase in turn, so that both read the same neighbours
while these are in the cache; each thread goes through `ROWS` rows, and further such chunks
where there are more of them than blocks. What a block has to tell it writes in a place of its
own (`largest[block]` and the like): no sum depends on which block comes first, so a solve is
the same bit for bit whenever it is repeated on the same card.

The reductions stand in this module because the simulator lends `cuda` to one module at a time.
Their room is given with the launch: arrays of a fixed size it may give to two threads of a block
apart, when both ask at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import cuda

from ..functions import entropy, tanh, tanh_unbounded
from ..lattice import ONE, columns_of, neighbour_sum, rows_of
from ..per_edge import edge_sum
from ..philox import philox4x32, symmetric_uniform
from ._device import ROWS, THREADS, device, kernel

_f4, _f8, _i4, _u4, _u = np.float32, np.float64, np.int32, np.uint32, np.uintp
_LIMIT = _f4(1)
_HALF = _f4(0.5)
_TWO = _f4(2)

_columns_of, _rows_of = device(columns_of), device(rows_of)
_entropy, _tanh, _tanh_unbounded = device(entropy), device(tanh), device(tanh_unbounded)
_philox, _uniform = device(philox4x32), device(symmetric_uniform)
_neighbour_sum, _edge_sum = device(neighbour_sum), device(edge_sum)


class Kernels(NamedTuple):
    """The kernels of one kind of neighbourhood, for `launch`."""

    mean_field: Any
    look: Any
    objective: Any
    icm: Any
    gibbs: Any


@cuda.jit(device=True)
def _block_max(value):
    """Return the largest int32 of a block's threads, to all of them."""
    shared = cuda.shared.array(0, numba.int32)
    thread = cuda.threadIdx.x
    shared[thread] = value
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if thread < half:
            shared[thread] = max(shared[thread], shared[thread + half])
        cuda.syncthreads()
        half //= 2
    largest = shared[0]
    cuda.syncthreads()  # the room is used again
    return largest


@cuda.jit(device=True)
def _block_sum(value):
    """Return the sum of float64 over a block's threads, always in the same order, to all."""
    shared = cuda.shared.array(0, numba.float64)
    thread = cuda.threadIdx.x
    shared[thread] = value
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if thread < half:
            shared[thread] += shared[thread + half]
        cuda.syncthreads()
        half //= 2
    total = shared[0]
    cuda.syncthreads()
    return total


def _four(spins, q, i, k, strengths):
    return _neighbour_sum(spins, q, i, k, (strengths[0], strengths[1]), None)


def _eight(spins, q, i, k, strengths):
    across = (strengths[2], strengths[3])
    return _neighbour_sum(spins, q, i, k, (strengths[0], strengths[1]), across)


def _four_edges(spins, q, i, k, strengths):
    return _edge_sum(spins, strengths, q, i, k, None)


def _eight_edges(spins, q, i, k, strengths):
    return _edge_sum(spins, strengths, q, i, k, True)


_PULLS = {
    (True, 4): _four,
    (True, 8): _eight,
    (False, 4): _four_edges,
    (False, 8): _eight_edges,
}
_made: dict[tuple[bool, int], Kernels] = {}


def kernels_for(uniform: bool, neighbours: int) -> Kernels:
    """Return the kernels of one kind of coupling; they compile when they are launched.

    Parameters
    ----------
    uniform : bool
        Whether `strengths` is a tuple of 4 float32, two and two more of the diagonals, or
        an array of packed strengths as of `per_edge`.
    neighbours : int
        4 or 8.
    """
    kind = (uniform, neighbours)
    if kind not in _made:
        pull = device(_PULLS[kind])
        _made[kind] = Kernels(
            _mean_field(pull), _look(pull), _objective(pull), _icm(pull), _gibbs(pull)
        )
    return _made[kind]


def _mean_field(pull: Callable[..., Any]) -> Any:
    @kernel
    def mean_field(
        new, mean, field, shape, planes, count, strengths,
        weight, threshold, told, first, largest, moving,
    ):  # fmt: skip
        """Move the sites of some planes towards tanh(a): `mean_field.sweep`, one phase of it.

        `largest` (the bits of float32) and `moving` are written from number `first` on, one
        for each block, where `told` is not 0. With weight 0 nothing is changed.
        """
        plane = planes[cuda.blockIdx.x % count]
        q = _u(plane)
        column = (cuda.blockIdx.x // count) * THREADS + cuda.threadIdx.x
        rows = _rows_of(plane, shape[0])
        top, moved = _i4(0), _i4(0)
        if column < _columns_of(plane, shape[1]):
            k = _u(column)
            here = k + ONE
            for chunk in range(cuda.blockIdx.y * ROWS, rows, cuda.gridDim.y * ROWS):
                for row in range(chunk, min(chunk + ROWS, rows)):
                    i = _u(row + 1)
                    before = new[q, i, here]
                    a = field[q, i, here] + pull(mean, q, i, k, strengths)
                    step = _tanh_unbounded(a) - before
                    if weight != 0:
                        new[q, i, here] = min(max(before + weight * step, -_LIMIT), _LIMIT)
                    size = abs(_f4(step))
                    top = max(top, size.view(np.int32))
                    moved = _i4(moved + _i4(size > threshold))
        if told != 0:
            most, all_moved = _block_max(top), _block_sum(_f8(moved))
            if cuda.threadIdx.x == 0:
                block = first + cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x
                largest[block], moving[block] = most, all_moved

    return mean_field


def _look(pull: Callable[..., Any]) -> Any:
    @kernel
    def look(mean, field, shape, planes, count, strengths, first, largest, bound):
        """Find residual and bound of a state: `mean_field.look`, of some planes."""
        plane = planes[cuda.blockIdx.x % count]
        q = _u(plane)
        column = (cuda.blockIdx.x // count) * THREADS + cuda.threadIdx.x
        rows = _rows_of(plane, shape[0])
        top, total = _i4(0), _f8(0)
        if column < _columns_of(plane, shape[1]):
            k = _u(column)
            here = k + ONE
            for chunk in range(cuda.blockIdx.y * ROWS, rows, cuda.gridDim.y * ROWS):
                part = _f4(0)
                for row in range(chunk, min(chunk + ROWS, rows)):
                    i = _u(row + 1)
                    m, h = mean[q, i, here], field[q, i, here]
                    pulled = pull(mean, q, i, k, strengths)
                    size = abs(_f4(_tanh_unbounded(h + pulled) - m))
                    top = max(top, size.view(np.int32))
                    # Each edge is met from both its ends, hence the half.
                    part += m * (_HALF * pulled + h) + _entropy(m)
                total += _f8(part)
        top, total = _block_max(top), _block_sum(total)
        if cuda.threadIdx.x == 0:
            block = first + cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x
            largest[block], bound[block] = top, total

    return look


def _objective(pull: Callable[..., Any]) -> Any:
    @kernel
    def objective(spins, field, shape, planes, count, strengths, entropies, first, out):
        """Sum the objective of some planes: `objective.objective`; `entropies` is 0 or 1."""
        plane = planes[cuda.blockIdx.x % count]
        q = _u(plane)
        column = (cuda.blockIdx.x // count) * THREADS + cuda.threadIdx.x
        rows = _rows_of(plane, shape[0])
        total = _f8(0)
        if column < _columns_of(plane, shape[1]):
            k = _u(column)
            here = k + ONE
            for chunk in range(cuda.blockIdx.y * ROWS, rows, cuda.gridDim.y * ROWS):
                part = _f4(0)
                for row in range(chunk, min(chunk + ROWS, rows)):
                    i = _u(row + 1)
                    s = _f4(spins[q, i, here])
                    part += s * (_HALF * pull(spins, q, i, k, strengths) + field[q, i, here])
                    if entropies != 0:
                        part += _entropy(s)
                total += _f8(part)
        total = _block_sum(total)
        if cuda.threadIdx.x == 0:
            out[first + cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x] = total

    return objective


def _icm(pull: Callable[..., Any]) -> Any:
    @kernel
    def icm(labels, field, shape, planes, count, strengths, first, flips, drop):
        """Set the labels of some planes to the modes of their conditionals: `icm.sweep`."""
        plane = planes[cuda.blockIdx.x % count]
        q = _u(plane)
        column = (cuda.blockIdx.x // count) * THREADS + cuda.threadIdx.x
        rows = _rows_of(plane, shape[0])
        flipped, given_up = _i4(0), _f8(0)
        if column < _columns_of(plane, shape[1]):
            k = _u(column)
            here = k + ONE
            for chunk in range(cuda.blockIdx.y * ROWS, rows, cuda.gridDim.y * ROWS):
                for row in range(chunk, min(chunk + ROWS, rows)):
                    i = _u(row + 1)
                    label = _f4(labels[q, i, here])
                    a = field[q, i, here] + pull(labels, q, i, k, strengths)
                    agreement = a * label
                    # Strictly below zero: on a tie the old label stays.
                    if agreement < 0:
                        labels[q, i, here] = np.int8(-label)
                        flipped = _i4(flipped + _i4(1))
                        given_up -= _f8(_TWO * agreement)
        all_flipped, drops = _block_sum(_f8(flipped)), _block_sum(given_up)
        if cuda.threadIdx.x == 0:
            block = first + cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x
            flips[block], drop[block] = all_flipped, drops

    return icm


def _gibbs(pull: Callable[..., Any]) -> Any:
    def draw(labels, total, field, q, i, k, strengths, weight, word):
        here = k + ONE
        mean = _tanh(field[q, i, here] + pull(labels, q, i, k, strengths))
        labels[q, i, here] = np.int8(1) if _uniform(word) < mean else np.int8(-1)
        if weight != 0:
            total[q, i, here] += weight * mean

    drawn = device(draw)

    @kernel
    def gibbs(labels, total, field, shape, planes, count, strengths, weight, counter, key):
        """Draw the labels of some planes from their conditionals: `gibbs.sweep`.

        A thread draws one block of Philox and the four sites that its words are for, so the
        random numbers are those of the CPU.
        """
        plane = planes[cuda.blockIdx.x % count]
        q = _u(plane)
        column = (cuda.blockIdx.x // count) * THREADS + cuda.threadIdx.x
        rows = _rows_of(plane, shape[0])
        n = _columns_of(plane, shape[1])
        quarter = (n + 3) // 4
        if column < quarter:
            for chunk in range(cuda.blockIdx.y * ROWS, rows, cuda.gridDim.y * ROWS):
                for row in range(chunk, min(chunk + ROWS, rows)):
                    i = _u(row + 1)
                    line = _u4(4 * (row + 1) + plane)
                    w0, w1, w2, w3 = _philox(
                        _u4(column), line, counter[0], counter[1], key[0], key[1]
                    )
                    c = column
                    drawn(labels, total, field, q, i, _u(c), strengths, weight, w0)
                    c += quarter
                    if c < n:
                        drawn(labels, total, field, q, i, _u(c), strengths, weight, w1)
                    c += quarter
                    if c < n:
                        drawn(labels, total, field, q, i, _u(c), strengths, weight, w2)
                    c += quarter
                    if c < n:
                        drawn(labels, total, field, q, i, _u(c), strengths, weight, w3)

    return gibbs

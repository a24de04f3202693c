"""Modes and draws of the labels of a Potts model; `potts_rows` tells how a row is done."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .lattice import ONE, PLANES, columns_of, rows_of
from .philox import fill_row
from .potts_rows import GROUPS, PART, agreement, weights

_f4 = np.float32
_u = np.uintp
_FOUR = np.uintp(4)
_u4 = np.uint32
_HALF = _f4(0.5)
_LOWEST = _f4(-3e38)


@inner
def _mode_row(labels, unary, room, q, i, n, coupling, diagonal):
    """Set each label of a row to the best one; return changes and energy given up."""
    count = unary.shape[0] >> 2
    best = _u(0)
    flips = 0
    drop = 0.0
    for first in range(0, n, PART):
        start, m = _u(first), min(PART, n - first)
        for c in range(m):
            room[best, _u(c)] = _LOWEST
        for label in range(count):
            at = _FOUR * _u(label) + q
            for c in range(m):
                k = start + _u(c)
                a = unary[at, i, k + ONE] + agreement(
                    labels, np.int8(label), q, i, k, coupling, diagonal
                )
                room[_u(label + 1), _u(c)] = a
                room[best, _u(c)] = max(room[best, _u(c)], a)
        for c in range(m):
            here = start + _u(c) + ONE
            old = room[_u(labels[q, i, here]) + ONE, _u(c)]
            gain = room[best, _u(c)] - old
            if gain > 0:  # on a tie the old label stays
                chosen = 0
                while room[_u(chosen + 1), _u(c)] < room[best, _u(c)]:
                    chosen += 1
                labels[q, i, here] = np.int8(chosen)
                flips += 1
                drop += np.float64(gain)
    return flips, drop


@pair
def modes(labels, unary, room, shape, coupling, diagonal, flips, drop):
    """Set every label to the mode of its conditional, plane by plane.

    Parameters
    ----------
    labels : array, shape (4, h, w), int8
        Labels 0 to K - 1 inside, -1 on the border; changed in place.
    unary, room, shape, coupling, diagonal
        As for `potts.mean_field`.
    flips : array, shape (4, h), int64
        Out: labels changed in each row.
    drop : array, shape (4, h), float64
        Out: by how much those changes lowered the energy.
    """
    for q in PLANES:
        n, rows = columns_of(q, shape[1]), rows_of(q, shape[0])
        for group in numba.prange(GROUPS):
            for i in range(1 + group * rows // GROUPS, 1 + (group + 1) * rows // GROUPS):
                flips[q, i], drop[q, i] = _mode_row(
                    labels, unary, room[group], _u(q), _u(i), n, coupling, diagonal
                )


@inner
def _draw_row(
    labels, total, unary, room, uniform, q, i, n, coupling, diagonal, weight, shift
):  # fmt: skip
    """Draw a row from its conditionals and add their probabilities, weighted, to `total`."""
    count = unary.shape[0] >> 2
    whole = _u(count + 1)
    for first in range(0, n, PART):
        start, m = _u(first), min(PART, n - first)
        weights(room, None, labels, unary, q, i, start, m, coupling, diagonal, shift)
        for c in range(m):
            here = start + _u(c) + ONE
            labels[q, i, here] = 0
            # from (-1, 1) to (0, sum): what is left of it walks down the labels
            room[_u(count), _u(c)] = (_HALF + _HALF * uniform[start + _u(c)]) * room[whole, _u(c)]
            room[whole, _u(c)] = weight / room[whole, _u(c)]
        for label in range(count):
            at = _FOUR * _u(label) + q
            for c in range(m):
                here = start + _u(c) + ONE
                e = room[_u(label), _u(c)]
                total[at, i, here] += e * room[whole, _u(c)]
                left = room[_u(count), _u(c)] - e
                room[_u(count), _u(c)] = left
                # rounding may leave something after the last label
                further = left >= 0 and label < count - 1
                labels[q, i, here] += np.int8(further and labels[q, i, here] == label)


@pair
def gibbs(
    labels, total, unary, room, uniforms, shape, coupling, diagonal, weight, shift, counter, key
):
    """Draw every site once from its conditional, plane by plane.

    Parameters
    ----------
    labels : array, shape (4, h, w), int8
        The chain's state, as for `modes`; changed in place.
    total : array, shape (4 K, h, w), float32
        Sum of the conditional probabilities, added to in place.
    unary, room, shape, coupling, diagonal, shift
        As for `potts.mean_field`.
    uniforms : array, shape (GROUPS, at least w + 2), float32
        Scratch.
    weight : float32
        What a probability counts in `total`: 0 while burning in, else 1.
    counter : tuple of 2 uint32
        Sweep and chain.
    key : tuple of 2 uint32
        The seed.
    """
    for q in PLANES:
        n, rows = columns_of(q, shape[1]), rows_of(q, shape[0])
        for group in numba.prange(GROUPS):
            uniform = uniforms[group]
            for i in range(1 + group * rows // GROUPS, 1 + (group + 1) * rows // GROUPS):
                fill_row(uniform, n, _u4(4 * i + q), counter[0], counter[1], key[0], key[1])
                _draw_row(
                    labels, total, unary, room[group], uniform, _u(q), _u(i), n,
                    coupling, diagonal, weight, shift,
                )  # fmt: skip

"""Rows of a Potts model over the packed lattice, its labels one after another.

Every label has four planes of its own, as of `lattice`: label k of plane q is plane 4 k + q of
one array, so that the neighbours of a site are found as in an Ising model. A row is done in parts
that stay in the first cache: for each label one loop over the columns finds the fields
a_k = l_k + sum_j J_ij q_jk and exp(a_k - s), one more loop divides by their sum.

The shift s is the largest field of the site or, where `shift` is given, that number: no
field is then beyond it, one is at least 0, and a loop is spared. `shift` None is known at
compile time.
"""

from __future__ import annotations

import numpy as np

from ._jit import inlined
from .functions import exp_negative
from .lattice import ONE, neighbour_sum

_f4 = np.float32
_u = np.uintp
_FOUR = np.uintp(4)

#: Columns of a part.
PART = 512
#: Rows are drawn in so many groups, each with scratch rows of its own.
GROUPS = 64


def scratch(labels, width):
    """Return room for each group of rows: a row of a part for each label, two more, uniforms."""
    return (
        np.empty((GROUPS, labels + 2, PART), np.float32),
        np.empty((GROUPS, (width + 1) // 2 + 6), np.float32),
    )


@inlined
def agreement(seen, label, q, i, k, coupling, diagonal):
    """Return sum_j J_ij [z_j = label] over the neighbours of a site; arguments as below."""
    up = i - ONE + (q >> ONE)
    down = up + ONE
    here = k + ONE
    left = k + (q & ONE)
    right = left + ONE
    side, above = q ^ ONE, q ^ _u(2)
    total = coupling[0] * (_f4(seen[side, i, left] == label) + _f4(seen[side, i, right] == label))
    total += coupling[1] * (
        _f4(seen[above, up, here] == label) + _f4(seen[above, down, here] == label)
    )
    if diagonal is not None:
        far = q ^ _u(3)
        total += diagonal[0] * (
            _f4(seen[far, up, left] == label) + _f4(seen[far, down, right] == label)
        )
        total += diagonal[1] * (
            _f4(seen[far, up, right] == label) + _f4(seen[far, down, left] == label)
        )
    return total


@inlined
def _pull(mean, labels, label, q, i, k, coupling, diagonal):
    """Return what the neighbours add to a label's field, by probabilities or by their labels.

    One of `mean` and `labels` is None, which is known at compile time.
    """
    total = _f4(0)
    if mean is not None:
        total += neighbour_sum(mean, _FOUR * _u(label) + q, i, k, coupling, diagonal)
    if labels is not None:
        total += agreement(labels, np.int8(label), q, i, k, coupling, diagonal)
    return total


@inlined
def weights(room, mean, labels, unary, q, i, start, m, coupling, diagonal, shift):
    """Write exp(a_k - s) of m sites from column `start` on into room[k], their sum into the last.

    Returns nothing; room[K] holds s where it is not given.
    """
    count = unary.shape[0] >> 2
    top = _u(count)
    for label in range(count):
        own, at = _u(label), _FOUR * _u(label) + q
        # a loop writes one row: more of them, and the compiler gives up to show them apart
        for c in range(m):
            k = start + _u(c)
            a = unary[at, i, k + ONE] + _pull(mean, labels, label, q, i, k, coupling, diagonal)
            room[own, _u(c)] = a if shift is None else exp_negative(a - shift)
    if shift is None:
        for c in range(m):
            room[top, _u(c)] = room[_u(0), _u(c)]
        for label in range(1, count):
            own = _u(label)
            for c in range(m):
                room[top, _u(c)] = max(room[top, _u(c)], room[own, _u(c)])
        for label in range(count):
            own = _u(label)
            for c in range(m):
                room[own, _u(c)] = exp_negative(room[own, _u(c)] - room[top, _u(c)])
    _sum_up(room, count, m)


@inlined
def _sum_up(room, count, m):
    """Write the sum of the first rows into the last, two rows in one pass."""
    total = _u(count + 1)
    if count == 1:
        for c in range(m):
            room[total, _u(c)] = room[_u(0), _u(c)]
    else:
        for c in range(m):
            room[total, _u(c)] = room[_u(0), _u(c)] + room[ONE, _u(c)]
    for label in range(2, count - 1, 2):
        one, two = _u(label), _u(label + 1)
        for c in range(m):
            room[total, _u(c)] += room[one, _u(c)] + room[two, _u(c)]
    if count > 2 and count & 1:
        last = _u(count - 1)
        for c in range(m):
            room[total, _u(c)] += room[last, _u(c)]

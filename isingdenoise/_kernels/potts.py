"""Sweeps of a Potts model over the packed lattice, its labels one after another.

Every label has four planes of its own, as of `lattice`: label k of plane q is plane 4 k + q of
one array, so that the neighbours of a site are found as in an Ising model. A row is done in parts
that stay in the first cache: for each label one loop over the columns finds the fields
a_k = l_k + sum_j J_ij q_jk and exp(a_k - s), one more loop divides by their sum.

The shift s is the largest field of the site or, where `shift` is given, that number: no
field is then beyond it, one is at least 0, and a loop is spared. `shift` None is known at
compile time.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import exp_negative, log
from .lattice import ONE, PLANES, columns_of, neighbour_sum, rows_of
from .philox import fill_row

_f4 = np.float32
_i4 = np.int32
_u4 = np.uint32
_u = np.uintp
_FOUR = np.uintp(4)
_HALF = _f4(0.5)
_LOWEST = _f4(-3e38)

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
def _agreement(seen, label, q, i, k, coupling, diagonal):
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
        total += _agreement(labels, np.int8(label), q, i, k, coupling, diagonal)
    return total


@inlined
def _weights(room, mean, labels, unary, q, i, start, m, coupling, diagonal, shift):
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


@inner
def _update_row(new, mean, unary, room, q, i, n, coupling, diagonal, weight, shift):
    """Move a row towards the softmax of its fields; return the bits of the largest step."""
    labels = unary.shape[0] >> 2
    total = _u(labels + 1)
    largest = _i4(0)
    for first in range(0, n, PART):
        start, m = _u(first), min(PART, n - first)
        _weights(room, mean, None, unary, q, i, start, m, coupling, diagonal, shift)
        for c in range(m):
            room[total, _u(c)] = _f4(1) / room[total, _u(c)]
        for label in range(labels):
            at = _FOUR * _u(label) + q
            for c in range(m):
                here = start + _u(c) + ONE
                step = room[_u(label), _u(c)] * room[total, _u(c)] - new[at, i, here]
                new[at, i, here] += weight * step
                largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@pair
def mean_field(new, mean, unary, room, shape, coupling, diagonal, weight, shift, residual):
    """Update the probabilities of every site once, with the neighbours taken from `mean`.

    Parameters
    ----------
    new : array, shape (4 K, h, w), float32
        Probabilities, changed in place.
    mean : array, shape (4 K, h, w), float32
        The neighbours': `new` itself for checkerboard order, or another array.
    unary : array, shape (4 K, h, w), float32
        Log likelihoods l_k, the largest of each site 0 where `shift` is given.
    room : array, shape (GROUPS, K + 2, PART), float32
        Scratch.
    shape : tuple of int
        (H, W) of the picture.
    coupling, diagonal : tuple of 2 float32; the second may be None
        Strengths, as in `neighbour_sum`.
    weight : float32
        Weight of the new value, in [0, 1].
    shift : float32 or None
        As told above.
    residual : array, shape (4, h), float32
        Out: the largest |softmax(a)_k - q_k| met in each row, before its update.
    """
    bits = residual.view(np.int32)
    for q in PLANES:
        n, rows = columns_of(q, shape[1]), rows_of(q, shape[0])
        for group in numba.prange(GROUPS):
            for i in range(1 + group * rows // GROUPS, 1 + (group + 1) * rows // GROUPS):
                bits[q, i] = _update_row(
                    new, mean, unary, room[group], _u(q), _u(i), n,
                    coupling, diagonal, weight, shift,
                )  # fmt: skip


#: Rows of a strip, at least: twice as many as there are stages.
STRIP = 64


@inner
def _update_phase(mean, unary, room, shape, phase, i, coupling, diagonal, weight, shift, bits):
    """Update row i of the planes of one phase; write the row's residual."""
    for plane in range(2 if diagonal is None else 1):
        q = PLANES[(2 * phase if diagonal is None else phase) + plane]
        if i <= rows_of(q, shape[0]):
            bits[q, i] = _update_row(
                mean, mean, unary, room, _u(q), _u(i), columns_of(q, shape[1]),
                coupling, diagonal, weight, shift,
            )  # fmt: skip


@inner
def _wavefront(
    mean, unary, room, shape, coupling, diagonal, weight, shift, bits,
    top, bottom, narrowing, widening, stages,
):  # fmt: skip
    """Run all stages over a strip, each one row behind the one before; as in `mean_field`."""
    phases = 2 if diagonal is None else 4
    for front in range(top - stages, bottom + 2 * stages):
        for t in range(stages):
            i = front - t
            if top + t * narrowing <= i < bottom - t * widening:
                _update_phase(
                    mean, unary, room, shape, t % phases, i, coupling, diagonal,
                    weight, shift, bits,
                )  # fmt: skip


@pair
def blocked_sweeps(mean, unary, room, shape, coupling, diagonal, weight, shift, residual, sweeps):
    """Do several checkerboard sweeps while the rows are in cache.

    The probabilities come out bit for bit as from so many calls of `mean_field`: strips of rows
    are swept as far as their own rows allow, and then the wedges between them are filled, as
    in `mean_field.blocked_sweeps`. There are at most as many strips as groups.

    Parameters
    ----------
    mean, unary, room, shape, coupling, diagonal, weight, shift
        As for `mean_field`; `mean` is changed in place.
    residual
        As for `mean_field`, of the last of the sweeps.
    sweeps : int
        How many, so that a strip is at least twice as high as it has stages.
    """
    bits = residual.view(np.int32)
    stages = sweeps * (2 if diagonal is None else 4)
    rows = (shape[0] + 1) // 2
    strips = min(GROUPS, max(1, rows // STRIP))
    for wedges in range(2):
        for k in numba.prange(wedges, strips):
            top = 1 + k * rows // strips
            bottom = top if wedges else 1 + (k + 1) * rows // strips
            narrowing = -1 if wedges else int(k > 0)
            widening = -1 if wedges else int(k < strips - 1)
            _wavefront(
                mean, unary, room[k], shape, coupling, diagonal, weight, shift, bits,
                top, bottom, narrowing, widening, stages,
            )  # fmt: skip


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
                a = unary[at, i, k + ONE] + _agreement(
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
        As for `mean_field`.
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
        _weights(room, None, labels, unary, q, i, start, m, coupling, diagonal, shift)
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
        As for `mean_field`.
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


@inner
def _bound_row(mean, unary, at, q, i, n, coupling, diagonal):
    """Sum a label's share of the bound over a row."""
    total = 0.0
    for first in range(0, n, PART):
        part = _f4(0)
        for column in range(first, min(first + PART, n)):
            k = _u(column)
            p = mean[at, i, k + ONE]
            # Each edge is met from both its ends, hence the half.
            pull = _HALF * neighbour_sum(mean, at, i, k, coupling, diagonal)
            part += p * (pull + unary[at, i, k + ONE] - log(p))
        total += np.float64(part)
    return total


@pair
def bound(mean, unary, shape, coupling, diagonal, rows):
    """Write sum_k q_k (sum_j J_ij q_jk / 2 + l_k - log q_k) of each row into `rows`.

    Parameters
    ----------
    mean, unary, shape, coupling, diagonal
        As for `mean_field`.
    rows : array, shape (4 K, h), float64
        Out.
    """
    for at in range(mean.shape[0]):
        q = at & 3
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            rows[at, i] = _bound_row(mean, unary, _u(at), _u(q), _u(i), n, coupling, diagonal)

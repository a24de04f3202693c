"""Message passing on the packed lattice: fractional belief propagation.

Each site holds what it hears from each neighbour, in fields: `message[2 d, q, i, k]` from the
neighbour at which its edge of direction d begins (left, above, ...), `message[2 d + 1, ...]` from
the one at which it ends. With a_i = h_i + sum of all that i hears, site i sends to j over an
edge of strength J

    u_ij = c U(J / c, a_i - u_ji / c),    U(J, f) = atanh(tanh J tanh f).

c = 1 is belief propagation, c = rho tree-reweighted belief propagation, c = 1 / alpha power
expectation propagation. Sites of one plane are never neighbours, so a plane sends at once:
first the totals of a row, then one direction after the other, each a loop with one store.
`share` holds 1 / c of each direction; strengths are passed as in `chains`.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .chains import strength
from .functions import tanh, through
from .lattice import ONE, PLANES, columns_of, rows_of

_f4 = np.float32
_i4 = np.int32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_ZERO, _ONE = _f4(0), _f4(1)

#: Up to such J / c a series for atanh is exact in float32, and c may grow beyond all bounds.
WEAK = 0.25
_THIRD, _FIFTH, _SEVENTH, _NINTH = _f4(1 / 3), _f4(1 / 5), _f4(1 / 7), _f4(1 / 9)


@inlined
def _atanh_over(x):
    """Return atanh(x) / x for |x| <= tanh(WEAK)."""
    u = x * x
    return _ONE + u * (_THIRD + u * (_FIFTH + u * (_SEVENTH + u * _NINTH)))


@inner
def _total_row(total, message, field, q, i, n, diagonal):
    """Sum what each site of a row hears; return the bits of the largest change of tanh(a)."""
    largest = _i4(0)
    for column in range(n):
        here = _u(column) + ONE
        a = field[q, i, here]
        a += (message[0, q, i, here] + message[1, q, i, here]) + (
            message[2, q, i, here] + message[3, q, i, here]
        )
        if diagonal is not None:
            a += (message[4, q, i, here] + message[5, q, i, here]) + (
                message[6, q, i, here] + message[7, q, i, here]
            )
        change = tanh(a) - tanh(total[q, i, here])
        total[q, i, here] = a
        largest = max(largest, _f4(abs(change)).view(np.int32))
    return largest


@inner
def _send_row(
    message, total, place, there, begins, d, n, coupling, edges, share, back, weight, weak
):
    """Send from a row in one direction.

    Parameters
    ----------
    place : tuple of uintp
        Plane and row of the senders, and the slot in which they hear from those they send to.
    there : tuple of uintp
        Plane, row and shift of the receivers, and their slot.
    begins : tuple of uintp
        Plane, row and shift of where the edges begin.
    share, back : float32
        1 / c, and the weight of what was heard from the receiver.
    weak : bool
        Whether all |J / c| are at most `WEAK`: then c may be infinite.
    """
    q, i, inside = place
    to, row, shift, outside = there
    from_q, from_i, from_shift = begins
    if weak:
        for column in range(n):
            k = _u(column)
            J = strength(coupling, edges, d, from_q, from_i, k + from_shift)
            t = tanh(share * J)
            slope = t / share if share > 0 else J
            m = tanh(total[q, i, k + ONE] - back * message[inside, q, i, k + ONE])
            old = message[outside, to, row, k + shift]
            new = slope * m * _atanh_over(t * m)
            message[outside, to, row, k + shift] = old + weight * (new - old)
    else:
        count = _f4(1) / share
        for column in range(n):
            k = _u(column)
            J = share * strength(coupling, edges, d, from_q, from_i, k + from_shift)
            a = total[q, i, k + ONE] - back * message[inside, q, i, k + ONE]
            old = message[outside, to, row, k + shift]
            message[outside, to, row, k + shift] = old + weight * (count * through(J, a) - old)


@inner
def _send(message, total, q, i, n, coupling, edges, diagonal, share, listen, weight, weak):
    """Send from row i of plane q to all neighbours."""
    up = i - ONE + (q >> ONE)
    left = q & ONE
    for d in range(2 if diagonal is None else 4):
        to = q ^ (ONE if d == 0 else _TWO if d == 1 else _THREE)
        first, last = (i, i) if d == 0 else (up, up + ONE)
        # columns of the neighbours at which the edge begins and ends, less k
        near = ONE if d == 1 else left + ONE if d == 3 else left
        far = ONE if d == 1 else left if d == 3 else left + ONE
        behind, ahead = _u(2 * d), _u(2 * d + 1)
        back = share[d] if listen else _ZERO
        _send_row(
            message, total, (q, i, behind), (to, first, near, ahead), (to, first, near), d, n,
            coupling, edges, share[d], back, weight, weak,
        )  # fmt: skip
        _send_row(
            message, total, (q, i, ahead), (to, last, far, behind), (q, i, ONE), d, n,
            coupling, edges, share[d], back, weight, weak,
        )  # fmt: skip


@pair
def sweep(
    message, total, field, shape, coupling, edges, diagonal, share, weak, listen, weight, residual
):
    """Let every site send once, plane by plane.

    Parameters
    ----------
    message : array, shape (4 or 8, 4, h, w), float32
        What each site hears, changed in place.
    total : array, shape (4, h, w), float32
        In: a_i at the last visit; out: at this one.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, edges, diagonal
        Strengths, as in `chains`.
    share : tuple of 4 float32
        1 / c of each direction.
    weak : bool
        Whether no |J / c| is beyond `WEAK`; only then may a share be 0.
    listen : bool
        Whether what sites hear counts. If not, they send what their fields in `total` make of it.
    weight : float32
        Weight of a new message, in [0, 1]; 0: only the totals are found.
    residual : array, shape (4, h), float32
        Out: the largest change of tanh(a) in each row.
    """
    bits = residual.view(np.int32)
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            if listen:
                bits[q, i] = _total_row(total, message, field, _u(q), _u(i), n, diagonal)
            if weight > 0:
                _send(
                    message, total, _u(q), _u(i), n,
                    coupling, edges, diagonal, share, listen, weight, weak,
                )  # fmt: skip

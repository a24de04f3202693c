"""Message passing in ratios: the messages of `messages` without a logarithm.

A message u = c w is held as x = tanh(w), and the sum a_i that a site hears as the ratio of its
two probabilities, R_i = exp(2 a_i) = exp(2 h_i) prod_k ((1 + x_k) / (1 - x_k))^c. Then

    x_ij = tanh(J / c) (R_i (1 - x_ji) - (1 + x_ji)) / (R_i (1 - x_ji) + (1 + x_ji))

is what `messages` calls U(J / c, a_i - u_ji / c), by one division. Nothing is lost to
rounding as long as 1 - |x| is no small number, which is why |J| / c is at most `LIMIT`; beyond it
`messages` goes on. c is a power of two: powers of c are made of roots and squares.

`message[2 d, q, i, k]` is what a site hears from the neighbour at which its edge of direction d
begins, `message[2 d + 1, ...]` from the one at which it ends, as in `messages`.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import exp_negative
from .lattice import ONE, PLANES, columns_of, rows_of

_f4 = np.float32
_i4 = np.int32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_ONE, _TWICE, _MINUS_TWO = _f4(1), _f4(2), _f4(-2)
#: The largest mean to start from that is less than 1.
_ALMOST = _f4(1 - 6e-8)

#: The largest |J| / c: there 1 - |x| is 0.095, and its last place 4e-7 of it.
LIMIT = 1.5
#: c = 2^-halvings that there are loops for.
HALVINGS = (-1, 0, 1, 2)
#: exp(2 h) is that of h in +-15 at most. With a pull of up to `PULL` the mean of such a site is
#: +-1 in float32 either way, and R stays below exp(40), so that products of two are finite.
LARGEST_FIELD, PULL = _f4(15), 5.0


@inner
def _begin_row(gain, ratio, field, q, i):
    """Find exp(2 h) of a row, and the ratios of means, which stand in `ratio`.

    The border is done, too: where means of 0 stand the ratios are 1.
    """
    for column in range(ratio.shape[2]):
        here = _u(column)
        h = min(max(field[q, i, here], -LARGEST_FIELD), LARGEST_FIELD)
        small = exp_negative(_MINUS_TWO * abs(h))
        gain[q, i, here] = small if h < 0 else _ONE / small
    for column in range(ratio.shape[2]):
        here = _u(column)
        mean = min(max(ratio[q, i, here], -_ALMOST), _ALMOST)
        ratio[q, i, here] = (_ONE + mean) / (_ONE - mean)


@inner
def _hear_row(message, slot, q, i, mean, to, row, shift, n, t):
    """Write what a row hears from neighbours that hear nothing but have means."""
    for column in range(n):
        k = _u(column)
        message[slot, q, i, k + ONE] = t * mean[to, row, k + shift]


@inner
def _hear(message, mean, q, i, n, slope, diagonal):
    """Write what row i of plane q hears from all neighbours."""
    up = i - ONE + (q >> ONE)
    left = q & ONE
    for d in range(2 if diagonal is None else 4):
        to = q ^ (ONE if d == 0 else _TWO if d == 1 else _THREE)
        first, last = (i, i) if d == 0 else (up, up + ONE)
        near = ONE if d == 1 else left + ONE if d == 3 else left
        far = ONE if d == 1 else left if d == 3 else left + ONE
        _hear_row(message, _u(2 * d), q, i, mean, to, first, near, n, slope[d])
        _hear_row(message, _u(2 * d + 1), q, i, mean, to, last, far, n, slope[d])


@pair
def begin(message, ratio, gain, field, shape, slope, diagonal):
    """Write what spins with given means send, and find their ratios and those of the fields.

    Parameters
    ----------
    message : array, shape (4 or 8, 4, h, w), float32
        Out: tanh(J / c) mean of the neighbour; zeros at first.
    ratio : array, shape (4, h, w), float32
        In: the means, with a border of zeros; out: their ratios.
    gain : array, shape (4, h, w), float32
        Out: exp(2 h).
    field : array, shape (4, h, w), float32
        The field h_i.
    shape, slope, diagonal
        As for `sweeps`.
    """
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            _hear(message, ratio, _u(q), _u(i), n, slope, diagonal)
    for q in PLANES:
        for i in numba.prange(ratio.shape[1]):
            _begin_row(gain, ratio, field, _u(q), _u(i))


@inlined
def _power(ratio, halvings):
    """Return ratio^c."""
    if halvings == 0:
        return ratio
    if halvings < 0:
        return ratio * ratio
    root = _f4(math.sqrt(ratio))
    return root if halvings == 1 else _f4(math.sqrt(root))


@inlined
def _ratios(ratio, message, gain, q, i, n, diagonal, halvings):
    """Find the ratios of a row; return the bits of the largest change of a mean."""
    largest = _i4(0)
    for column in range(n):
        here = _u(column) + ONE
        a, b = message[0, q, i, here], message[1, q, i, here]
        c, d = message[2, q, i, here], message[3, q, i, here]
        plus = ((_ONE + a) * (_ONE + b)) * ((_ONE + c) * (_ONE + d))
        minus = ((_ONE - a) * (_ONE - b)) * ((_ONE - c) * (_ONE - d))
        if diagonal is not None:
            a, b = message[4, q, i, here], message[5, q, i, here]
            c, d = message[6, q, i, here], message[7, q, i, here]
            plus *= ((_ONE + a) * (_ONE + b)) * ((_ONE + c) * (_ONE + d))
            minus *= ((_ONE - a) * (_ONE - b)) * ((_ONE - c) * (_ONE - d))
        new = gain[q, i, here] * _power(plus / minus, halvings)
        old = ratio[q, i, here]
        # the mean is 1 - 2 / (1 + R)
        change = _TWICE * (new - old) / ((_ONE + new) * (_ONE + old))
        ratio[q, i, here] = new
        largest = max(largest, _f4(abs(change)).view(np.int32))
    return largest


@inner
def _ratio_row(ratio, message, gain, q, i, n, diagonal, halvings):
    """Find the ratios of a row by the loop of its own that each c has."""
    if halvings == 0:
        return _ratios(ratio, message, gain, q, i, n, diagonal, 0)
    if halvings == 1:
        return _ratios(ratio, message, gain, q, i, n, diagonal, 1)
    if halvings == 2:
        return _ratios(ratio, message, gain, q, i, n, diagonal, 2)
    return _ratios(ratio, message, gain, q, i, n, diagonal, -1)


@inner
def _send_row(message, ratio, q, i, back, on, n, t):
    """Send from row i of plane q over the two edges of one direction.

    Parameters
    ----------
    back, on : tuple of uintp
        Of the neighbours at which the edges begin, and at which they end: the slot in which
        their messages come, plane, row and shift of the neighbours, and the slot they hear in.
    """
    inside, to, row, shift, outside = back
    beside, far, line, lean, beyond = on
    for column in range(n):
        k = _u(column)
        ratio_here = ratio[q, i, k + ONE]
        x, y = message[inside, q, i, k + ONE], message[beside, q, i, k + ONE]
        x_plus, x_minus = ratio_here * (_ONE - x), _ONE + x
        y_plus, y_minus = ratio_here * (_ONE - y), _ONE + y
        x_sum, y_sum = x_plus + x_minus, y_plus + y_minus
        part = t / (x_sum * y_sum)  # divisions are what takes time
        message[outside, to, row, k + shift] = (x_plus - x_minus) * (y_sum * part)
        message[beyond, far, line, k + lean] = (y_plus - y_minus) * (x_sum * part)


@inner
def _send(message, ratio, q, i, n, slope, diagonal):
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
        back, on = (behind, to, first, near, ahead), (ahead, to, last, far, behind)
        _send_row(message, ratio, q, i, back, on, n, slope[d])


@inner
def _visit(message, ratio, gain, shape, phase, i, slope, diagonal, halvings, send, bits):
    """Let row i of the planes of one phase hear, and send."""
    for plane in range(2 if diagonal is None else 1):
        q = PLANES[(2 * phase if diagonal is None else phase) + plane]
        if i <= rows_of(q, shape[0]):
            n = columns_of(q, shape[1])
            bits[q, i] = _ratio_row(ratio, message, gain, _u(q), _u(i), n, diagonal, halvings)
            if send:
                _send(message, ratio, _u(q), _u(i), n, slope, diagonal)


@inner
def _wavefront(
    message, ratio, gain, shape, slope, diagonal, halvings, send, bits,
    top, bottom, narrowing, widening, stages,
):  # fmt: skip
    """Run all stages over a strip as `mean_field` does, each one row behind the one before."""
    phases = 2 if diagonal is None else 4
    for front in range(top - stages, bottom + 2 * stages):
        for t in range(stages):
            i = front - t
            if top + t * narrowing <= i < bottom - t * widening:
                _visit(
                    message, ratio, gain, shape, t % phases, i, slope, diagonal,
                    halvings, send, bits[t // phases],
                )  # fmt: skip


#: Rows of a strip, whose sweeps are all done while its rows are in cache.
STRIP = 64


@pair
def sweeps(message, ratio, gain, shape, slope, diagonal, halvings, send, residual):
    """Let every site hear and send once or a few times, plane by plane.

    The rows of a strip go through all planes while they are in cache, and then the
    wedges between strips: every number comes out as if planes had been done one by one.

    Parameters
    ----------
    message : array, shape (4 or 8, 4, h, w), float32
        x, changed in place.
    ratio : array, shape (4, h, w), float32
        In: R at the last visit; out: at this one.
    gain : array, shape (4, h, w), float32
        exp(2 h).
    shape : tuple of int
        (H, W) of the picture.
    slope : tuple of 4 float32
        tanh(J / c) of each direction.
    diagonal : True or None
        Whether there are eight neighbours.
    halvings : int
        c = 2^-halvings.
    send : bool
        Whether sites send; if not, only ratios are found.
    residual : array, shape (sweeps, 4, h), float32
        Out: the largest change of a mean in each row, in each sweep.
    """
    bits = residual.view(np.int32)
    stages = len(residual) * (2 if diagonal is None else 4)
    rows = (shape[0] + 1) // 2
    strips = max(1, rows // STRIP)
    for wedges in range(2):
        # strips narrow towards later stages, and wedges widen from nothing
        for k in numba.prange(wedges, strips):
            top = 1 + k * rows // strips
            bottom = top if wedges else 1 + (k + 1) * rows // strips
            narrowing = -1 if wedges else int(k > 0)
            widening = -1 if wedges else int(k < strips - 1)
            _wavefront(
                message, ratio, gain, shape, slope, diagonal, halvings, send, bits,
                top, bottom, narrowing, widening, stages,
            )  # fmt: skip

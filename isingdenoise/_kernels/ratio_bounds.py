"""What messages in ratios add up to: the Bethe free energy, and fields."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import exp_negative, log
from .lattice import ONE, PLANES, columns_of, rows_of
from .objective import TOGETHER

_f4 = np.float32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_ONE, _MINUS_TWO, _HALF = _f4(1), _f4(-2), _f4(0.5)


@inlined
def _heard(message, q, i, here, diagonal):
    """Return prod_k (1 + x_k) and prod_k (1 - x_k) over what a site hears."""
    a, b = message[0, q, i, here], message[1, q, i, here]
    c, d = message[2, q, i, here], message[3, q, i, here]
    plus = ((_ONE + a) * (_ONE + b)) * ((_ONE + c) * (_ONE + d))
    minus = ((_ONE - a) * (_ONE - b)) * ((_ONE - c) * (_ONE - d))
    if diagonal is not None:
        a, b = message[4, q, i, here], message[5, q, i, here]
        c, d = message[6, q, i, here], message[7, q, i, here]
        plus *= ((_ONE + a) * (_ONE + b)) * ((_ONE + c) * (_ONE + d))
        minus *= ((_ONE - a) * (_ONE - b)) * ((_ONE - c) * (_ONE - d))
    return plus, minus


@inner
def _sites(message, field, q, i, first, end, diagonal):
    """Sum log(exp(h) prod (1 + x_k) + exp(-h) prod (1 - x_k)) over columns first to end - 1."""
    part = _f4(0)
    for column in range(first, end):
        here = _u(column) + ONE
        plus, minus = _heard(message, q, i, here, diagonal)
        h = field[q, i, here]
        small = exp_negative(_MINUS_TWO * abs(h))
        inside = plus + small * minus if h >= 0 else minus + small * plus
        part += abs(h) + log(inside)
    return np.float64(part)


@inner
def _edges(message, mean, place, there, d, span, t):
    """Sum the logarithm of an edge over those of a direction that begin in a span of a row."""
    q, i = place
    to, row, shift = there
    part = _f4(0)
    for column in range(span[0], span[1]):
        k = _u(column)
        x, y = message[_u(2 * d + 1), q, i, k + ONE], message[_u(2 * d), to, row, k + shift]
        m, n = mean[q, i, k + ONE], mean[to, row, k + shift]
        both = (_ONE - x * m) * (_ONE - y * n) + t * ((m - x) * (n - y))
        part += log(both / ((_ONE - x * x) * (_ONE - y * y)))
    return np.float64(part)


@inner
def _row(message, mean, field, shape, q, i, n, slope, diagonal):
    """Sum the share of a row: its sites, and the edges that begin there."""
    odd = int(q & ONE)
    down = i + (q >> ONE)
    below = down <= rows_of(int(q ^ _TWO), shape[0])
    beside = columns_of(int(q ^ ONE), shape[1]) - odd  # sites with a neighbour to the right
    left = q & ONE
    sum_of_row = 0.0
    for first in range(0, n, TOGETHER):
        end = min(first + TOGETHER, n)
        sum_of_row += _sites(message, field, q, i, first, end, diagonal)
        there = q ^ ONE, i, left + ONE
        span = first, min(end, beside)
        sum_of_row += _edges(message, mean, (q, i), there, 0, span, slope[0])
        if below:
            there = q ^ _TWO, down, ONE
            sum_of_row += _edges(message, mean, (q, i), there, 1, (first, end), slope[1])
        if below and diagonal is not None:
            there = q ^ _THREE, down, left + ONE
            sum_of_row += _edges(message, mean, (q, i), there, 2, span, slope[2])
            there = q ^ _THREE, down, left
            span = max(first, 1 - odd), end
            sum_of_row += _edges(message, mean, (q, i), there, 3, span, slope[3])
    return sum_of_row


@pair
def bethe(message, mean, field, shape, slope, diagonal, rows):
    """Write each row's share of the Bethe approximation of log Z, for messages with c = 1.

    With the messages x_ij into j, m_i the mean at i and t = tanh J it is the sum over sites and
    edges of

        log(exp(h_i) prod_k (1 + x_ki) + exp(-h_i) prod_k (1 - x_ki)),
        log cosh J + log(((1 - x_ji m_i) (1 - x_ij m_j) + t (m_i - x_ji) (m_j - x_ij))
                         / ((1 - x_ji^2) (1 - x_ij^2))),

    which is that of `_kernels.bethe` for any messages; log cosh J is left to the caller.

    Parameters
    ----------
    message, shape, slope, diagonal
        As for `ratios.sweeps`.
    mean : array, shape (4, h, w), float32
        The means that the messages give.
    field : array, shape (4, h, w), float32
        The field h_i.
    rows : array, shape (4, h), float64
        Out.
    """
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            rows[q, i] = _row(message, mean, field, shape, _u(q), _u(i), n, slope, diagonal)


@inner
def _field_row(theta, message, field, q, i, n, diagonal, count, behind, ahead):
    """Write the fields of a row less what comes along one direction."""
    half = _HALF * count
    for column in range(n):
        here = _u(column) + ONE
        plus, minus = _heard(message, q, i, here, diagonal)
        x, y = message[behind, q, i, here], message[ahead, q, i, here]
        along = ((_ONE + x) * (_ONE + y)) / ((_ONE - x) * (_ONE - y))
        theta[q, i, here] = (
            field[q, i, here] + half * log(plus / minus) - _HALF * log(along)
        )  # fmt: skip


@pair
def forest_fields(theta, message, field, shape, diagonal, count, d):
    """Write a_i - (u_ki + u_li) / c, k and l being the neighbours in direction d.

    Parameters
    ----------
    theta : array, shape (4, h, w), float32
        Out.
    message, field, shape, diagonal
        As for `bethe`.
    count : float32
        c.
    d : int
        The direction.
    """
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            _field_row(
                theta, message, field, _u(q), _u(i), n, diagonal, count, _u(2 * d), _u(2 * d + 1)
            )

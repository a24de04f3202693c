"""Steps of the transfer matrix: one site joins the frontier, another leaves it.

A message holds the logarithm of a weight for each state of the frontier, 2^bits numbers. The
spin that leaves is the top bit of a state, the one that joins becomes the lowest, and all others
move up by one. Every step then reads two halves, and writes pairs, all in stride 1 or 2 wherever
the site lies in its row, so that the loop vectorises; after a row the order is the old one.

With four neighbours the frontier has the W spins above and left of the site, and the one above
leaves. With eight it has one more, and the one up left leaves; the one above is the next bit,
the one up right the one after that.

Weights are kept as what they lack of their largest: exp(J s t) as exp(J s t - |J|), so that
fields of 1e8 take no digits from those states that matter.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import formula, pair

_u = np.uintp
_ONE = np.uintp(1)

#: States of one block: what a thread takes at a time.
BLOCK = 1 << 12

_LOG2_E = 1.4426950408889634
_LN2 = 0.6931471805599453
_FARTHEST = 700.0  # exp(-700) is far below what float64 adds to 1, and no subnormal


@formula
def _softening(d):
    """Return log(1 + exp(-d)) of a float64 d >= 0, within 3e-16.

    exp by powers of two and its Taylor series, the logarithm as
    2 artanh(t / (2 + t)): series whose rest is below rounding.
    """
    d = min(d, _FARTHEST)
    n = np.int32(d * _LOG2_E + 0.5)
    r = np.float64(n) * _LN2 - d
    t = 1 / 479001600.0 + r * (1 / 6227020800.0)
    t = 1 / 3628800.0 + r * (1 / 39916800.0 + r * t)
    t = 1 / 40320.0 + r * (1 / 362880.0 + r * t)
    t = 1 / 720.0 + r * (1 / 5040.0 + r * t)
    t = 1 / 24.0 + r * (1 / 120.0 + r * t)
    t = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6.0 + r * t)))
    t *= np.int64(np.int64(1023 - n) << np.int64(52)).view(np.float64)
    s = t / (2.0 + t)
    u = s * s
    v = 1 / 29.0 + u * (1 / 31.0 + u * (1 / 33.0))
    v = 1 / 23.0 + u * (1 / 25.0 + u * (1 / 27.0 + u * v))
    v = 1 / 17.0 + u * (1 / 19.0 + u * (1 / 21.0 + u * v))
    v = 1 / 11.0 + u * (1 / 13.0 + u * (1 / 15.0 + u * v))
    v = 1 / 5.0 + u * (1 / 7.0 + u * (1 / 9.0 + u * v))
    return 2.0 * s * (1.0 + u * (1 / 3.0 + u * v))


@formula
def log_add(a, b, soft):
    """Return log(e^a + e^b) for soft 1, and the larger of both for soft 0."""
    return max(a, b) + soft * _softening(abs(a - b))


@formula
def _lacking(strength, agree):
    """Return what exp(strength s t) lacks of its largest, for s t = 1 where `agree` holds."""
    return 2 * min(strength, 0.0) if agree else -2 * max(strength, 0.0)


@formula
def _own(j, shifts, field, left, up, across, bright):
    """Return what the joining spin adds by itself and with all but the leaving one."""
    own = _lacking(field, bright)
    own += _lacking(left, ((j & _ONE) != 0) == bright)
    own += _lacking(up, ((j >> shifts[0] & _ONE) != 0) == bright)
    return own + _lacking(across, ((j >> shifts[1] & _ONE) != 0) == bright)


@pair
def forward(message, out, shifts, field, left, up, across, leaving, soft):
    """Let one site join the frontier, and sum over the spin that leaves.

    Parameters
    ----------
    message, out : array, shape (2^bits,), float64
        Logarithms of the weights before and after.
    shifts : tuple of 2 uintp
        Where the spins above and up right stand in a state without its top bit.
    field, left, up, across : float64
        Field of the site, strengths to the spins left, above and up right that stay.
    leaving : float64
        Strength to the spin that leaves.
    soft : float64
        1 for sums, 0 for the largest.
    """
    half = message.size // 2
    same, other = _lacking(leaving, True), _lacking(leaving, False)
    for block in numba.prange((half + BLOCK - 1) // BLOCK):
        for state in range(block * BLOCK, min((block + 1) * BLOCK, half)):
            j = _u(state)
            dark, bright = message[j], message[j + _u(half)]
            out[j + j] = log_add(dark + same, bright + other, soft) + _own(
                j, shifts, field, left, up, across, False
            )
            out[j + j + _ONE] = log_add(dark + other, bright + same, soft) + _own(
                j, shifts, field, left, up, across, True
            )


@pair
def backward(message, out, shifts, field, left, up, across, leaving, soft):
    """Go back over one step of `forward`: the transposed matrix, its arguments the same.

    `message` is the weight of all that follows, for each state after the step; `out` for each
    state before it.
    """
    half = message.size // 2
    same, other = _lacking(leaving, True), _lacking(leaving, False)
    for block in numba.prange((half + BLOCK - 1) // BLOCK):
        for state in range(block * BLOCK, min((block + 1) * BLOCK, half)):
            j = _u(state)
            dark = message[j + j] + _own(j, shifts, field, left, up, across, False)
            bright = message[j + j + _ONE] + _own(j, shifts, field, left, up, across, True)
            out[j] = log_add(dark + same, bright + other, soft)
            out[j + _u(half)] = log_add(dark + other, bright + same, soft)

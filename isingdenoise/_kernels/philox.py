"""Philox4x32-7, a counter-based generator (Salmon, Moraes, Dror and Shaw, SC 2011).

Seven rounds are the fewest that pass all of BigCrush in that paper; the ten
that are also common would cost a quarter of a Gibbs sweep.

A word depends on a counter and a key alone. The counter holds (block of the
row, row, sweep, chain) and the key the seed, so that a spin's random number
does not depend on the order of the sites, on threads, or on what ran before.
"""

from __future__ import annotations

import numpy as np

from ._jit import formula, kernel

_u4 = np.uint32
_u8 = np.uint64

_MULTIPLIER_0 = _u8(0xD2511F53)
_MULTIPLIER_1 = _u8(0xCD9E8D57)
_WEYL_0 = _u8(0x9E3779B9)
_WEYL_1 = _u8(0xBB67AE85)
_MASK = _u8(0xFFFFFFFF)
_HALF_WORD = _u8(32)
ROUNDS = 7


@formula
def philox4x32(c0, c1, c2, c3, k0, k1, rounds=ROUNDS):
    """Return the four 32-bit words of one counter.

    Parameters
    ----------
    c0, c1, c2, c3 : uint32
        The counter.
    k0, k1 : uint32
        The key.
    rounds : int
        How often the words are mixed.

    Returns
    -------
    tuple of 4 uint32
    """
    for _ in range(rounds):
        p0 = _MULTIPLIER_0 * _u8(c0)
        p1 = _MULTIPLIER_1 * _u8(c2)
        c0, c1, c2, c3 = (
            _u4(_u4(p1 >> _HALF_WORD) ^ c1 ^ k0),
            _u4(p1 & _MASK),
            _u4(_u4(p0 >> _HALF_WORD) ^ c3 ^ k1),
            _u4(p0 & _MASK),
        )
        k0 = _u4((_u8(k0) + _WEYL_0) & _MASK)
        k1 = _u4((_u8(k1) + _WEYL_1) & _MASK)
    return c0, c1, c2, c3


@formula
def symmetric_uniform(word):
    """Return a float32 in (-1, 1): odd multiples of 2^-23, from the top 23 bits of a word.

    Every value is exact in float32, the set is symmetric about 0, and neither
    end nor 0 is ever met.
    """
    odd = np.int32(np.int32(word >> _u4(9)) * np.int32(2) + np.int32(1 - (1 << 23)))
    return np.float32(odd) * np.float32(2.0**-23)


@kernel
def fill_row(out, n, row, sweep, chain, key0, key1):
    """Fill out[:n] with uniforms in (-1, 1).

    The four words of block k go to columns k, k + m, k + 2 m and k + 3 m, with
    m a quarter of the row: the loop over k is then stride 1 in all of them.

    Parameters
    ----------
    out : array, shape (at least 4 ceil(n / 4),), float32
        Scratch.
    n : int
        How many numbers are wanted.
    row, sweep, chain : uint32
        The rest of the counter.
    key0, key1 : uint32
        The seed.
    """
    quarter = np.uintp((n + 3) // 4)
    for block in range((n + 3) // 4):
        k = np.uintp(block)
        w0, w1, w2, w3 = philox4x32(_u4(block), row, sweep, chain, key0, key1)
        out[k] = symmetric_uniform(w0)
        out[k + quarter] = symmetric_uniform(w1)
        out[k + quarter + quarter] = symmetric_uniform(w2)
        out[k + quarter + quarter + quarter] = symmetric_uniform(w3)

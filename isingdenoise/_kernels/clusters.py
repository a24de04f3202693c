"""Swendsen-Wang cluster updates over the packed lattice.

A site's number is its place in the flattened planes. A cluster is known by the
smallest number in it, its root, whatever the order in which strengths are met: the
random number that decides it does not depend on that order either.
"""

from __future__ import annotations

import math

import numpy as np

from ._jit import inlined, kernel
from .functions import tanh
from .lattice import ONE, columns_of, rows_of
from .philox import philox4x32, symmetric_uniform

_f4 = np.float32
_u4 = np.uint32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_SHIFT = np.uint64(32)


@inlined
def _root(parent, site):
    """Return the root of a site's cluster, halving the way there."""
    while parent[site] != site:
        above = parent[parent[site]]
        parent[site] = above
        site = above
    return site


@inlined
def _join(parent, a, b):
    """Put two sites into one cluster; the smaller root stays."""
    a, b = _root(parent, a), _root(parent, b)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@inlined
def _bonded(word, agreement, strength, known):
    """Tell whether an edge is bonded: with probability 1 - exp(-2 |J|) where it is satisfied.

    `agreement` is the product of the labels, 0 beyond the border. The middle of 2^-32 of
    [0, 1) is compared, so that neither 0 nor 1 is met. Where `known`, `strength` is the
    probability with the sign of J.
    """
    satisfied = np.float64(agreement) * np.float64(strength)
    if not satisfied > 0:
        return False
    level = (np.float64(word) + 0.5) * 2.0**-32
    if known:
        return level < satisfied
    return math.exp(-2.0 * satisfied) < 1.0 - level


@inlined
def _bond_site(labels, parent, strengths, stride, q, i, here, counter, key):
    """Bond a site to those of its neighbours that come after it: right, down, both diagonals."""
    height, width = _u(labels.shape[1]), _u(labels.shape[2])
    left = here - ONE + (q & ONE)
    right = left + ONE
    down = i + (q >> ONE)
    label = labels[q, i, here]
    site = (q * height + i) * width + here
    side, above, far = q ^ ONE, q ^ _TWO, q ^ _THREE
    e, f, g = q * stride, i * stride, here * stride
    known = stride == 0
    w0, w1, w2, w3 = philox4x32(_u4(here), _u4(4 * i + q), counter[0], counter[1], key[0], key[1])
    if _bonded(w0, label * labels[side, i, right], strengths[0, e, f, g], known):
        _join(parent, site, (side * height + i) * width + right)
    if _bonded(w1, label * labels[above, down, here], strengths[1, e, f, g], known):
        _join(parent, site, (above * height + down) * width + here)
    if strengths.shape[0] > 2:
        if _bonded(w2, label * labels[far, down, right], strengths[2, e, f, g], known):
            _join(parent, site, (far * height + down) * width + right)
        if _bonded(w3, label * labels[far, down, left], strengths[3, e, f, g], known):
            _join(parent, site, (far * height + down) * width + left)


@kernel
def bond(labels, shape, strengths, parent, counter, key):
    """Draw the bonds between satisfied neighbours, and gather the sites into clusters.

    Parameters
    ----------
    labels : array, shape (4, h, w), int8
        The chain's state: -1 or +1 inside, 0 on the border.
    shape : tuple of int
        (H, W) of the picture.
    strengths : array, shape (2 or 4, 4, h, w) or (2 or 4, 1, 1, 1), floating
        J of the edges that begin at each site (right, down, down right, down left), or
        sign(J) (1 - exp(-2 |J|)) of all edges of a direction.
    parent : array, shape (4 h w,), uintp or uint32
        Out: at each site, one with a smaller number of the same cluster; a root is its own.
    counter : tuple of 2 uint32
        Sweep and chain.
    key : tuple of 2 uint32
        The seed.
    """
    stride = _u(1 if strengths.shape[1] > 1 else 0)
    for site in range(parent.size):
        parent[site] = site
    for row in range(1, (shape[0] + 1) // 2 + 1):
        for q in range(4):
            if row <= rows_of(q, shape[0]):
                for column in range(1, columns_of(q, shape[1]) + 1):
                    _bond_site(
                        labels, parent, strengths, stride, _u(q), _u(row), _u(column), counter, key
                    )


@kernel
def turn(labels, total, field, shape, parent, pull, keeps, weight, counter, key):
    """Draw every cluster: all its spins stay, or all turn; add the spins' means to `total`.

    With b the field of a cluster along its spins, b = sum_C h_i z_i, it stays with
    probability 1 / (1 + exp(-2 b)), and the mean of its spin i is z_i tanh(b).

    Parameters
    ----------
    labels : array, shape (4, h, w), int8
        The chain's state, changed in place.
    total : array, shape (4, h, w), float32
        Sum of the means given the strengths, added to in place.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    parent : array, shape (4 h w,)
        As `bond` left it.
    pull : array, shape (4 h w,), float64
        Room for the field of each cluster.
    keeps : array, shape (4 h w,), int8
        Room for what becomes of it.
    weight : float32
        What a mean counts in `total`: 0 while burning in, else 1.
    counter, key
        As of `bond`.
    """
    height, width = labels.shape[1], labels.shape[2]
    for q in range(4):
        for i in range(1, rows_of(q, shape[0]) + 1):
            first = (q * height + i) * width
            for k in range(1, columns_of(q, shape[1]) + 1):
                site = _u(first + k)
                # roots come first, so that the parent already knows its own
                root = parent[parent[site]]
                parent[site] = root
                if root == site:
                    pull[site] = 0.0
                pull[root] += np.float64(labels[q, i, k]) * np.float64(field[q, i, k])
    for q in range(4):
        for i in range(1, rows_of(q, shape[0]) + 1):
            first = (q * height + i) * width
            for k in range(1, columns_of(q, shape[1]) + 1):
                site = _u(first + k)
                root = parent[site]
                if root == site:
                    mean = tanh(_f4(pull[site]))
                    number = np.uint64(site)
                    # no row of `bond` has a number below 4, and no word is used twice
                    word = philox4x32(
                        _u4(number & np.uint64(0xFFFFFFFF)), _u4(number >> _SHIFT),
                        counter[0], counter[1], key[0], key[1],
                    )[0]  # fmt: skip
                    keeps[site] = 1 if symmetric_uniform(word) < mean else -1
                    pull[site] = mean
                label = labels[q, i, k]
                total[q, i, k] += weight * _f4(label) * _f4(pull[root])
                labels[q, i, k] = label * keeps[root]

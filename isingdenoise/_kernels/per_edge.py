"""All sweeps once more, for edges with strengths of their own.

They are compiled when such a model is first solved, and not before: models with one
strength for each direction neither wait for them nor pay for them. Strengths lie in
planes like spins do, at the site where their edge begins: `edges[d, q, i, k]` with d 0
towards the right, 1 down, 2 down right, 3 down left.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import entropy, tanh
from .gibbs import GROUPS
from .lattice import ONE, PLANES, columns_of, rows_of
from .philox import fill_row

_f4 = np.float32
_u4 = np.uint32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_LIMIT = _f4(1)
_HALF = _f4(0.5)


@inlined
def edge_sum(spins, edges, q, i, k, diagonal):
    """Return sum_j J_ij s_j for the site in row i and column k + 1 of plane q, all unsigned."""
    up = i - ONE + (q >> ONE)
    down = up + ONE
    here = k + ONE
    left = k + (q & ONE)
    right = left + ONE
    side, above = q ^ ONE, q ^ _TWO
    total = edges[0, side, i, left] * _f4(spins[side, i, left])
    total += edges[0, q, i, here] * _f4(spins[side, i, right])
    total += edges[1, above, up, here] * _f4(spins[above, up, here])
    total += edges[1, q, i, here] * _f4(spins[above, down, here])
    if diagonal is not None:
        far = q ^ _THREE
        total += edges[2, far, up, left] * _f4(spins[far, up, left])
        total += edges[2, q, i, here] * _f4(spins[far, down, right])
        total += edges[3, far, up, right] * _f4(spins[far, up, right])
        total += edges[3, q, i, here] * _f4(spins[far, down, left])
    return total


@inner
def _mean_field_row(new, mean, field, q, i, n, edges, diagonal, weight, threshold):
    """Move a row of means, as `mean_field._update_row` does."""
    largest = np.int32(0)
    moving = np.int32(0)
    for column in range(n):
        k = _u(column)
        here = k + ONE
        step = tanh(field[q, i, here] + edge_sum(mean, edges, q, i, k, diagonal)) - new[q, i, here]
        new[q, i, here] = min(max(new[q, i, here] + weight * step, -_LIMIT), _LIMIT)
        largest = max(largest, _f4(abs(step)).view(np.int32))
        moving += np.int32(abs(step) > threshold)
    return largest, moving


@pair
def mean_field_sweep(new, mean, field, shape, edges, diagonal, weight, threshold, residual, moving):
    """Update every site once: `mean_field.sweep` with `edges`; `diagonal` is True or None."""
    bits = residual.view(np.int32)
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            bits[q, i], moving[q, i] = _mean_field_row(
                new, mean, field, _u(q), _u(i), n, edges, diagonal, weight, threshold
            )


@inner
def _icm_row(labels, field, q, i, n, edges, diagonal):
    """Turn each label of a row towards its local field; return flips and energy given up."""
    flips = 0
    drop = 0.0
    for column in range(n):
        k = _u(column)
        here = k + ONE
        label = _f4(labels[q, i, here])
        agreement = label * (field[q, i, here] + edge_sum(labels, edges, q, i, k, diagonal))
        # Strictly below zero: on a tie the old label stays.
        flip = agreement < 0
        labels[q, i, here] = np.int8(-label if flip else label)
        flips += flip
        drop -= 2.0 * agreement if flip else 0.0
    return flips, drop


@pair
def icm_sweep(labels, field, shape, edges, diagonal, flips, drop):
    """Set every label to the mode of its conditional: `icm.sweep` with `edges`."""
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            flips[q, i], drop[q, i] = _icm_row(labels, field, _u(q), _u(i), n, edges, diagonal)


@inner
def _gibbs_row(labels, total, uniform, field, q, i, n, edges, diagonal, weight):
    """Draw a row from its conditionals and add their means, weighted, to `total`."""
    for column in range(n):
        k = _u(column)
        here = k + ONE
        mean = tanh(field[q, i, here] + edge_sum(labels, edges, q, i, k, diagonal))
        labels[q, i, here] = np.int8(1 if uniform[k] < mean else -1)
        total[q, i, here] += weight * mean


@pair
def gibbs_sweep(labels, total, scratch, field, shape, edges, diagonal, weight, counter, key):
    """Draw every site once: `gibbs.sweep` with `edges`, from the same random numbers."""
    for q in PLANES:
        n = columns_of(q, shape[1])
        rows = rows_of(q, shape[0])
        for group in numba.prange(GROUPS):
            uniform = scratch[group]
            for i in range(1 + group * rows // GROUPS, 1 + (group + 1) * rows // GROUPS):
                fill_row(uniform, n, _u4(4 * i + q), counter[0], counter[1], key[0], key[1])
                _gibbs_row(labels, total, uniform, field, _u(q), _u(i), n, edges, diagonal, weight)


@inner
def _objective_row(spins, field, q, i, n, edges, diagonal, entropies):
    """Sum a row's share of the objective in float64."""
    total = 0.0
    for column in range(n):
        k = _u(column)
        s = _f4(spins[q, i, k + ONE])
        # Each edge is met from both its ends, hence the half.
        total += s * (_HALF * edge_sum(spins, edges, q, i, k, diagonal) + field[q, i, k + ONE])
        if entropies is not None:
            total += entropy(s)
    return total


@pair
def objective(spins, field, shape, edges, diagonal, entropies, rows):
    """Write each row's share of the objective: `objective.objective` with `edges`."""
    for q in PLANES:
        n = columns_of(q, shape[1])
        for i in numba.prange(1, rows_of(q, shape[0]) + 1):
            rows[q, i] = _objective_row(spins, field, _u(q), _u(i), n, edges, diagonal, entropies)

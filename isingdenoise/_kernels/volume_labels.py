"""Labels of the packed volume: iterated conditional modes, and chromatic Gibbs sampling."""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inner, pair
from .functions import tanh
from .lattice import ONE, columns_of, rows_of
from .philox import fill_row
from .volume import phases_of, turn_of, volume_sum, voxel_row

_f4 = np.float32
_i4 = np.int32
_u4 = np.uint32
_u = np.uintp

#: Rows are drawn in so many groups, each with a scratch row of its own.
GROUPS = 64


@inner
def _turn_row(labels, field, z, q, i, n, along, diagonal, edges, corners):
    """Turn each label of a row towards its local field; return flips and energy given up."""
    flips = 0
    drop = 0.0
    for column in range(n):
        k = _u(column)
        here = k + ONE
        a = field[z, q, i, here] + volume_sum(labels, z, q, i, k, along, diagonal, edges, corners)
        label = _f4(labels[z, q, i, here])
        agreement = a * label
        # Strictly below zero: on a tie the old label stays.
        flip = agreement < 0
        labels[z, q, i, here] = np.int8(-label if flip else label)
        flips += flip
        drop -= 2.0 * agreement if flip else 0.0
    return flips, drop


@pair
def modes(labels, field, shape, along, diagonal, edges, corners, shift, flips, drop):
    """Set every label to the mode of its conditional, phase by phase.

    Parameters
    ----------
    labels : array, shape (D + 2, 4, h, w), int8
        Labels -1 or +1 inside, 0 on the border; changed in place.
    field : array, shape (D + 2, 4, h, w), float32
        The field h_i.
    shape : tuple of int
        (D, H, W) of the volume.
    along, diagonal, edges, corners, shift
        Strengths as of `volume_sum`, and as of `turn_of`.
    flips : array, shape (D + 2, 4, h), int64
        Out: labels changed in each row.
    drop : array, shape (D + 2, 4, h), float64
        Out: by how much those changes lowered the energy.
    """
    height = (shape[1] + 1) // 2
    for phase in range(phases_of(along, diagonal, edges, corners)):
        for number in numba.prange(shape[0] * height):
            z, i = voxel_row(number, height)
            for part in range(2):
                q = turn_of(phase, part, z, shift, along, diagonal, edges, corners)
                if q < 4 and i <= rows_of(q, shape[1]):
                    flips[z, q, i], drop[z, q, i] = _turn_row(
                        labels, field, _u(z), _u(q), _u(i), columns_of(q, shape[2]),
                        along, diagonal, edges, corners,
                    )  # fmt: skip


@inner
def _draw_row(
    labels, total, uniform, field, z, q, i, n, along, diagonal, edges, corners, weight
):  # fmt: skip
    """Draw a row from its conditionals and add their means, weighted, to `total`.

    With u uniform in (-1, 1), P(u < tanh(a)) = (1 + tanh(a)) / 2 = P(z = +1).
    """
    for column in range(n):
        k = _u(column)
        here = k + ONE
        a = field[z, q, i, here] + volume_sum(labels, z, q, i, k, along, diagonal, edges, corners)
        mean = tanh(a)
        labels[z, q, i, here] = np.int8(1 if uniform[k] < mean else -1)
        total[z, q, i, here] += weight * mean


@pair
def gibbs(
    labels, total, scratch, field, shape, along, diagonal, edges, corners, shift,
    weight, counter, key,
):  # fmt: skip
    """Draw every voxel once from its conditional, phase by phase.

    Parameters
    ----------
    labels : array, shape (D + 2, 4, h, w), int8
        The chain's state, changed in place.
    total : array, shape (D + 2, 4, h, w), float32
        Sum of the conditional means tanh(a_i), added to in place (the Rao-Blackwell estimate of
        the marginals; Gelfand and Smith 1990).
    scratch : array, shape (GROUPS, at least w + 2), float32
        Room for one row of uniforms for each group of rows.
    field, shape, along, diagonal, edges, corners, shift
        As for `modes`.
    weight : float32
        What a mean counts in `total`: 0 while burning in, else 1.
    counter : tuple of 2 uint32
        Sweep and chain.
    key : tuple of 2 uint32
        The seed.
    """
    height = (shape[1] + 1) // 2
    rows = shape[0] * height
    for phase in range(phases_of(along, diagonal, edges, corners)):
        for group in numba.prange(GROUPS):
            uniform = scratch[group]
            for number in range(group * rows // GROUPS, (group + 1) * rows // GROUPS):
                z, i = voxel_row(number, height)
                for part in range(2):
                    q = turn_of(phase, part, z, shift, along, diagonal, edges, corners)
                    if q < 4 and i <= rows_of(q, shape[1]):
                        n = columns_of(q, shape[2])
                        fill_row(
                            uniform, n, _u4(4 * number + q), counter[0], counter[1], key[0], key[1]
                        )
                        _draw_row(
                            labels, total, uniform, field, _u(z), _u(q), _u(i), n,
                            along, diagonal, edges, corners, weight,
                        )  # fmt: skip

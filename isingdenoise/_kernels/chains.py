"""Columns as exact chains, coupled by mean fields: structured mean field on the packed lattice.

A column of the picture runs through two planes in turn, q and q ^ 2, at the same place k of
their rows; columns of one parity are never neighbours. So they are updated side by side, in
loops over k, down the picture and up again, a block of columns a thread. A block is cut into
segments of rows; a segment is left out while nothing around it has moved: neither the
means of other columns nor what its own chains bring from above and below.

Edges have one strength for each direction (`coupling`, a tuple of 4, and `edges` None) or one
of their own (`edges` as in `per_edge`). `diagonal` is None where there are four neighbours.
None is known at compile time: each of the cases is compiled when it is first met.

What goes along chains is a field, u = atanh(tanh J tanh(a)), if `slope` is None. Else `slope` is
the tanh J of all edges along chains, and x = tanh(u) goes along: with theta the field of
a site it is slope (P - M) / (P + M), P = exp(theta) (1 + x), M = exp(-theta) (1 - x), which costs
one exponential instead of two and a logarithm. 1 - |x| must be no small number for that.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import inlined, inner, pair
from .functions import exp_negative, tanh, through
from .lattice import ONE, columns_of

_f4 = np.float32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)
_ONE, _MINUS_TWO = _f4(1), _f4(-2)

#: The largest |J| along chains for which x goes along: 1 - |x| is at least 0.095 there, and
#: its last place 4e-7 of it.
LIMIT = 1.5
#: Columns of one plane and rows of the picture that are done, or left out, together.
BLOCK = 64
SEGMENT = 8


@inlined
def strength(coupling, edges, d, q, i, k):
    """Return the strength of the edge in direction d that begins at column k of row i, plane q."""
    if edges is None:
        return coupling[d]
    return edges[d, q, i, k]


@inlined
def between(mean, q, i, k, coupling, edges, diagonal):
    """Return sum_j J_ij mean_j over the neighbours in other columns."""
    up = i - ONE + (q >> ONE)
    down = up + ONE
    here = k + ONE
    left = k + (q & ONE)
    right = left + ONE
    side = q ^ ONE
    total = strength(coupling, edges, 0, side, i, left) * mean[side, i, left]
    total += strength(coupling, edges, 0, q, i, here) * mean[side, i, right]
    if diagonal is not None:
        far = q ^ _THREE
        total += strength(coupling, edges, 2, far, up, left) * mean[far, up, left]
        total += strength(coupling, edges, 2, q, i, here) * mean[far, down, right]
        total += strength(coupling, edges, 3, far, up, right) * mean[far, up, right]
        total += strength(coupling, edges, 3, q, i, here) * mean[far, down, left]
    return total


@inlined
def _field_row(theta, mean, field, q, i, first, end, coupling, edges, diagonal):
    """Write the fields of a row of chains: h and what other columns pull."""
    for column in range(first, end):
        k = _u(column)
        pull = between(mean, q, i, k, coupling, edges, diagonal)
        theta[q, i, k + ONE] = field[q, i, k + ONE] + pull


@inlined
def parts(theta, x):
    """Return exp(theta - |theta|) (1 + x) and exp(-theta - |theta|) (1 - x)."""
    small = exp_negative(_MINUS_TWO * abs(theta))
    up = theta >= 0
    return (_ONE if up else small) * (_ONE + x), (small if up else _ONE) * (_ONE - x)


@inlined
def _on(J, slope, theta, heard):
    """Return what a site sends on."""
    if slope is None:
        return through(J, theta + heard)
    plus, minus = parts(theta, heard)
    return slope * (plus - minus) / (plus + minus)


@inlined
def _marginal(slope, theta, down, up):
    """Return the mean of a site that hears from both sides."""
    if slope is None:
        return tanh(theta + down + up)
    plus, minus = parts(theta, down)
    plus, minus = plus * (_ONE + up), minus * (_ONE - up)
    return (plus - minus) / (plus + minus)


@inlined
def send_row(message, theta, q, i, to, at, first, end, coupling, edges, slope, begins):
    """Send from row i of plane q to row `at` of plane `to`; the edge begins at `begins`."""
    above, upper = begins
    for column in range(first, end):
        here = _u(column) + ONE
        J = strength(coupling, edges, 1, above, upper, here)
        message[to, at, here] = _on(J, slope, theta[q, i, here], message[q, i, here])


@inner
def _change_row(message, theta, q, i, to, at, first, end, coupling, edges, slope, begins):
    """Return the bits of the largest change that `send_row` would make."""
    above, upper = begins
    largest = np.int32(0)
    for column in range(first, end):
        here = _u(column) + ONE
        J = strength(coupling, edges, 1, above, upper, here)
        new = _on(J, slope, theta[q, i, here], message[q, i, here])
        largest = max(largest, _f4(abs(new - message[to, at, here])).view(np.int32))
    return largest


@inlined
def _mean_row(new, theta, down, up, q, i, first, end, slope, weight):
    """Move a row of means towards those of the chains; return the bits of the largest step.

    It is one array that is read and written: two that were the same would be done site by site.
    """
    largest = np.int32(0)
    for column in range(first, end):
        here = _u(column) + ONE
        old = new[q, i, here]
        step = _marginal(slope, theta[q, i, here], down[q, i, here], up[q, i, here]) - old
        new[q, i, here] = min(max(old + weight * step, -_ONE), _ONE)
        largest = max(largest, _f4(abs(step)).view(np.int32))
    return largest


@inlined
def row_of(y, parity):
    """Return plane and row of a picture's row y, for the columns of a parity."""
    return _u(2 * (y & 1) + parity), _u((y >> 1) + 1)


@inner
def _pass_on(
    message, theta, y, other, parity, first, end, coupling, edges, slope, wanted, threshold
):
    """Send from row y to row `other` of the next segment, if that is wanted or makes a change.

    A change that is too small is not written: it would be forgotten.
    """
    q, i = row_of(y, parity)
    to, at = row_of(other, parity)
    begins = row_of(min(y, other), parity)
    bits = _change_row(message, theta, q, i, to, at, first, end, coupling, edges, slope, begins)
    changed = bits > threshold
    if changed or wanted:
        send_row(message, theta, q, i, to, at, first, end, coupling, edges, slope, begins)
    return changed


@inner
def _down(
    theta, message, mean, field, height, parity, first, end, coupling, edges, diagonal, slope,
    dirty, busy, threshold,
):  # fmt: skip
    """Find the fields of a block of chains, and what comes down to each site.

    Segments that are done are marked in `busy`.
    """
    changed = False
    for segment in range((height + SEGMENT - 1) // SEGMENT):
        busy[segment] = changed or dirty[segment + 1] > 0
        changed = False
        if not busy[segment]:
            continue
        top = segment * SEGMENT
        bottom = min(top + SEGMENT, height)
        for y in range(top, bottom):
            q, i = row_of(y, parity)
            _field_row(theta, mean, field, q, i, first, end, coupling, edges, diagonal)
            if y + 1 < bottom:
                to, at = row_of(y + 1, parity)
                send_row(message, theta, q, i, to, at, first, end, coupling, edges, slope, (q, i))
        if bottom < height:
            wanted = dirty[segment + 2] > 0
            changed = _pass_on(
                message, theta, bottom - 1, bottom, parity, first, end,
                coupling, edges, slope, wanted, threshold,
            )  # fmt: skip


@inner
def _up(
    new, theta, down, message, height, parity, first, end, coupling, edges, slope,
    busy, steps, threshold, weight,
):  # fmt: skip
    """Go up a block of chains and write their means.

    The bits of the largest step of each segment go into `steps`, -1 where it was left out.
    """
    changed = False
    for segment in range((height + SEGMENT - 1) // SEGMENT - 1, -1, -1):
        steps[segment] = -1
        if not (changed or busy[segment]):
            continue
        changed = False
        largest = np.int32(0)
        top = segment * SEGMENT
        for y in range(min(top + SEGMENT, height) - 1, top - 1, -1):
            q, i = row_of(y, parity)
            step = _mean_row(new, theta, down, message, q, i, first, end, slope, weight)
            largest = max(largest, step)
            if y > top:
                to, at = row_of(y - 1, parity)
                send_row(message, theta, q, i, to, at, first, end, coupling, edges, slope, (to, at))
        steps[segment] = largest
        if top > 0:
            wanted = busy[segment - 1] > 0
            changed = _pass_on(
                message, theta, top, top - 1, parity, first, end,
                coupling, edges, slope, wanted, threshold,
            )  # fmt: skip


@inner
def _announce(dirty, drift, steps, parity, block, segments, threshold):
    """Mark what lies around segments that have moved; return the largest step and their number."""
    largest, done = _f4(0), 0
    for segment in range(segments):
        if steps[segment] < 0:
            continue
        done += 1
        dirty[parity, block + 1, segment + 1] = 0
        step = np.int32(steps[segment]).view(np.float32)
        largest = max(largest, step)
        drift[parity, block, segment] += step
        if drift[parity, block, segment] > threshold:
            drift[parity, block, segment] = 0
            for beside in range(block, block + 3):
                for near in range(segment, segment + 3):
                    dirty[1 - parity, beside, near] = 1
    return largest, done


@pair
def sweep(
    new, mean, theta, down, up, field, shape, coupling, edges, diagonal, slope,
    dirty, drift, busy, steps, threshold, weight, residual, done,
):  # fmt: skip
    """Set the columns of one parity to their marginals where they may have moved, then the others.

    Parameters
    ----------
    new : array, shape (4, h, w), float32
        Means, moved: `mean` itself, or a copy for a look that changes no mean.
    mean : array, shape (4, h, w), float32
        Means.
    theta : array, shape (4, h, w), float32
        The fields of the chains, h and the mean fields of other columns.
    down, up : array, shape (4, h, w), float32
        What each site hears along its chain from above and below; zeros at first.
    field : array, shape (4, h, w), float32
        The field h_i.
    shape : tuple of int
        (H, W) of the picture.
    coupling, edges, diagonal
        Strengths, as described above.
    slope : float32 or None
        tanh J along chains, where messages are to be x, as described above.
    dirty : array, shape (2, blocks + 2, segments + 2), uint8
        Which segments to do, of each parity; with a border.
    drift : array, shape (2, blocks, segments), float32
        How far the means of a segment have moved since that was announced.
    busy, steps : array, shape (2, blocks, segments), uint8 and int32
        Scratch.
    threshold : float32
        The largest change of means and messages that is not announced.
    weight : float32
        Weight of the new means, in [1, 1.5]; means stay in [-1, 1].
    residual : array, shape (2, blocks), float32
        Out: the largest |marginal - mean|.
    done : array, shape (2, blocks), int64
        Out: how many segments were done.
    """
    segments = (shape[0] + SEGMENT - 1) // SEGMENT
    change = _f4(threshold)
    if slope is not None:
        change *= _ONE - slope * slope  # at least what x changes by where u does by `threshold`
    limit = _f4(change).view(np.int32)
    for parity in range(2):
        n = columns_of(parity, shape[1])
        for block in numba.prange((n + BLOCK - 1) // BLOCK):
            first = block * BLOCK
            end = min(first + BLOCK, n)
            _down(
                theta, down, mean, field, shape[0], parity, first, end,
                coupling, edges, diagonal, slope,
                dirty[parity, block + 1], busy[parity, block], limit,
            )  # fmt: skip
            _up(
                new, theta, down, up, shape[0], parity, first, end, coupling, edges, slope,
                busy[parity, block], steps[parity, block], limit, weight,
            )  # fmt: skip
            residual[parity, block], done[parity, block] = _announce(
                dirty, drift, steps[parity, block], parity, block, segments, threshold
            )

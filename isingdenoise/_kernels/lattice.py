"""The packed lattice: four planes, one for each parity of row and column.

Site (y, x) of an H x W picture lies in plane `2 (y % 2) + x % 2` at row
`y // 2 + 1` and column `x // 2 + 1`; a border of zeros one wide surrounds each
plane. Sites of one plane are never neighbours, not even diagonally, so a plane
is updated in any order, in one stride-1 loop without branches. The neighbours
of plane q all lie in the planes q ^ 1 (left, right), q ^ 2 (up, down) and
q ^ 3 (diagonals). Four neighbours need two colours, {0, 3} and {1, 2}; eight
need all four: visiting the planes in the order `PLANES` serves both.
"""

from __future__ import annotations

import numba
import numpy as np

from ._jit import formula, inlined, pair

#: The order in which a sweep visits the planes.
PLANES = (0, 3, 1, 2)

ONE = np.uintp(1)
_f4 = np.float32
_u = np.uintp
_TWO = np.uintp(2)
_THREE = np.uintp(3)


def allocate(shape, dtype):
    """Return zeroed planes for a picture of `shape`, (4, H/2 + 2, W/2 + 2) rounded up."""
    height, width = shape
    return np.zeros((4, (height + 1) // 2 + 2, (width + 1) // 2 + 2), dtype)


def empty(shape, dtype):
    """Return planes for `pack` to fill: of the border the first and the last row are zero."""
    height, width = shape
    planes = np.empty((4, (height + 1) // 2 + 2, (width + 1) // 2 + 2), dtype)
    planes[:, 0] = planes[:, -1] = 0
    return planes


@pair
def pack(image, low, high, planes, strange):
    """Copy an H x W array into planes, clipped to [low, high].

    Parameters
    ----------
    image : array, shape (H, W), float32 or int8
        What to copy.
    low, high : number of the same type
        The bounds.
    planes : array, shape (4, h, w)
        Out: of the image's type; all is written but the first and the last row.
    strange : array, shape (h,), int64
        Out: not 0 where the two rows hold NaN.
    """
    height, width = image.shape
    end = planes.shape[2] - 1
    for i in numba.prange((height + 1) // 2):
        count = 0
        for y in range(2 * i, 2 * i + 2):
            row = 2 * (y & 1)
            # the border here, too: a thread is the first to touch what it works on
            planes[row, i + 1, 0] = planes[row + 1, i + 1, 0] = 0
            planes[row, i + 1, end] = planes[row + 1, i + 1, end] = 0
            if y == height:  # an odd height: these planes have a row less
                for k in range(end):
                    planes[row, i + 1, _u(k)] = planes[row + 1, i + 1, _u(k)] = 0
                continue
            # both columns of a pair in one loop: the compiler loads them together
            for k in range(width // 2):
                even, odd = image[y, _u(2 * k)], image[y, _u(2 * k + 1)]
                count += np.isnan(even) or np.isnan(odd)
                planes[row, _u(i + 1), _u(k + 1)] = min(max(even, low), high)
                planes[row + 1, _u(i + 1), _u(k + 1)] = min(max(odd, low), high)
            if width & 1:
                last = image[y, width - 1]
                count += np.isnan(last)
                planes[row, i + 1, width // 2 + 1] = min(max(last, low), high)
                planes[row + 1, i + 1, width // 2 + 1] = 0
        strange[i] = count


@pair
def unpack(planes, image):
    """Copy planes back into the H x W array `image` of the same type."""
    height, width = image.shape
    for i in numba.prange((height + 1) // 2):
        for y in range(2 * i, min(2 * i + 2, height)):
            row = 2 * (y & 1)
            for k in range(width // 2):
                image[y, _u(2 * k)] = planes[row, _u(i + 1), _u(k + 1)]
                image[y, _u(2 * k + 1)] = planes[row + 1, _u(i + 1), _u(k + 1)]
            if width & 1:
                image[y, width - 1] = planes[row, i + 1, width // 2 + 1]


@pair
def unpack_signed(planes, image, labels):
    """Copy planes of means into the H x W array `image`, and their signs (0 is +1) into `labels`.

    Parameters
    ----------
    planes : array, shape (4, h, w), float32
        Packed means.
    image : array, shape (H, W), float32
        Out.
    labels : array, shape (H, W), int8
        Out.
    """
    height, width = image.shape
    for i in numba.prange((height + 1) // 2):
        for y in range(2 * i, min(2 * i + 2, height)):
            row = 2 * (y & 1)
            for k in range(width // 2):
                even = planes[row, _u(i + 1), _u(k + 1)]
                odd = planes[row + 1, _u(i + 1), _u(k + 1)]
                image[y, _u(2 * k)], image[y, _u(2 * k + 1)] = even, odd
                labels[y, _u(2 * k)] = 1 if even >= 0 else -1
                labels[y, _u(2 * k + 1)] = 1 if odd >= 0 else -1
            if width & 1:
                last = planes[row, i + 1, width // 2 + 1]
                image[y, width - 1] = last
                labels[y, width - 1] = 1 if last >= 0 else -1


@pair
def signs(mean, shape, labels):
    """Write the sign of each packed mean into packed labels; 0 is +1, the border stays 0."""
    for j in numba.prange(4 * (mean.shape[1] - 2)):
        q, i = j & 3, (j >> 2) + 1
        if i <= rows_of(q, shape[0]):
            for k in range(1, columns_of(q, shape[1]) + 1):
                labels[q, i, _u(k)] = 1 if mean[q, i, _u(k)] >= 0 else -1


@formula
def rows_of(q, height):
    """Return how many rows of an H x W picture lie in plane q."""
    return (height - (q >> 1) + 1) // 2


@formula
def columns_of(q, width):
    """Return how many columns of an H x W picture lie in plane q."""
    return (width - (q & 1) + 1) // 2


@inlined
def neighbour_sum(spins, q, i, k, coupling, diagonal):
    """Return sum_j J_ij s_j over the neighbours of a site.

    Indices are unsigned: a signed one might be negative, which numba turns
    into a select of two addresses, and the compiler into a gather. They index
    the planes themselves: a view of a row is counted as a further reference, and
    threads would contend for that count.

    Parameters
    ----------
    spins : array, shape (4, h, w), float32 or int8
        Means or labels.
    q, i : uintp
        The site's plane and row; of several sets of four planes in one array, any plane.
    k : uintp
        Its column, from 0, without the border: it stands at k + 1.
    coupling : tuple of 2 float32
        Horizontal and vertical strength.
    diagonal : tuple of 2 float32 or None
        Strengths of diagonal (down right) and antidiagonal. None is known at
        compile time, so four neighbours pay nothing for the other four.
    """
    up = i - ONE + (q >> ONE & ONE)
    down = up + ONE
    here = k + ONE
    left = k + (q & ONE)
    right = left + ONE
    side, above = q ^ ONE, q ^ _TWO
    total = coupling[0] * (_f4(spins[side, i, left]) + _f4(spins[side, i, right]))
    total += coupling[1] * (_f4(spins[above, up, here]) + _f4(spins[above, down, here]))
    if diagonal is not None:
        far = q ^ _THREE
        total += diagonal[0] * (_f4(spins[far, up, left]) + _f4(spins[far, down, right]))
        total += diagonal[1] * (_f4(spins[far, up, right]) + _f4(spins[far, down, left]))
    return total

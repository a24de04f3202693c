r"""What stands in flat surroundings: the most noise that a picture can have.

A surrounding is flat where all 24 neighbours of a pixel lie on one side of a
threshold. Whether a pixel is noisy does not depend on its neighbours, so the
share of pixels that stand against any kind of surroundings is at least that of
the flips, and the variance in any kind of surroundings at least that of the
noise. Flat ones come nearest: what is seen there repeats everywhere, while
strokes, edges, dots of a halftone and modules of a code do not reach them.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import observed

__all__ = [
    "Side",
    "Surroundings",
    "flat_surroundings",
    "grown",
    "impulses_in",
    "spread_in",
    "thinned",
    "undisturbed",
]

NEAR, FAR = 2, 6  # pixels that surroundings reach
_RARE = 0.005  # share of flips from which surroundings that reach far are hard to find
_MANY = 10_000
_APART = 3  # pixels between two that are compared: beyond each other's surroundings
TELLING = 30  # flat surroundings that tell a share
_FEWEST = 400  # flat surroundings for their counts and spreads to be trusted
_SMALLEST = 1 << 18  # pixels of a picture from which differences are taken in bands only

#: How often a pixel of a clean picture stands alone in flat surroundings: a dot, dirt.
CLEAN = 1e-4

Bits = NDArray[np.uint8]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """Pixels in flat surroundings of one level, and those among them of the other level."""

    count: int
    against: int

    @property
    def enough(self) -> bool:
        """Whether there are enough of them to tell a share."""
        return self.count >= _FEWEST

    @property
    def most(self) -> float:
        """The largest share of flips that goes with these counts (three standard errors)."""
        return min((self.against + 3 * math.sqrt(self.against) + 1) / max(self.count, 1), 1.0)

    @property
    def evidence(self) -> float:
        r"""Nats by which flips at the share seen beat those at `CLEAN`.

        .. math:: k \log\frac{k / n}{\epsilon} - (k - n \epsilon), \quad k > n \epsilon
        """
        expected = self.count * CLEAN
        if self.against <= expected:
            return 0.0
        return self.against * math.log(self.against / expected) - (self.against - expected)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Flat surroundings of a thresholded picture.

    Attributes
    ----------
    dark, bright : Side
        Where all neighbours are dark, and where all are bright.
    rings : tuple of ndarray, shape (H, ceil(W / 8)), uint8
        Which pixels have dark, and which bright surroundings; one bit each.
    """

    dark: Side
    bright: Side
    rings: tuple[Bits, Bits]

    @property
    def both(self) -> Side:
        """Dark and bright ones together."""
        return Side(self.dark.count + self.bright.count, self.dark.against + self.bright.against)


def flat_surroundings(bright: Bools, known: Bools | None = None, reach: int = NEAR) -> Surroundings:
    """Return which pixels have flat surroundings, and how many stand against them.

    Missing pixels, and those beyond the border, stand against nothing.

    Parameters
    ----------
    bright : ndarray of bool, shape (H, W)
        The thresholded picture.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    reach : int
        How far surroundings go, up to 7: 24 neighbours for 2, 168 for 6.
    """
    inside = np.packbits(np.ones((1, bright.shape[1]), np.bool_), axis=1)
    seen = inside if known is None else np.packbits(known, axis=1)
    lit = np.packbits(bright, axis=1)
    rings, sides = [], []
    for plane in (~lit, lit):
        ring = _ring(plane | ~seen, reach) & seen
        rings.append(ring)
        sides.append(Side(_count(ring), _count(ring & ~plane)))
    return Surroundings(sides[0], sides[1], (rings[0], rings[1]))


def undisturbed(bright: Bools, known: Bools | None = None) -> Surroundings:
    """Return flat surroundings that tell the share of flips best.

    Where few pixels stand out these are far from everything else, where there
    are such: dots of a text have company, flips have none in particular.

    Parameters
    ----------
    bright, known
        As in `flat_surroundings`.
    """
    near = flat_surroundings(bright, known)
    if near.both.against > _RARE * near.both.count or not near.both.against:
        return near
    far = flat_surroundings(bright, known, FAR)
    return far if far.both.count >= _MANY else near


def spread_in(
    x: NDArray[Any],
    mask: Bools | None,
    threshold: float,
    outliers: Bools | None = None,
    sides: tuple[bool, bool] = (True, True),
) -> float | None:
    r"""Return the standard deviation of the noise as flat surroundings show it, or None.

    .. math:: \sigma^2 = \tfrac12 \, \overline{(x_i - x_j)^2}

    over pixels three rows or columns apart that both have flat surroundings of
    the same side: neither depends on the other's, edges and the light drop
    out, and noise that is alike in neighbouring pixels counts in full. Of
    large pictures bands are taken. None where there are too few.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    threshold : float
        Pixels above it are bright.
    outliers : ndarray of bool, shape (H, W), optional
        Pixels that are not compared, such as impulses.
    sides : tuple of bool
        Whether to look at dark, and at bright surroundings.
    """
    if x.dtype == np.bool_:
        return None
    x, mask, outliers = _at_most(x), _at_most(mask), _at_most(outliers)
    known = observed(x, mask)
    with np.errstate(invalid="ignore"):
        around = flat_surroundings(x > threshold, known)
    total, pairs = 0.0, 0
    for ring in itertools.compress(around.rings, sides):
        flat = np.unpackbits(ring, axis=1, count=x.shape[1]).view(np.bool_)
        if outliers is not None:
            flat &= ~outliers
        for a, b in _pairs(flat):
            where = flat[a] & flat[b]
            difference = x[a][where].astype(np.float64) - x[b][where]
            total += float(np.einsum("n,n->", difference, difference))
            pairs += difference.size
    return math.sqrt(total / (2 * pairs)) if pairs >= _FEWEST else None


def impulses_in(
    x: NDArray[Any], mask: Bools | None, middle: float, ends: tuple[float, float]
) -> tuple[Side, Side]:
    """Return how many pixels in flat surroundings are salt on dark, and pepper on bright ones.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    middle : float
        Between the levels.
    ends : tuple of float
        Values at or beyond one are impulses.

    Notes
    -----
    Of large pictures bands are taken.
    """
    x, mask = _at_most(x), _at_most(mask)
    known = None if mask is None and x.dtype.kind != "f" else observed(x, mask)
    around = flat_surroundings(np.asarray(x > middle), known)
    salt, pepper = (
        Side(_count(ring), _count(ring & np.packbits(at_end, axis=1)))
        for ring, at_end in zip(around.rings, (x >= ends[1], x <= ends[0]), strict=True)
    )
    return salt, pepper


def _at_most(x: Any) -> Any:
    """Return bands of a large picture, or all of a smaller one; None of None."""
    if x is None or x.size <= _SMALLEST:
        return x
    return thinned(x, slice(None, None, math.ceil(x.size / _SMALLEST)))


def thinned(x: Any, skip: slice) -> Any:
    """Return every so many bands of 24 rows of a picture; None of None."""
    if x is None:
        return None
    height = x.shape[0]
    tall = 24
    starts = np.arange(0, max(height - tall, 1), tall)[skip]
    return np.concatenate([x[top : top + tall] for top in starts])


def _pairs(flat: Bools) -> list[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    near, far, every = slice(None, -_APART), slice(_APART, None), slice(None)
    return [((every, near), (every, far)), ((near, every), (far, every))]


def _ring(plane: Bits, reach: int) -> Bits:
    """Return where all neighbours are set; what lies outside counts as set."""
    beside = _from_right(plane, 1) & _from_left(plane, 1)
    for k in range(2, reach + 1):
        beside &= _from_right(plane, k)
        beside &= _from_left(plane, k)
    row = beside & plane
    out = beside.copy()
    for k in range(1, reach + 1):
        out[k:] &= row[:-k]
        out[:-k] &= row[k:]
    return out


def grown(plane: Bits, reach: int) -> Bits:
    """Return a plane of bits whose set ones have spread by `reach` pixels in all directions.

    Parameters
    ----------
    plane : ndarray, shape (H, ceil(W / 8)), uint8
        Bits of the rows of a picture; those beyond its width may become set.
    reach : int
        Pixels, up to 7.
    """
    row = plane.copy()
    for k in range(1, reach + 1):
        row |= np.left_shift(plane, k, dtype=np.uint8)
        row[:, :-1] |= plane[:, 1:] >> (8 - k)
        row |= np.right_shift(plane, k, dtype=np.uint8)
        row[:, 1:] |= np.left_shift(plane[:, :-1], 8 - k, dtype=np.uint8)
    out = row.copy()
    for k in range(1, reach + 1):
        out[k:] |= row[:-k]
        out[:-k] |= row[k:]
    return out


def _from_right(plane: Bits, by: int) -> Bits:
    """Return a plane whose bits are those `by` columns to the right, 1 from outside."""
    out = np.left_shift(plane, by, dtype=np.uint8)
    out[:, :-1] |= plane[:, 1:] >> (8 - by)
    out[:, -1] |= np.uint8((1 << by) - 1)
    return out


def _from_left(plane: Bits, by: int) -> Bits:
    out = np.right_shift(plane, by, dtype=np.uint8)
    out[:, 1:] |= plane[:, :-1] << (8 - by)
    out[:, 0] |= np.uint8((0xFF << (8 - by)) & 0xFF)
    return out


def _count(bits: Bits) -> int:
    return int(np.bitwise_count(bits).sum(dtype=np.int64))

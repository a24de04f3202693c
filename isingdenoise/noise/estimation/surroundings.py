r"""What stands in flat surroundings: the most noise that a picture can have.

A surrounding is flat where all 24 neighbours of a pixel lie on one side of a
threshold. Whether a pixel is noisy does not depend on its neighbours, so the
share of pixels that stand against any kind of surroundings is at least that of
the flips, and the variance in any kind of surroundings at least that of the
noise. Flat ones come nearest: what is seen there repeats everywhere, while
strokes, edges, dots of a halftone and modules of a code do not reach them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import observed_or_none
from .bits import Bits, count, ring
from .grey import bands
from .regular import regular

__all__ = [
    "CLEAN",
    "FAR",
    "NEAR",
    "TELLING",
    "Side",
    "Surroundings",
    "flat_surroundings",
    "impulses_in",
    "spread_between",
    "spread_in",
    "surroundings_of",
    "undisturbed",
]

NEAR, FAR = 2, 6  # pixels that surroundings reach
_RARE = 0.005  # share of flips from which surroundings that reach far are hard to find
_MANY = 10_000
_APART = 3  # pixels between two that are compared: beyond each other's surroundings
TELLING = 30  # flat surroundings that tell a share
_FEWEST = 400  # flat surroundings for their counts and spreads to be trusted

_NEAREST, _FARTHEST, _EVERY = slice(None, -_APART), slice(_APART, None), slice(None)
_PAIRS = (((_EVERY, _NEAREST), (_EVERY, _FARTHEST)), ((_NEAREST, _EVERY), (_FARTHEST, _EVERY)))

#: How often a pixel of a clean picture stands alone in flat surroundings: a dot, dirt.
CLEAN = 1e-4

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


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Flat surroundings of a thresholded picture.

    Attributes
    ----------
    dark, bright : Side
        Where all neighbours are dark, and where all are bright.
    rings : tuple of ndarray, shape (H, ceil(W / 8)), uint8
        Which pixels have dark, and which bright surroundings; one bit each.
    width : int
        W, the columns of the picture.
    regular : ndarray, shape (n,), intp
        Pixels that stand out at equal distances, as indices into the picture;
        they count neither for nor against a level.
    """

    dark: Side
    bright: Side
    rings: tuple[Bits, Bits]
    width: int
    regular: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))

    @property
    def both(self) -> Side:
        """Dark and bright ones together."""
        return Side(self.dark.count + self.bright.count, self.dark.against + self.bright.against)

    @property
    def flat(self) -> list[Bools]:
        """Which pixels have dark, and which bright surroundings, shape (H, W) each."""
        return [np.unpackbits(r, axis=1, count=self.width).view(np.bool_) for r in self.rings]


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
        flat = ring(plane | ~seen, reach) & seen
        rings.append(flat)
        sides.append(Side(count(flat), count(flat & ~plane)))
    return Surroundings(sides[0], sides[1], (rings[0], rings[1]), bright.shape[1])


def surroundings_of(
    x: NDArray[Any], mask: Bools | None, threshold: float, reach: int = NEAR
) -> Surroundings:
    """Return the flat surroundings of a grey picture; parameters as of `flat_surroundings`."""
    with np.errstate(invalid="ignore"):
        bright = np.asarray(x > threshold)
    return flat_surroundings(bright, observed_or_none(x, mask), reach)


def undisturbed(bright: Bools, known: Bools | None = None) -> Surroundings:
    """Return flat surroundings that tell the share of flips best.

    Where few pixels stand out these are far from everything else, where there
    are such: dots of a text have company, flips have none in particular. What
    stands out at equal distances is part of the picture (`regular`).

    Parameters
    ----------
    bright, known
        As in `flat_surroundings`.
    """
    near = flat_surroundings(bright, known)
    if not near.both.against:
        return near
    best = near
    if near.both.against <= _RARE * near.both.count:
        far = flat_surroundings(bright, known, FAR)
        best = far if far.both.count >= _MANY else near
    return _at_random(best, near, bright)


def _at_random(around: Surroundings, near: Surroundings, bright: Bools) -> Surroundings:
    """Return surroundings without what stands against the nearest ones at equal distances."""
    sides, places = [], []
    for side, flat, nearest, level in zip(
        (around.dark, around.bright), around.flat, near.flat, (False, True), strict=True
    ):
        evenly = regular(np.flatnonzero(nearest & (bright != level)), around.width)
        less = int(np.count_nonzero(flat.flat[evenly]))
        sides.append(Side(side.count - less, side.against - less))
        places.append(evenly)
    return replace(around, dark=sides[0], bright=sides[1], regular=np.concatenate(places))


def spread_in(x: NDArray[Any], mask: Bools | None, threshold: float) -> float | None:
    """Return the standard deviation of the noise as flat surroundings show it, or None.

    Of large pictures parts are taken. None where there are too few.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    threshold : float
        Pixels above it are bright.
    """
    if x.dtype == np.bool_:
        return None
    x, mask = bands(x), None if mask is None else bands(mask)
    return spread_between(x, surroundings_of(x, mask, threshold).flat)


def spread_between(x: NDArray[Any], flat: Sequence[Bools]) -> float | None:
    r"""Return the standard deviation of noise by differences, or None where there are too few.

    .. math:: \sigma^2 = \tfrac12 \, \overline{(x_i - x_j)^2}

    over pixels three rows or columns apart that both have flat surroundings of
    the same side: neither depends on the other's, edges and the light drop
    out, and noise that is alike in neighbouring pixels counts in full.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    flat : sequence of ndarray of bool, shape (H, W)
        Pixels with flat surroundings, of one side each.
    """
    total, pairs = 0.0, 0
    for side in flat:
        for a, b in _PAIRS:
            where = side[a] & side[b]
            difference = x[a][where].astype(np.float64) - x[b][where]
            total += float(np.einsum("n,n->", difference, difference))
            pairs += difference.size
    return math.sqrt(total / (2 * pairs)) if pairs >= _FEWEST else None


def impulses_in(
    x: NDArray[Any], mask: Bools | None, middle: float, ends: tuple[float, float]
) -> tuple[Side, Side]:
    """Return how many pixels in flat surroundings are salt on dark, and pepper on bright ones.

    Of large pictures parts are taken.

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
    """
    x, mask = bands(x), None if mask is None else bands(mask)
    rings = surroundings_of(x, mask, middle).rings
    salt, pepper = (
        Side(count(flat), count(flat & np.packbits(at_end, axis=1)))
        for flat, at_end in zip(rings, (x >= ends[1], x <= ends[0]), strict=True)
    )
    return salt, pepper

r"""Specks: small components that lie at random, told from dots, which have company.

Specks fall on the picture like rain: as many of a size on an area near text as
on the same area far from it. Dots of the text (of an i, full stops, umlauts)
lie near larger components and nowhere else. So where components of
one shape are no more frequent near larger ones than the area there explains,

.. math:: n_{near} \le \lambda A_{near} + 2 \sqrt{\lambda A_{near}}, \qquad
          \lambda = n_{far} / A_{far},

all of them are specks; where they are more frequent, some are dots, and only
those far from everything are taken for specks.
Dots of a leader or of a halftone are far from larger components as well, but
they lie at equal distances in a row, or more evenly than at random.

References
----------
Efron, Large-Scale Inference (2010), chapter 5, for what the null explains;
Diggle, Statistical Analysis of Spatial Point Patterns (2003), for
the index of dispersion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bits import count, grown
from .parts import FAR, LARGEST, PER_SIZE, Parts, small_parts

__all__ = ["LARGEST", "NO_SPECKS", "Specks", "find_specks", "has_lone_parts"]

_EXCESS = 3.0  # times as many specks as single flips make by chance, side by side
#: Ways in which so many pixels hang together, one of them given: 8-connected lattice animals.
_ANIMALS = (0.0, 1.0, 4.0, 20.0, 110.0, 638.0, 3832.0, 23592.0, 147941.0, 940982.0)
_ROUNDS = 30
_MOST_ALONE = 1 / 9  # from this share of flips on fewer of them stand alone
_CHANCE = 2.0  # standard errors
_CLEAN = 2e-6  # of each size on a pixel of a clean picture: dirt
_FEWEST = 10  # specks far from anything
_CELL = 48
_EVEN = 0.6  # index of dispersion below which dots are spread more evenly than at random
_REACH = 60  # pixels to the next dot of a leader, at most
_INK = 3.0  # larger components have as many times the pixels of specks, or specks are the picture

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Specks:
    """Small components of one colour.

    Attributes
    ----------
    rows, columns : ndarray, shape (n,)
        Their pixels.
    speck : ndarray, shape (n,), bool
        Whether the pixel belongs to a speck.
    count : int
        How many specks there are.
    pixels : int
        How many pixels they have.
    evidence : float
        Nats by which specks at random lead a clean picture.
    """

    rows: Ints
    columns: Ints
    speck: Bools
    count: int
    pixels: int
    evidence: float


_NOWHERE = np.empty(0, np.intp)
#: Of a picture without small parts.
NO_SPECKS = Specks(_NOWHERE, _NOWHERE, np.empty(0, np.bool_), 0, 0, 0.0)


def find_specks(plane: Bools) -> Specks:
    """Return the specks among the components of a picture.

    Parameters
    ----------
    plane : ndarray of bool, shape (H, W)
        True for the colour that specks have.
    """
    parts = small_parts(plane)
    in_line = _in_line(parts)
    far = (parts.distance >= FAR) & ~in_line
    none = np.zeros(parts.rows.size, np.bool_)
    specks = np.zeros(parts.kind.size, np.bool_)
    evidence = 0.0
    if np.count_nonzero(far) >= _FEWEST and _at_random(parts, far):
        area = parts.areas[FAR]
        flips = _flips(np.count_nonzero(far & (parts.size == 1)) / area)
        for kind in np.unique(parts.kind[far]):
            of_kind = parts.kind == kind
            k = int(np.count_nonzero(far & of_kind))
            size = int(kind) // PER_SIZE
            expected = area * (_CLEAN + _ANIMALS[size] * flips**size * (size > 1))
            if k <= max(_EXCESS * expected, 2):
                continue
            if size > 1:  # single pixels are flips as well
                evidence += k * math.log(k / expected) - (k - expected)
            specks |= far & of_kind
            near = of_kind & (parts.distance < FAR)
            by_chance = k / area * float(parts.areas[:FAR].sum())
            if np.count_nonzero(near) <= by_chance + _CHANCE * math.sqrt(by_chance):
                specks |= near & ~in_line  # as many as far away: none of them is a dot
    pixels = int(parts.size[specks].sum())
    if parts.large < _INK * pixels:
        return Specks(parts.rows, parts.columns, none, 0, 0, 0.0)
    of_pixel = specks[parts.part] if parts.part.size else none
    count = int(np.count_nonzero(specks))
    return Specks(parts.rows, parts.columns, of_pixel, count, pixels, evidence)


def _flips(alone: float) -> float:
    """Return the share p of flips of which so many stand alone: p (1 - p)^8 of all pixels."""
    p = alone
    for _ in range(_ROUNDS):
        p = min(alone / (1 - p) ** 8, _MOST_ALONE)
    return p


def has_lone_parts(plane: Bools) -> bool:
    """Return whether many pixels lie more than four away from any stroke, four pixels long.

    It takes a small part of the time that labelling takes, and clean pages
    mostly have none.
    """
    lit = np.packbits(plane, axis=1)
    lone = lit & ~grown(_crowded(lit), 4)
    return count(lone) >= _FEWEST


def _crowded(lit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels of parts that are at least four pixels long in a row or a column."""
    run = lit.copy()
    for k in range(1, 4):
        shifted = np.left_shift(lit, k, dtype=np.uint8)
        shifted[:, :-1] |= lit[:, 1:] >> (8 - k)
        run &= shifted
    fall = lit.copy()
    for k in range(1, 4):
        fall[: -k or None] &= lit[k:]
        fall[-k:] = 0
    return np.asarray(run | fall, np.uint8)


def _in_line(parts: Parts) -> Bools:
    """Return which components have two of their size at equal distances in a row or column."""
    out = np.zeros(parts.kind.size, np.bool_)
    for along, across in ((parts.column, parts.row), (parts.row, parts.column)):
        order = np.lexsort((along, np.rint(across)))
        a, b, kind = along[order], across[order], parts.kind[order]
        for step in (1, 2):  # a speck may lie between two dots
            first, second, third = (
                slice(None, -2 * step),
                slice(step, -step),
                slice(2 * step, None),
            )
            gap, next_gap = a[second] - a[first], a[third] - a[second]
            same = (np.abs(b[second] - b[first]) <= 1) & (np.abs(b[third] - b[second]) <= 1)
            same &= (kind[first] == kind[second]) & (kind[second] == kind[third])
            same &= (gap > 0) & (gap <= _REACH) & (np.abs(gap - next_gap) <= 1)
            for place in (first, second, third):
                marked = np.zeros(order.size, np.bool_)
                marked[place] = same
                out[order[marked]] = True
    return out


def _at_random(parts: Parts, far: Bools) -> bool:
    """Return whether far components lie no more evenly than at random."""
    cells = np.stack([parts.row[far] // _CELL, parts.column[far] // _CELL]).astype(np.int64)
    shape = cells.max(axis=1) + 1
    counts = np.bincount(cells[0] * shape[1] + cells[1], minlength=int(shape.prod()))
    mean = float(counts.mean())
    return mean < 0.2 or float(counts.var()) > _EVEN * mean

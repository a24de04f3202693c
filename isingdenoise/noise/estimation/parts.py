"""Small components of a picture: their shapes, and how far they lie from larger ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import count as count_bits
from .bits import grown

__all__ = ["FAR", "LARGEST", "PER_SIZE", "Parts", "small_parts"]

#: Pixels of the largest component that is small.
LARGEST = 9
#: The first distance, in pixels, that is far from a larger component.
FAR = 9
#: A shape's number is its size times this, and more for its sides.
PER_SIZE = 100
_STRIP = 1 << 23  # pixels labelled at once

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Parts:
    """Small components.

    Attributes
    ----------
    kind, distance, size : ndarray, shape (n,)
        Shape, as a number; pixels to the nearest larger component, at most FAR;
        number of pixels.
    row, column : ndarray, shape (n,)
        Their middles.
    part, rows, columns : ndarray, shape (m,)
        Of each of their pixels: the component, and the place.
    areas : ndarray, shape (FAR + 1,)
        Pixels of the picture at each distance from larger components.
    large : int
        Pixels of larger components.
    """

    kind: Ints
    distance: Ints
    row: NDArray[np.float64]
    column: NDArray[np.float64]
    size: Ints
    part: Ints  # of each pixel
    rows: Ints
    columns: Ints
    areas: NDArray[np.float64]
    large: int


def small_parts(plane: Bools) -> Parts:
    """Return the small components; those that touch the border of a strip are not small.

    Parameters
    ----------
    plane : ndarray of bool, shape (H, W)
        True for the colour of the components.
    """
    from scipy import ndimage  # slow to import, and few pictures need it

    height, width = plane.shape
    tall = max(1, _STRIP // width)
    found: list[tuple[NDArray[Any], ...]] = []
    pixels: list[tuple[Ints, ...]] = []
    areas, large, before = np.zeros(FAR + 1), 0, 0
    for top in range(0, height, tall):
        strip = plane[top : top + tall]
        names, n = ndimage.label(strip, np.ones((3, 3)))
        sizes = np.bincount(names.reshape(-1), minlength=n + 1)
        small = (sizes <= LARGEST) & (np.arange(n + 1) > 0)
        if top or top + tall < height:
            small[np.concatenate([names[0], names[-1]])] = False
        is_small = small[names]
        big = strip & ~is_small
        large += int(np.count_nonzero(big))
        distances = _distances(big, areas)
        rows, columns = np.nonzero(is_small)
        order = np.cumsum(small) - 1
        part = order[names[rows, columns]]
        count = int(small.sum())
        size = sizes[small]
        distance = np.full(count, FAR)
        np.minimum.at(distance, part, distances[rows, columns])
        row = np.bincount(part, rows, count) / size + top if count else np.empty(0)
        column = np.bincount(part, columns, count) / size if count else np.empty(0)
        found.append((_shapes(part, rows, columns, size), distance, row, column, size))
        pixels.append((part + before, rows + top, columns))
        before += count
    columns_of = [np.concatenate(c) for c in zip(*found, strict=True)]
    pixels_of = [np.concatenate(c) for c in zip(*pixels, strict=True)]
    kind, distance, row, column, size = columns_of
    part, rows, columns = pixels_of
    return Parts(kind, distance, row, column, size, part, rows, columns, areas, large)


def _shapes(part: Ints, rows: Ints, columns: Ints, size: Ints) -> Ints:
    """Return a number for the size, height and width of each component, less than 1,000.

    Dots of a text have one shape; what specks of that shape explain of them is less than
    what all specks of that size do.
    """
    sides = []
    for places in (rows, columns):
        first = np.full(size.size, np.iinfo(np.intp).max)
        last = np.full(size.size, -1)
        np.minimum.at(first, part, places)
        np.maximum.at(last, part, places)
        sides.append(last - first)
    return np.asarray(size * PER_SIZE + sides[0] * 10 + sides[1], np.intp)


def _distances(big: Bools, areas: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the distance of each pixel to large components, at most FAR; add to the areas."""
    bits = np.packbits(big, axis=1)
    out = np.full(big.shape, FAR, np.uint8)
    before = count_bits(bits)
    for d in range(1, FAR):
        bits = grown(bits, 1)
        covered = np.unpackbits(bits, axis=1, count=big.shape[1]).view(np.bool_)
        np.minimum(out, np.where(covered, np.uint8(d), np.uint8(FAR)), out=out)
        now = int(np.count_nonzero(covered))
        areas[d] += now - before
        before = now
    areas[FAR] += big.size - before
    return out

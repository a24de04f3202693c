"""How a large picture is cut: parts that are written, and windows with surroundings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import ParameterError
from ..validation import check_int

__all__ = ["STEP", "Box", "Cut", "Grid"]

#: Sides of parts are multiples of this: windows then begin where tiles of a learned prior may.
STEP = 64
_SIDE = 2048
_LARGEST = 4096


class Box(NamedTuple):
    """Rows from `top` up to, not including, `bottom`, and columns alike."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """What an array of the whole picture is indexed by."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, other: Box) -> Box:
        """Return the same place counted from the corner of another box."""
        return Box(
            self.top - other.top,
            self.bottom - other.top,
            self.left - other.left,
            self.right - other.left,
        )

    def meet(self, other: Box) -> Box:
        """Return what lies in both; its shape is not positive where nothing does."""
        return Box(
            max(self.top, other.top),
            min(self.bottom, other.bottom),
            max(self.left, other.left),
            min(self.right, other.right),
        )


@dataclass(frozen=True)
class Cut:
    """How a picture is cut, and how many parts are worked on at a time.

    Parameters
    ----------
    chunk : int, optional
        Side of a part in pixels, rounded up to a multiple of 64. None: about 2048, a
        multiple of the chunks of the source where these are small enough.
    halo : int, optional
        Surroundings that a part is solved with, in pixels, rounded up to a multiple of 16. None:
        64, or what the network of a learned prior sees.
    workers : int, optional
        Parts that are worked on at a time; None: one for each core.

    Raises
    ------
    ParameterError
        A number is out of range.
    """

    chunk: int | None = None
    halo: int | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, low in (("chunk", 1), ("halo", 0), ("workers", 1)):
            value = getattr(self, name)
            if value is not None:
                check_int(name, value, low=low)

    def sides(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Return height and width of the parts of a source with chunks of a size."""
        if self.chunk is not None:
            side = -(-self.chunk // STEP) * STEP
            return side, side
        return _multiple(stored[0]), _multiple(stored[1])


def _multiple(stored: int) -> int:
    """Return about 2048: a multiple of 64, and of what is stored where it is small enough."""
    unit = math.lcm(STEP, stored)
    unit = unit if unit <= _LARGEST else STEP
    return unit * max(1, -(-_SIDE // unit))


@dataclass(frozen=True)
class Grid:
    """The parts of a picture.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the picture.
    sides : tuple of int
        (H, W) of a part; those at the end may be smaller.
    """

    shape: tuple[int, int]
    sides: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise ParameterError("image", f"has no pixels ({self.shape[1]} x {self.shape[0]})")

    @property
    def counts(self) -> tuple[int, int]:
        """How many parts there are below and beside each other."""
        return -(-self.shape[0] // self.sides[0]), -(-self.shape[1] // self.sides[1])

    def part(self, row: int, column: int) -> Box:
        """Return a part."""
        top, left = row * self.sides[0], column * self.sides[1]
        bottom, right = top + self.sides[0], left + self.sides[1]
        return Box(top, min(bottom, self.shape[0]), left, min(right, self.shape[1]))

    def window(self, box: Box, halo: int) -> Box:
        """Return a part with its surroundings, as far as the picture goes."""
        return Box(
            max(0, box.top - halo),
            min(self.shape[0], box.bottom + halo),
            max(0, box.left - halo),
            min(self.shape[1], box.right + halo),
        )

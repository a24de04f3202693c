"""Examples cut out of clean pictures that somebody has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .drawing import Picture

__all__ = ["Cut", "cut_from"]

_HELD_BACK = 10  # one picture in so many is for the validation alone
_TRIES = 8
_TELLING = 0.002  # share of the rarer colour below which a cut is as good as blank

Cut = Callable[[np.random.Generator], Picture]


def cut_from(count: int, read: Callable[[int], Picture], side: int) -> tuple[Cut, Cut]:
    """Return what cuts parts for training, and what does for the validation.

    One picture in ten is held back for the validation, where there are two at least.

    Parameters
    ----------
    count : int
        Number of pictures.
    read : callable
        Returns the picture of a number: bool, (H, W), True is bright.
    side : int
        Pixels of a side; smaller pictures are put on white.
    """
    held_back = max(count // _HELD_BACK, 1) if count > 1 else 0
    kept, rest = range(held_back, count), range(held_back) if held_back else range(count)
    return _cutter(kept, read, side), _cutter(rest, read, side)


def _cutter(numbers: Sequence[int], read: Callable[[int], Picture], side: int) -> Cut:
    def cut(rng: np.random.Generator) -> Picture:
        page = read(numbers[int(rng.integers(len(numbers)))])
        part = _part(page, side, rng)
        for _ in range(_TRIES):
            share = float(part.mean())
            if min(share, 1 - share) > _TELLING:
                break
            part = _part(page, side, rng)
        return part

    return cut


def _part(page: Picture, side: int, rng: np.random.Generator) -> Picture:
    top, left = (int(rng.integers(0, max(size - side, 0) + 1)) for size in page.shape)
    part = page[top : top + side, left : left + side]
    room = [(0, side - size) for size in part.shape]
    return np.pad(part, room, constant_values=True) if part.shape != (side, side) else part.copy()

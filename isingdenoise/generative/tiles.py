"""Pictures of any size as patches, side by side, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from .model import SIDE

__all__ = ["Tiles", "contact_sheet"]


@dataclass(frozen=True, eq=False)
class Tiles:
    """A picture cut into patches, from the upper left corner row by row.

    Attributes
    ----------
    patches : ndarray of bool, shape (n, 32, 32)
        What lies beyond the picture repeats its last row and column.
    known : ndarray of bool, shape (n, 32, 32)
        False beyond the picture, and where a pixel is missing.
    shape : tuple of int
        (H, W) of the picture.
    """

    patches: NDArray[np.bool_]
    known: NDArray[np.bool_]
    shape: tuple[int, int]

    @classmethod
    def of(cls, picture: NDArray[np.bool_], mask: NDArray[np.bool_] | None = None) -> Tiles:
        """Cut a picture.

        Parameters
        ----------
        picture : ndarray of bool, shape (H, W)
            True is bright.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.

        Raises
        ------
        ParameterError
            The picture has no pixels, or the mask another shape.
        """
        if picture.ndim != 2 or not picture.size:
            raise ParameterError("image", f"must be two-dimensional, not of shape {picture.shape}")
        seen = np.ones(picture.shape, np.bool_) if mask is None else mask
        if seen.shape != picture.shape:
            raise ParameterError("mask", f"has shape {seen.shape}, not {picture.shape}")
        beyond = [(0, -length % SIDE) for length in picture.shape]
        whole = np.pad(picture.astype(np.bool_), beyond, mode="edge")
        return cls(_cut(whole), _cut(np.pad(seen, beyond)), picture.shape)

    @property
    def incomplete(self) -> NDArray[np.intp]:
        """Numbers of the patches that miss a pixel of the picture."""
        height, width = self.shape
        inside = Tiles.of(np.ones((height, width), np.bool_)).known
        return np.flatnonzero((inside & ~self.known).any((1, 2)))

    def joined(self, patches: NDArray[Any]) -> NDArray[Any]:
        """Return patches of the same order as one picture of the shape (H, W)."""
        height, width = self.shape
        down, across = -(-height // SIDE), -(-width // SIDE)
        grid = patches.reshape(down, across, SIDE, SIDE).transpose(0, 2, 1, 3)
        return grid.reshape(down * SIDE, across * SIDE)[:height, :width]


def contact_sheet(patches: NDArray[np.float32], columns: int, gap: int = 2) -> NDArray[np.float32]:
    """Return patches side by side, as one grey picture with a mid-grey gap between them.

    Parameters
    ----------
    patches : ndarray of float32, shape (n, 32, 32)
        Values in [0, 1].
    columns : int
        How many stand side by side.
    gap : int
        Pixels between them.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Places of the last row that no patch takes have the grey of the gaps.
    """
    rows = -(-len(patches) // columns)
    step = SIDE + gap
    sheet = np.full((rows * step + gap, columns * step + gap), 0.5, np.float32)
    for number, patch in enumerate(patches):
        top, left = (gap + step * place for place in divmod(number, columns))
        sheet[top : top + SIDE, left : left + SIDE] = patch
    return sheet


def _cut(whole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = whole.shape
    grid = whole.reshape(height // SIDE, SIDE, width // SIDE, SIDE).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(-1, SIDE, SIDE))

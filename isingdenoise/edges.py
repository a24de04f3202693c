"""Strengths of single edges, as one plane for each direction of the grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import ParameterError
from .validation import check_image

LIMIT = 1e6
DIRECTIONS = ("horizontal", "vertical", "diagonal", "antidiagonal")
#: Where the other end of an edge of each direction lies, (dy, dx).
OFFSETS = ((0, 1), (1, 0), (1, 1), (1, -1))

Offset = tuple[int, int]
Strengths = NDArray[np.float32]


def ends(shape: tuple[int, ...], offset: Offset) -> tuple[Any, Any]:
    """Return where the edges of an offset begin in a picture, and where they end."""
    (height, width), (dy, dx) = shape, offset
    rows = slice(0, max(height - dy, 0)), slice(dy, height)
    if dx < 0:
        columns = slice(-dx, width), slice(0, max(width + dx, 0))
    else:
        columns = slice(0, max(width - dx, 0)), slice(dx, width)
    return (rows[0], columns[0]), (rows[1], columns[1])


def given_planes(*given: ArrayLike | None) -> list[Strengths]:
    """Return the planes of strengths as given for each direction, their shapes checked."""
    arrays = [
        None if strengths is None else _as_array(name, strengths)
        for name, strengths in zip(DIRECTIONS, given, strict=True)
    ]
    first = arrays[0]
    if first is None or first.ndim != 2 or not first.shape[0]:
        raise ParameterError("horizontal", "must be an array of shape (H, W - 1)")
    shape = (first.shape[0], first.shape[1] + 1)
    found = []
    for name, offset, array in zip(DIRECTIONS, OFFSETS, arrays, strict=True):
        plane = np.zeros(shape, np.float32)
        if array is not None:
            here, _ = ends(shape, offset)
            if array.shape != plane[here].shape:
                message = f"has shape {array.shape}, a picture of {shape} needs {plane[here].shape}"
                raise ParameterError(name, message)
            if array.size:
                checked = check_image(name, array)
                plane[here] = np.clip(checked, -2 * LIMIT, 2 * LIMIT)  # inside float32
        elif name == "vertical":
            raise ParameterError(name, f"must be an array of shape {plane[:-1].shape}")
        found.append(plane)
    return found


def _as_array(name: str, strengths: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(strengths)
    except ValueError:
        raise ParameterError(name, "must be an array, not lists of unequal length") from None


def contrasted(
    x: NDArray[np.float64], planes: Iterable[tuple[Offset, float | Strengths]], beta: float
) -> list[Strengths]:
    """Return planes of strengths times exp(-beta (x_i - x_j)^2), 1 where an end is NaN."""
    found = []
    for offset, strength in planes:
        here, there = ends(x.shape, offset)
        jump = np.nan_to_num(x[here] - x[there], nan=0.0)
        plane = np.zeros(x.shape, np.float32)
        plane[here] = np.exp(-beta * jump * jump)
        plane[here] *= strength if isinstance(strength, float) else strength[here]
        found.append(plane)
    return found

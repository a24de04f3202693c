"""Pictures that belong to another one: a reference, and masks."""

from __future__ import annotations

import math
import os
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ParameterError, ReadError, printable
from isingdenoise.io.bounds import DEFAULT_MAX_PAGES
from isingdenoise.io.memory import Besides
from isingdenoise.io.opening import StrPath
from isingdenoise.io.reading import read_picture

__all__ = ["read_clean", "read_mask"]

Array = np.ndarray[Any, Any]


def read_clean(
    source: StrPath | BinaryIO,
    shape: tuple[int, int] | None = None,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    frame: int | None = None,
    channel: int | None = None,
    name: str | None = None,
    besides: Besides | None = None,
) -> Array:
    """Read a reference picture and cut it in the middle of its own range.

    Parameters
    ----------
    source : str, bytes, os.PathLike or BinaryIO
        The file.
    shape : tuple of int or None
        The (H, W) it must have.
    max_pixels, max_pages, frame, channel, name, besides
        As in `read_picture`.

    Returns
    -------
    ndarray of bool, shape (H, W)
        True where `pixel >= (min + max) / 2`. If all pixels are equal, True
        where they reach half of their type's range (0.5 for floats).

    Raises
    ------
    ReadError
        The file cannot be read, or has missing pixels.
    ParameterError
        Its shape differs from `shape`.
    """
    picture = read_picture(
        source,
        max_pixels=max_pixels,
        max_pages=max_pages,
        frame=frame,
        channel=channel,
        name=name,
        besides=besides,
    )
    pixels = picture.pixels
    if shape is not None and pixels.shape != tuple(shape):
        raise ParameterError("clean", _other_size(picture.path, pixels.shape, shape))
    if pixels.dtype == np.bool_:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if math.isnan(low):
        raise ReadError(picture.path, "has missing pixels; give a complete reference")
    middle = (low + high) / 2
    if low == high:
        middle = (np.iinfo(pixels.dtype).max + 1) / 2 if pixels.dtype.kind == "u" else 0.5
    return np.asarray(pixels >= middle)


def read_mask(
    path: StrPath,
    shape: tuple[int, ...],
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
) -> Array:
    """Read which pixels are marked.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A picture of any type: 0 (black) and NaN are unmarked.
    shape : tuple of int
        The (H, W) it must have.
    max_pixels, max_pages
        As in `read_picture`.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    ReadError
        The file cannot be read.
    ParameterError
        Its shape differs from `shape`.
    """
    pixels = read_picture(path, max_pixels=max_pixels, max_pages=max_pages).pixels
    if pixels.shape != tuple(shape):
        raise ParameterError("mask", _other_size(path, pixels.shape, shape))
    marked = pixels != 0
    return np.asarray(marked if pixels.dtype.kind != "f" else marked & ~np.isnan(pixels))


def _other_size(path: StrPath, found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Return what to say of a file that does not fit the picture."""
    return (
        f"{printable(os.fsdecode(path))} has {_size(found)} pixels, but the picture has "
        f"{_size(wanted)}; give one of the same size"
    )


def _size(shape: tuple[int, ...]) -> str:
    """Return a shape the way people give sizes: width first."""
    return " x ".join(str(length) for length in reversed(shape))

"""Pictures as files: the only place where files become arrays and back.

Bright is +1, True and 255; black is -1, False and 0. That is settled here,
once, whatever a file format calls white.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from isingdenoise._io.atomic import StrPath, check_output, open_regular, write_bytes_atomically
from isingdenoise._io.change_map import CHANGE_COLOURS, encode_change_map
from isingdenoise._io.decode import decode
from isingdenoise._io.encode import EXTENSIONS, encode_bilevel, encode_grey, format_of
from isingdenoise.errors import ParameterError, ReadError, printable

__all__ = [
    "CHANGE_COLOURS",
    "DEFAULT_MAX_PIXELS",
    "EXTENSIONS",
    "Picture",
    "check_input",
    "check_output",
    "encode_bilevel",
    "encode_change_map",
    "encode_grey",
    "format_of",
    "from_spins",
    "read_clean",
    "read_mask",
    "read_picture",
    "to_spins",
    "write_bilevel",
    "write_bytes_atomically",
    "write_change_map",
    "write_grey",
]

Array = np.ndarray[Any, Any]

DEFAULT_MAX_PIXELS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    Attributes
    ----------
    pixels : ndarray, shape (H, W)
        bool for 1-bit files (True is bright), uint8 or uint16 grey, float32
        for floating-point files (NaN marks a missing pixel), float64 for
        other integers.
    dpi : tuple of float or None
        Dots per inch, across and down, or None where the file does not say.
    format : str
        Pillow's name of the file format (`"PNG"`, `"TIFF"`, `"PPM"`).
    mode : str
        Pillow's name of the pixel type as stored (`"1"`, `"L"`, `"RGBA"`).
    path : str
        Where it came from.
    """

    pixels: Array
    dpi: tuple[float, float] | None
    format: str
    mode: str
    path: str


def read_picture(
    path: StrPath, *, max_pixels: int = DEFAULT_MAX_PIXELS, frame: int | None = None
) -> Picture:
    """Read one picture, by its content and not by its extension.

    Colours become 8-bit luminance (Rec. 601), alpha is laid over white, the
    camera's orientation is applied, white-is-zero files arrive with True as
    bright.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A regular file. Its name need not be UTF-8.
    max_pixels : int
        Largest width x height that is decoded; compared before decoding.
    frame : int or None
        Which page or frame to read, from 0. None refuses a file with several.

    Returns
    -------
    Picture
        Pixels of shape (H, W) and what the file says about them.

    Raises
    ------
    ReadError
        The file cannot be read or is no sound picture.
    ParameterError
        `max_pixels` or `frame` is out of range.
    """
    if max_pixels < 1:
        raise ParameterError("max_pixels", f"must be at least 1, not {max_pixels}")
    if frame is not None and frame < 0:
        raise ParameterError("frame", f"must be at least 0, not {frame}")
    name = os.fsdecode(path)
    with open_regular(path) as stream:
        return Picture(*decode(stream, name, max_pixels=max_pixels, frame=frame), path=name)


def check_input(path: StrPath) -> None:
    """Refuse an input that is not there, not readable or no regular file, before any work.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to be read later.

    Raises
    ------
    ReadError
        It cannot be opened for reading.
    """
    open_regular(path).close()


def read_clean(
    path: StrPath,
    shape: tuple[int, int] | None = None,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    frame: int | None = None,
) -> Array:
    """Read a reference picture and cut it in the middle of its own range.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file.
    shape : tuple of int or None
        The (H, W) it must have.
    max_pixels, frame
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
    pixels = read_picture(path, max_pixels=max_pixels, frame=frame).pixels
    if shape is not None and pixels.shape != tuple(shape):
        raise ParameterError("clean", _other_size(path, pixels.shape, shape))
    if pixels.dtype == np.bool_:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if math.isnan(low):
        raise ReadError(os.fsdecode(path), "has missing pixels; give a complete reference")
    middle = (low + high) / 2
    if low == high:
        middle = (np.iinfo(pixels.dtype).max + 1) / 2 if pixels.dtype.kind == "u" else 0.5
    return np.asarray(pixels >= middle)


def read_mask(
    path: StrPath, shape: tuple[int, ...], *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Array:
    """Read which pixels are marked.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A picture of any type: 0 (black) and NaN are unmarked.
    shape : tuple of int
        The (H, W) it must have.
    max_pixels
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
    pixels = read_picture(path, max_pixels=max_pixels).pixels
    if pixels.shape != tuple(shape):
        raise ParameterError("mask", _other_size(path, pixels.shape, shape))
    marked = pixels != 0
    return np.asarray(marked if pixels.dtype.kind != "f" else marked & ~np.isnan(pixels))


def to_spins(pixels: Array) -> Array:
    """Turn a two-level picture into spins.

    Parameters
    ----------
    pixels : ndarray
        bool, or numbers of exactly two different values, in any shape.

    Returns
    -------
    ndarray of int8, same shape
        +1 where True or the larger value, -1 elsewhere.

    Raises
    ------
    ParameterError
        There are not exactly two values.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.bool_:
        if pixels.dtype.kind not in "iuf" or pixels.size == 0:
            raise ParameterError("pixels", "must be a picture of bools or numbers, not empty")
        low, high = pixels.min(), pixels.max()
        bright = pixels == high
        if not low < high or not np.all(bright | (pixels == low)):
            raise ParameterError("pixels", "must have exactly two levels; threshold them first")
        pixels = bright
    return np.where(pixels, np.int8(1), np.int8(-1))


def from_spins(labels: Array) -> Array:
    """Turn spins into a two-level picture.

    Parameters
    ----------
    labels : ndarray
        -1 or +1 everywhere, in any shape.

    Returns
    -------
    ndarray of bool, same shape
        True where +1.

    Raises
    ------
    ParameterError
        Another value occurs.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "if" or not np.all((labels == 1) | (labels == -1)):
        raise ParameterError("labels", "must be -1 or +1 everywhere")
    return np.asarray(labels == 1)


def write_bilevel(
    path: StrPath,
    image: Array,
    *,
    overwrite: bool = False,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write a two-level picture in the format of its extension, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    image : ndarray of bool, shape (H, W)
        True is bright.
    overwrite : bool
        Whether an existing file may be replaced.
    dpi : tuple of float or None
        As in `encode_bilevel`.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_bilevel`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    data = encode_bilevel(image, format_of(path), dpi=dpi)
    write_bytes_atomically(path, data, overwrite=overwrite)


def write_grey(path: StrPath, array: Array, *, overwrite: bool = False) -> None:
    """Write grey values or probabilities in the format of the extension, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    array : ndarray, shape (H, W)
        As in `encode_grey`.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_grey`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    write_bytes_atomically(path, encode_grey(array, format_of(path)), overwrite=overwrite)


def write_change_map(
    path: StrPath, image: Array, changes: Array, *, overwrite: bool = False
) -> None:
    """Write a change map in the format of the extension, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write: .png, .tif or .npy.
    image, changes : ndarray, shape (H, W)
        As in `encode_change_map`.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_change_map`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    data = encode_change_map(image, changes, format_of(path))
    write_bytes_atomically(path, data, overwrite=overwrite)


def _other_size(path: StrPath, found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Return what to say of a file that does not fit the picture."""
    return (
        f"{printable(os.fsdecode(path))} has {_size(found)} pixels, but the picture has "
        f"{_size(wanted)}; give one of the same size"
    )


def _size(shape: tuple[int, ...]) -> str:
    """Return a shape the way people give sizes: width first."""
    return " x ".join(str(length) for length in reversed(shape))

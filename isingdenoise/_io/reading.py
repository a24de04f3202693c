"""Files and streams in, pictures out: one page, all pages, a reference, a mask."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from isingdenoise._io.bounds import (
    DEFAULT_MAX_PAGES,
    DEFAULT_MAX_PIXELS,
    DEFAULT_PAGE_PIXELS,
    Bounds,
)
from isingdenoise._io.decode import decode, decode_pages, decode_size
from isingdenoise._io.memory import Besides
from isingdenoise._io.opening import StrPath, open_regular, seekable
from isingdenoise._io.picture import Picture
from isingdenoise.errors import ParameterError, ReadError, printable

__all__ = [
    "DEFAULT_MAX_PAGES",
    "DEFAULT_MAX_PIXELS",
    "DEFAULT_PAGE_PIXELS",
    "check_input",
    "read_clean",
    "read_mask",
    "read_pages",
    "read_picture",
    "read_size",
]

Array = np.ndarray[Any, Any]


def read_picture(
    source: StrPath | BinaryIO,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    frame: int | None = None,
    name: str | None = None,
    besides: Besides | None = None,
) -> Picture:
    """Read one picture, by its content and not by its extension.

    Colours become 8-bit luminance (Rec. 601), alpha is laid over white, the
    camera's orientation is applied, white-is-zero files arrive with True as
    bright.

    Parameters
    ----------
    source : str, bytes, os.PathLike or BinaryIO
        The name of a regular file, which need not be UTF-8; or an open binary
        stream, which need not be seekable (standard input) and stays open.
    max_pixels : int or None
        Most pixels that are decoded: width x height, of an animation times the
        frames up to that one; compared before decoding. None: at most
        `DEFAULT_PAGE_PIXELS`.
    max_pages : int
        Most pages or frames that the file may have.
    frame : int or None
        Which page or frame to read, from 0. None refuses a file with several.
    name : str or None
        What to call a stream in messages; None takes its own name.
    besides : callable, optional
        Returns the bytes that the caller takes afterwards beside the array, for
        a number of pixels and the name of their NumPy type. A picture for
        which there is no room is refused before it is decoded.

    Returns
    -------
    Picture
        Pixels of shape (H, W) and what the file says about them.

    Raises
    ------
    ReadError
        The file cannot be read or is no sound picture, or there is not enough
        memory for it.
    ParameterError
        `max_pixels`, `max_pages` or `frame` is out of range.
    """
    bounds = Bounds(max_pixels, max_pages)
    _check_limits(bounds, frame)
    with _opened(source, name) as (stream, called):
        return decode(stream, called, bounds, frame=frame, besides=besides)


def read_pages(
    source: StrPath | BinaryIO,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    frame: int | None = None,
    name: str | None = None,
    besides: Besides | None = None,
) -> Iterator[Picture]:
    """Read the pages of a TIFF one after the other, each when it is asked for.

    A file of another format, or a TIFF of one page, gives one picture.

    Parameters
    ----------
    source, max_pages, name, besides
        As in `read_picture`. The file stays open until the last page has been
        read or the iterator is closed.
    max_pixels : int or None
        Most pixels on all pages together; compared before the first is decoded.
        None: `DEFAULT_MAX_PIXELS`, at most `DEFAULT_PAGE_PIXELS` of them on a
        page, and no pages that share what is stored.
    frame : int or None
        The only page or frame to read, from 0; None reads all.

    Returns
    -------
    iterator of Picture
        Each says which `page` it is, of how many `pages`. Sizes and
        resolutions may differ.

    Raises
    ------
    ParameterError
        At once: `max_pixels`, `max_pages` or `frame` is out of range.
    ReadError
        While reading, as `read_picture`, with the number of the page; also for
        an animated picture without a `frame`.
    """
    bounds = Bounds(max_pixels, max_pages)
    _check_limits(bounds, frame)
    return _pages(source, bounds, frame, name, besides)


def _pages(
    source: StrPath | BinaryIO,
    bounds: Bounds,
    frame: int | None,
    name: str | None,
    besides: Besides | None,
) -> Iterator[Picture]:
    with _opened(source, name) as (stream, called):
        if frame is None:
            yield from decode_pages(stream, called, bounds, besides=besides)
        else:
            yield decode(stream, called, bounds, frame=frame, besides=besides)


@contextmanager
def _opened(source: StrPath | BinaryIO, name: str | None) -> Iterator[tuple[BinaryIO, str]]:
    """Give a seekable stream at its start, and what to call it."""
    if isinstance(source, (str, bytes, os.PathLike)):
        with open_regular(source) as stream:
            yield stream, os.fsdecode(source)
        return
    called = str(getattr(source, "name", "the stream")) if name is None else name
    yield seekable(source, called), called


def _check_limits(bounds: Bounds, frame: int | None) -> None:
    bounds.check()
    if frame is not None and frame < 0:
        raise ParameterError("frame", f"must be at least 0, not {frame}")


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


def read_size(path: StrPath) -> tuple[int, int]:
    """Read how large a picture is; nothing is decoded.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file; of several pages the first one counts.

    Returns
    -------
    tuple of int
        (H, W) as stored, before the camera's orientation is applied.

    Raises
    ------
    ReadError
        The file cannot be read or is no picture.
    """
    with open_regular(path) as stream:
        return decode_size(stream, os.fsdecode(path))


def read_clean(
    source: StrPath | BinaryIO,
    shape: tuple[int, int] | None = None,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    frame: int | None = None,
    name: str | None = None,
) -> Array:
    """Read a reference picture and cut it in the middle of its own range.

    Parameters
    ----------
    source : str, bytes, os.PathLike or BinaryIO
        The file.
    shape : tuple of int or None
        The (H, W) it must have.
    max_pixels, max_pages, frame, name
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
        source, max_pixels=max_pixels, max_pages=max_pages, frame=frame, name=name
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

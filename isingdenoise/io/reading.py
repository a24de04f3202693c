"""Files and streams in, pictures out: one page or all pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ParameterError
from isingdenoise.io.bounds import (
    DEFAULT_MAX_PAGES,
    DEFAULT_MAX_PIXELS,
    DEFAULT_PAGE_PIXELS,
    Bounds,
)
from isingdenoise.io.decode import decode, decode_pages, decode_size
from isingdenoise.io.memory import Besides
from isingdenoise.io.opening import StrPath, open_regular, seekable
from isingdenoise.io.picture import Picture

__all__ = [
    "DEFAULT_MAX_PAGES",
    "DEFAULT_MAX_PIXELS",
    "DEFAULT_PAGE_PIXELS",
    "check_input",
    "opened",
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
    channel: int | None = None,
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
    channel : int or None
        Which channel to read, from 0: those of ImageJ and OME on pages of their own, others
        in the samples of a pixel (of a colour red, green, blue). Pages and frames are then those
        of the channel. None takes colours by their luminance, and refuses other channels.
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
        `max_pixels`, `max_pages`, `frame` or `channel` is out of range.
    """
    bounds = Bounds(max_pixels, max_pages)
    _check_limits(bounds, frame, channel)
    with opened(source, name) as (stream, called):
        return decode(stream, called, bounds, frame=frame, channel=channel, besides=besides)


def read_pages(
    source: StrPath | BinaryIO,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    frame: int | None = None,
    channel: int | None = None,
    name: str | None = None,
    besides: Besides | None = None,
) -> Iterator[Picture]:
    """Read the pages of a TIFF one after the other, each when it is asked for.

    A file of another format, or a TIFF of one page, gives one picture.

    Parameters
    ----------
    source, max_pages, channel, name, besides
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
        At once: `max_pixels`, `max_pages`, `frame` or `channel` is out of range.
    ReadError
        While reading, as `read_picture`, with the number of the page; also for
        an animated picture without a `frame`.
    """
    bounds = Bounds(max_pixels, max_pages)
    _check_limits(bounds, frame, channel)
    return _pages(source, bounds, {"channel": channel, "besides": besides}, frame, name)


def _pages(
    source: StrPath | BinaryIO,
    bounds: Bounds,
    how: dict[str, Any],
    frame: int | None,
    name: str | None,
) -> Iterator[Picture]:
    with opened(source, name) as (stream, called):
        if frame is None:
            yield from decode_pages(stream, called, bounds, **how)
        else:
            yield decode(stream, called, bounds, frame=frame, **how)


@contextmanager
def opened(source: StrPath | BinaryIO, name: str | None) -> Iterator[tuple[BinaryIO, str]]:
    """Give a seekable stream at its start, and what to call it."""
    if isinstance(source, (str, bytes, os.PathLike)):
        with open_regular(source) as stream:
            yield stream, os.fsdecode(source)
        return
    called = str(getattr(source, "name", "the stream")) if name is None else name
    yield seekable(source, called), called


def _check_limits(bounds: Bounds, frame: int | None, channel: int | None) -> None:
    bounds.check()
    for name, place in (("frame", frame), ("channel", channel)):
        if place is not None and place < 0:
            raise ParameterError(name, f"must be at least 0, not {place}")


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

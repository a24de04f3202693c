"""From an open picture file to one grey or two-level array, by way of Pillow.

Pillow is asked directly and not through a layer above it: only here are the
size known before the pixels are decoded, the number of pages known before one
is chosen, and the polarity of fax files right.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from isingdenoise.deadline import check_deadline
from isingdenoise.errors import ReadError
from isingdenoise.io.bounds import Bounds, Listed
from isingdenoise.io.channels import Asked
from isingdenoise.io.checks import in_one_line
from isingdenoise.io.memory import Besides, check_memory
from isingdenoise.io.npy import decode_npy, is_npy, npy_shape
from isingdenoise.io.one_page import Place, read_page
from isingdenoise.io.other_tiff import OtherTiff, check_band, open_other_tiff
from isingdenoise.io.picture import Picture
from isingdenoise.io.pillow import open_image, quiet_pillow
from isingdenoise.io.tiff_pages import list_tiff_pages

_SAMPLES = 277  # a TIFF tag
_SINGLE = {"1", "L", "I", "I;16", "I;16B", "F"}

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["decode", "decode_pages", "decode_size"]


def decode(
    stream: BinaryIO,
    name: str,
    bounds: Bounds,
    *,
    frame: int | None,
    channel: int | None = None,
    besides: Besides | None = None,
) -> Picture:
    """Decode one picture from an open file.

    Parameters
    ----------
    stream : BinaryIO
        A seekable file. It stays open.
    name : str
        Its name, for messages alone.
    bounds : Bounds
        How much is taken on; compared before anything is decoded.
    frame : int or None
        Which page or frame, from 0; None insists on there being only one.
    channel : int or None
        Which channel, from 0; None refuses channels of a microscope.
    besides : callable, optional
        As in `memory_needed`: there must be room for what it returns too.

    Returns
    -------
    Picture
        Pixels of type bool, uint8, uint16, float32 or float64, and the notes.

    Raises
    ------
    ReadError
        Whatever is wrong with the file, in one line.
    """
    with in_one_line(name, stream):
        size = stream.seek(0, os.SEEK_END)
        if is_npy(stream):
            if frame:
                raise ReadError(name, "has no such page or frame", "frames:1")
            check_band(channel, 1, name)
            picture = decode_npy(stream, name, size, bounds)
            if besides is not None:  # the numbers themselves are mapped and not read
                check_memory(name, besides(picture.pixels.size, picture.pixels.dtype.name))
            return picture
        with quiet_pillow():
            image = _opened(stream)
            listed = _list_pages(image, stream, name, bounds)
        asked = Asked.of(image, len(listed.sizes), channel, name)
        count = len(asked.pages)
        if frame is None and count > 1:
            raise ReadError(name, f"holds {count} pages or frames", "frame")
        if frame is not None and frame >= count:
            raise ReadError(name, "has no such page or frame", f"frames:{count}")
        bounds.check_pages(listed, name, size, asked.pages[frame or 0])
        alone = asked if count == 1 or frame is None else asked.of_one_plane()
        return read_page(
            image, stream, Place(name, size, frame or 0, count, alone), bounds, besides
        )


def decode_size(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Return the (H, W) of the first page of an open file; nothing of it is decoded.

    Raises
    ------
    ReadError
        As `decode`, of the header.
    """
    with in_one_line(name, stream):
        if is_npy(stream):
            return npy_shape(stream, name)[0]
        with quiet_pillow():
            width, height = _opened(stream).size
            return height, width


def decode_pages(
    stream: BinaryIO,
    name: str,
    bounds: Bounds,
    *,
    channel: int | None = None,
    besides: Besides | None = None,
) -> Iterator[Picture]:
    """Decode the pages of an open file one after the other, each when it is asked for.

    Parameters
    ----------
    stream, name, bounds, channel, besides
        As in `decode`. The stream must stay open until the last page.

    Yields
    ------
    Picture
        A page of a TIFF, or the only picture of another file.

    Raises
    ------
    ReadError
        As `decode`; also for an animated picture, whose frames are no pages.
    """
    with in_one_line(name, stream):
        size, numbers = stream.seek(0, os.SEEK_END), is_npy(stream)
        if not numbers:
            with quiet_pillow():
                image = _opened(stream)
                listed = _list_pages(image, stream, name, bounds)
            asked = Asked.of(image, len(listed.sizes), channel, name)
            count = len(asked.pages)
            if count > 1 and image.format != "TIFF":
                raise ReadError(name, f"is animated, of {count} frames", "frame")
            bounds.check_pages(listed, name, size)
    if numbers:
        yield decode(stream, name, bounds, frame=None, channel=channel, besides=besides)
        return
    taken = 0
    for page in range(count):
        # One image serves all pages: a new one would walk the chain of pages from its start.
        place = Place(name, size, page, count, asked)
        with in_one_line(name, stream, place.prefix()):
            check_deadline()
            picture = read_page(image, stream, place, bounds, besides)
        taken += picture.pixels.size  # once more: what was listed is what the file says
        bounds.check_total(taken, page + 1, name)
        yield picture
        del picture  # one page in memory, unless the caller keeps them


def _opened(stream: BinaryIO) -> ImageFile | OtherTiff:
    """Open a picture by Pillow, or a TIFF that it does not know by tifffile."""
    from PIL import UnidentifiedImageError

    try:
        image = open_image(stream)
    except UnidentifiedImageError:
        other = open_other_tiff(stream)
        if other is None:
            raise
        return other
    samples = int(getattr(image, "tag_v2", {}).get(_SAMPLES, 1))
    if samples > 1 and image.mode in _SINGLE:  # of which Pillow would take the first
        return open_other_tiff(stream) or image
    return image


def _list_pages(
    image: ImageFile | OtherTiff, stream: BinaryIO, name: str, bounds: Bounds
) -> Listed:
    """List the pages or frames of an opened file, whose first page is within the bounds."""
    bounds.check_page(image.size, name)
    if image.format == "TIFF":
        return list_tiff_pages(stream, name, bounds)
    count = getattr(image, "n_frames", 1)
    bounds.check_count(count, name)
    return Listed([image.size] * count, animated=image.format != "MPO")

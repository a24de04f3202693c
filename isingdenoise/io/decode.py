"""From an open picture file to one grey or two-level array, by way of Pillow.

Pillow is asked directly and not through a layer above it: only here are the
size known before the pixels are decoded, the number of pages known before one
is chosen, and the polarity of fax files right.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from isingdenoise.deadline import check_deadline
from isingdenoise.errors import ReadError
from isingdenoise.io.bits import load_bits
from isingdenoise.io.bounds import Bounds, Listed
from isingdenoise.io.checks import check_strips, in_one_line
from isingdenoise.io.memory import Besides, check_memory, memory_needed
from isingdenoise.io.notes import notes_on
from isingdenoise.io.npy import any_infinite, decode_npy, is_npy, npy_shape
from isingdenoise.io.picture import Picture
from isingdenoise.io.pillow import open_image, quiet_pillow
from isingdenoise.io.pixels import keep_byte_order, to_array, turn_upright
from isingdenoise.io.tiff_pages import list_tiff_pages

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

__all__ = ["decode", "decode_pages", "decode_size"]

_ORIENTATION = 274  # a TIFF tag, and an EXIF one


def decode(
    stream: BinaryIO,
    name: str,
    bounds: Bounds,
    *,
    frame: int | None,
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
            picture = decode_npy(stream, name, size, bounds)
            if besides is not None:  # the numbers themselves are mapped and not read
                check_memory(name, besides(picture.pixels.size, picture.pixels.dtype.name))
            return picture
        with quiet_pillow():
            image = open_image(stream)
            listed = _list_pages(image, stream, name, bounds)
        count = len(listed.sizes)
        if frame is None and count > 1:
            raise ReadError(name, f"holds {count} pages or frames", "frame")
        if frame is not None and frame >= count:
            raise ReadError(name, "has no such page or frame", f"frames:{count}")
        bounds.check_pages(listed, name, size, frame or 0)
        return _page(image, stream, _Place(name, size, frame or 0, count), bounds, besides)


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
            width, height = open_image(stream).size
            return height, width


def decode_pages(
    stream: BinaryIO, name: str, bounds: Bounds, *, besides: Besides | None = None
) -> Iterator[Picture]:
    """Decode the pages of an open file one after the other, each when it is asked for.

    Parameters
    ----------
    stream, name, bounds, besides
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
                image = open_image(stream)
                listed = _list_pages(image, stream, name, bounds)
            count = len(listed.sizes)
            if count > 1 and image.format != "TIFF":
                raise ReadError(name, f"is animated, of {count} frames", "frame")
            bounds.check_pages(listed, name, size)
    if numbers:
        yield decode(stream, name, bounds, frame=None, besides=besides)
        return
    taken = 0
    for page in range(count):
        # One image serves all pages: a new one would walk the chain of pages from its start.
        place = _Place(name, size, page, count)
        with in_one_line(name, stream, place.prefix()):
            check_deadline()
            picture = _page(image, stream, place, bounds, besides)
        taken += picture.pixels.size  # once more: what was listed is what the file says
        bounds.check_total(taken, page + 1, name)
        yield picture
        del picture  # one page in memory, unless the caller keeps them


def _list_pages(image: ImageFile, stream: BinaryIO, name: str, bounds: Bounds) -> Listed:
    """List the pages or frames of an opened file, whose first page is within the bounds."""
    bounds.check_page(image.size, name)
    if image.format == "TIFF":
        return list_tiff_pages(stream, name, bounds)
    count = getattr(image, "n_frames", 1)
    bounds.check_count(count, name)
    return Listed([image.size] * count, animated=image.format != "MPO")


class _Place(NamedTuple):
    """Where a page is: the file, its length in bytes, the page and how many there are."""

    name: str
    size: int
    page: int
    pages: int

    def prefix(self) -> str:
        """Return how to call the page in a message, with a space after it, if there are more."""
        return f"page {self.page + 1} of {self.pages} " if self.pages > 1 else ""


def _page(
    image: ImageFile, stream: BinaryIO, place: _Place, bounds: Bounds, besides: Besides | None
) -> Picture:
    """Decode one page of an opened image, and gather the notes on it."""
    name = place.name
    with quiet_pillow() as complaints:
        image.seek(place.page)
        bounds.check_page(image.size, name)
        mode, kind = image.mode, image.format or ""
        tags: Mapping[int, Any] = dict(getattr(image, "tag_v2", {}))
        check_strips(tags, name, place.size)
        if kind == "PNG":
            _check_png(stream)
            scale = {"L;2": 85, "L;4": 17}.get(str(image.tile[0].args), 1)
            _rescale_transparency(image, scale)
        turned = tags.get(_ORIENTATION, 1) != 1  # Pillow turns a TIFF itself while it loads
        in_place = mode == "1" and not turned
        stored = mode if in_place or mode != "1" else "1 unpacked"
        needed = memory_needed(image.width * image.height, stored, kind, besides=besides)
        check_memory(name, needed)
        pixels = load_bits(image) if in_place else None
        if pixels is None:
            keep_byte_order(image)
            image.load()
        asked = _orientation(image, tags)
    if "Fax4Decode" in complaints:
        raise ReadError(name, "has damaged Group 4 data; make or fetch it once more")
    if pixels is None:
        pixels = to_array(image, kind, tags)
    if mode == "1" and (clear := image.info.get("transparency")) is not None:
        pixels |= pixels == bool(clear)
    if pixels.dtype.kind == "f" and any_infinite(pixels):
        raise ReadError(name, "holds infinite values; replace them, by NaN where pixels miss")
    upright = pixels if tags else turn_upright(pixels, asked)
    notes = notes_on(image, tags, mode, turned=asked in range(5, 9))
    return Picture(
        upright,
        format=kind,
        mode=mode,
        path=name,
        pages=place.pages,
        page=place.page,
        orientation=asked,
        **notes,
    )


def _check_png(stream: BinaryIO) -> None:
    """Compare all checksums, which decoding leaves out for the pixel data."""
    place = stream.tell()
    open_image(stream).verify()
    stream.seek(place)


def _rescale_transparency(image: PillowImage, scale: int) -> None:
    """Bring the transparent grey of 2- and 4-bit PNGs to the 8 bits of the pixels."""
    value = image.info.get("transparency")
    if image.mode == "L" and isinstance(value, int):
        image.info["transparency"] = value * scale


def _orientation(image: PillowImage, tags: Mapping[int, Any]) -> int:
    """Return the EXIF orientation that the file asks for, 1 where it asks for none."""
    try:
        found = tags.get(_ORIENTATION, 1) if tags else image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged camera note is no reason to refuse the pixels
        return 1
    return int(found) if found in range(1, 9) else 1

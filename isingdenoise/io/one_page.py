"""From one page of an opened picture file to an array, and the notes on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from isingdenoise.errors import ReadError
from isingdenoise.io.bits import load_bits
from isingdenoise.io.bounds import Bounds
from isingdenoise.io.channels import Asked
from isingdenoise.io.checks import check_strips
from isingdenoise.io.memory import Besides, check_memory, memory_needed
from isingdenoise.io.notes import notes_on, notes_on_tiff
from isingdenoise.io.npy import any_infinite
from isingdenoise.io.other_tiff import OtherTiff, check_band
from isingdenoise.io.picture import Picture, usable_dpi
from isingdenoise.io.pillow import open_image, quiet_pillow
from isingdenoise.io.pixels import keep_byte_order, to_array, turn_upright

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

__all__ = ["Place", "read_page"]

_ORIENTATION = 274  # a TIFF tag, and an EXIF one


class Place(NamedTuple):
    """Where a page is: the file, its length in bytes, the page of how many that are asked for."""

    name: str
    size: int
    page: int
    pages: int
    asked: Asked

    def prefix(self) -> str:
        """Return how to call the page in a message, with a space after it, if there are more."""
        return f"page {self.page + 1} of {self.pages} " if self.pages > 1 else ""


def read_page(
    image: ImageFile | OtherTiff,
    stream: BinaryIO,
    place: Place,
    bounds: Bounds,
    besides: Besides | None,
) -> Picture:
    """Decode one page of an opened image, and gather the notes on it."""
    if isinstance(image, OtherTiff):
        return _other_page(image, place, bounds, besides)
    name, band = place.name, place.asked.band
    with quiet_pillow() as complaints:
        image.seek(place.asked.pages[place.page])
        bounds.check_page(image.size, name)
        mode, kind = image.mode, image.format or ""
        if band is not None:
            check_band(band, len(image.getbands()), name)
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
        one = band is not None and len(image.getbands()) > 1
        pixels = to_array(image.getchannel(band or 0) if one else image, kind, tags)
    if mode == "1" and (clear := image.info.get("transparency")) is not None:
        pixels |= pixels == bool(clear)
    if pixels.dtype.kind == "f" and any_infinite(pixels):
        raise ReadError(name, "holds infinite values; replace them, by NaN where pixels miss")
    upright = pixels if tags else turn_upright(pixels, asked)
    notes = notes_on(image, tags, mode, turned=asked in range(5, 9))
    return _picture(upright, place, kind, mode, asked, notes)


def _other_page(image: OtherTiff, place: Place, bounds: Bounds, besides: Besides | None) -> Picture:
    """Decode one page of a TIFF that Pillow does not know."""
    asked, number = place.asked, place.asked.pages[place.page]
    pixels, tags, mode = image.page(number, place.name, place.size, bounds, asked.band, besides)
    turned = tags.get(_ORIENTATION, 1)
    notes = notes_on_tiff(tags, turned=turned in range(5, 9))
    return _picture(pixels, place, "TIFF", mode, int(turned), notes)


def _picture(
    pixels: Any, place: Place, kind: str, mode: str, orientation: int, notes: dict[str, Any]
) -> Picture:
    """Return a page with all that is known of it."""
    said = place.asked.microscopy
    if said is not None and orientation == 1:
        notes["microscopy"] = said
        notes["dpi"] = notes["dpi"] or usable_dpi(said.dpi)
    return Picture(
        pixels,
        format=kind,
        mode=mode,
        path=place.name,
        pages=place.pages,
        page=place.page,
        orientation=orientation,
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

"""From an open picture file to one grey or two-level array, by way of Pillow.

Pillow is asked directly and not through a layer above it: only here are the
size known before the pixels are decoded, the number of pages known before one
is chosen, and the polarity of fax files right.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from isingdenoise._io.pixels import as_tuple, to_array, turn_upright
from isingdenoise.errors import ReadError, printable

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

__all__ = ["Decoded", "decode", "usable_dpi"]

# What people keep pictures in. Pillow knows more, but some of those run other
# programs (EPS) or accept nearly any bytes (TGA).
_FORMATS = ("PNG", "TIFF", "PPM", "BMP", "JPEG", "WEBP", "GIF", "JPEG2000", "PCX")
_MAGIC = {
    b"\x89PNG": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
}

# TIFF tags.
_HEIGHT, _OFFSETS, _ORIENTATION, _SAMPLES, _ROWS = 257, 273, 274, 277, 278
_COUNTS, _PLANAR, _TILE_OFFSETS, _TILE_COUNTS = 279, 284, 324, 325

# Python's warning filters and Pillow's size limit belong to the whole process:
# one thread at a time may set them aside.
_PILLOW_LOCK = threading.Lock()

# Without a handler of their own, Pillow's error messages would reach stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class Decoded(NamedTuple):
    """Pixels of shape (H, W) and what the file said about them."""

    pixels: np.ndarray[Any, Any]
    dpi: tuple[float, float] | None
    format: str
    mode: str


def decode(stream: BinaryIO, name: str, *, max_pixels: int, frame: int | None) -> Decoded:
    """Decode one picture from an open file.

    Parameters
    ----------
    stream : BinaryIO
        A seekable regular file. It stays open.
    name : str
        Its name, for messages alone.
    max_pixels : int
        Largest width x height that is decoded.
    frame : int or None
        Which page or frame, from 0; None insists on there being only one.

    Returns
    -------
    Decoded
        Pixels of type bool, uint8, uint16, float32 or float64.

    Raises
    ------
    ReadError
        Whatever is wrong with the file, in one line.
    """
    try:
        with _quiet_pillow():
            image = _open(stream)
            _check_size(image, name, max_pixels)
            if _choose_frame(image, name, frame):
                _check_size(image, name, max_pixels)
            mode, kind = image.mode, image.format or ""
            tags: Mapping[int, Any] = dict(getattr(image, "tag_v2", {}))
            _check_strips(tags, name, os.fstat(stream.fileno()).st_size)
            if kind == "PNG":
                _check_png(stream)
                scale = {"L;2": 85, "L;4": 17}.get(str(image.tile[0].args), 1)
                _rescale_transparency(image, scale)
            image.load()
            dpi = usable_dpi(image.info.get("dpi"))
            orientation, swapped = _orientation(image, tags)
        pixels = turn_upright(to_array(image, kind, tags), orientation)
    except ReadError:
        raise
    except MemoryError as error:
        raise ReadError(name, "needs more memory than there is; cut it into parts") from error
    except Exception as error:  # a decoder raises what it likes, from SyntaxError to zlib.error
        raise ReadError(name, _explain(error, stream)) from error
    if pixels.dtype.kind == "f" and np.isinf(pixels).any():
        raise ReadError(name, "holds infinite values; replace them, by NaN where pixels miss")
    return Decoded(pixels, dpi[::-1] if dpi and swapped else dpi, kind, mode)


def usable_dpi(dpi: object) -> tuple[float, float] | None:
    """Return a resolution as two floats, or None where it says nothing.

    One dot an inch is what several writers store for "unknown", and above
    65535 a JPEG has no room for it.
    """
    try:
        across, down = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ArithmeticError):
        return None
    if all(math.isfinite(v) and 1 < v <= 65535 for v in (across, down)):
        return across, down
    return None


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings and its own size limit out of the way."""
    from PIL import Image

    with _PILLOW_LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None  # `max_pixels` is checked instead, before decoding
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _open(stream: BinaryIO) -> ImageFile:
    from PIL import Image

    return Image.open(stream, formats=_FORMATS)


def _check_size(image: PillowImage, name: str, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ReadError(
            name,
            f"has {width} x {height} pixels, more than the limit of {max_pixels}; "
            "raise it with --max-pixels if the file can be trusted",
        )
    if width < 1 or height < 1:
        raise ReadError(name, f"has no pixels ({width} x {height}); give another picture")


def _choose_frame(image: ImageFile, name: str, frame: int | None) -> bool:
    """Go to the wanted frame; return whether the image has more than one."""
    count = getattr(image, "n_frames", 1)
    if frame is None:
        if count > 1:
            raise ReadError(name, f"holds {count} pages or frames; choose one with --frame")
    elif frame >= count:
        raise ReadError(name, f"has no frame {frame}; --frame goes from 0 to {count - 1}")
    image.seek(frame or 0)
    return count > 1


def _check_strips(tags: Mapping[int, Any], name: str, size: int) -> None:
    """Refuse a TIFF with parts never written, or cut off: decoders show black there."""
    offsets = as_tuple(tags.get(_OFFSETS) or tags.get(_TILE_OFFSETS))
    counts = as_tuple(tags.get(_COUNTS) or tags.get(_TILE_COUNTS))
    if not offsets or not counts:
        return
    if _OFFSETS in tags:
        rows = min(int(tags.get(_ROWS) or tags[_HEIGHT]), int(tags[_HEIGHT]))
        planes = int(tags.get(_SAMPLES, 1)) if tags.get(_PLANAR, 1) == 2 else 1
        expected = -(-int(tags[_HEIGHT]) // rows) * planes
    else:
        expected = len(offsets)
    if min(len(offsets), len(counts)) < expected or not all(offsets) or not all(counts):
        raise ReadError(name, "has strips that were never written; write the picture once more")
    if any(start + length > size for start, length in zip(offsets, counts, strict=False)):
        raise ReadError(name, "is truncated; make or fetch it once more")


def _check_png(stream: BinaryIO) -> None:
    """Compare all checksums, which decoding leaves out for the pixel data."""
    place = stream.tell()
    _open(stream).verify()
    stream.seek(place)


def _rescale_transparency(image: PillowImage, scale: int) -> None:
    """Bring the transparent grey of 2- and 4-bit PNGs to the 8 bits of the pixels."""
    value = image.info.get("transparency")
    if image.mode == "L" and isinstance(value, int):
        image.info["transparency"] = value * scale


def _orientation(image: PillowImage, tags: Mapping[int, Any]) -> tuple[int, bool]:
    """Return the turn still to be made (1: none), and whether the axes swap."""
    if tags:  # Pillow turns a TIFF itself while it loads
        return 1, tags.get(_ORIENTATION) in range(5, 9)
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged camera note is no reason to refuse the pixels
        return 1, False
    return orientation, orientation in range(5, 9)


def _explain(error: Exception, stream: BinaryIO) -> str:
    """Say in one line why a decoder gave up."""
    from PIL import UnidentifiedImageError

    if not isinstance(error, UnidentifiedImageError):
        reason = printable(str(error) or type(error).__name__)[:200]
        return f"is damaged or incomplete ({reason}); make or fetch it once more"
    stream.seek(0)
    start = stream.read(4)
    kind = next((known for magic, known in _MAGIC.items() if start.startswith(magic)), None)
    if kind == "TIFF":
        return (
            "is a TIFF that is damaged or of a kind that cannot be read (64-bit float, float "
            "colour, 16-bit grey with alpha); save one channel of 1, 8 or 16 bits or 32-bit float"
        )
    if kind is not None:
        return f"starts like a {kind} file but is damaged; make or fetch it once more"
    return "is no picture that can be read; convert it to PNG, TIFF, PBM, BMP, JPEG, WebP or GIF"

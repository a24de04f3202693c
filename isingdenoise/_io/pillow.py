"""Pillow, asked quietly: its warnings, its size limit and libtiff's messages kept away."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from isingdenoise._io.bits import fax_errors

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["open_image", "quiet_pillow"]

# What people keep pictures in. Pillow knows more, but some of those run other
# programs (EPS) or accept nearly any bytes (TGA).
_FORMATS = ("PNG", "TIFF", "PPM", "BMP", "JPEG", "WEBP", "GIF", "JPEG2000", "PCX")

# Python's warning filters and Pillow's size limit belong to the whole process:
# one thread at a time may set them aside.
_PILLOW_LOCK = threading.Lock()

# Without a handler of their own, Pillow's error messages would reach stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextmanager
def quiet_pillow() -> Iterator[list[str]]:
    """Keep Pillow's warnings, its own size limit and libtiff's messages out of the way."""
    from PIL import Image

    with _PILLOW_LOCK, warnings.catch_warnings(), fax_errors() as complaints:
        warnings.filterwarnings("ignore", module=r"PIL\.")
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None  # `max_pixels` is checked instead, before decoding
        try:
            yield complaints
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def open_image(stream: BinaryIO) -> ImageFile:
    """Open a picture of one of the formats that people keep; only its header is read."""
    from PIL import Image

    return Image.open(stream, formats=_FORMATS)

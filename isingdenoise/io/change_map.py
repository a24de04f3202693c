"""What became of each pixel, as a picture with a palette of four colours."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from isingdenoise.errors import ParameterError
from isingdenoise.io.encode import encode_grey, saving_options
from isingdenoise.io.formats import check_format
from isingdenoise.io.table import FORMATS

__all__ = ["CHANGE_COLOURS", "encode_change_map"]

Array = np.ndarray[Any, Any]

CHANGE_COLOURS = {
    "black kept": (205, 205, 205),
    "white kept": (255, 255, 255),
    "black to white": (230, 97, 0),
    "white to black": (93, 58, 155),
}
"""What the indices 0 to 3 of a change map mean, and their colours.

Kept pixels are pale; the luminance of any two colours differs, so that they can be told apart
without colour vision.
"""


def encode_change_map(
    image: Array,
    changes: Array,
    format: str,  # noqa: A002
    *,
    dpi: tuple[float, float] | None = None,
    compression: str | None = None,
) -> bytes:
    """Encode a change map.

    Parameters
    ----------
    image : ndarray of bool, shape (H, W)
        The clean picture, True where bright.
    changes : ndarray of int8, shape (H, W)
        +1 from black to white, -1 from white to black, 0 unchanged.
    format : str
        "PNG" (2 bits a pixel) and "TIFF" (8 bits) take a palette, in the
        order of `CHANGE_COLOURS`; "NPY" takes `changes` as they are.
    dpi, compression
        As in `encode_grey`.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ParameterError
        Another format, or a compression that it does not have.
    """
    known = FORMATS[check_format(format, compression, bilevel=False)]
    if known.numbers:
        return encode_grey(changes, known.name)
    if not known.palette:
        raise ParameterError("format", f"{known.name} holds no change map; use .png, .tif or .npy")
    from PIL import Image

    indices = image.astype(np.uint8)
    indices[changes > 0] = 2
    indices[changes < 0] = 3
    picture = Image.fromarray(indices)
    picture.putpalette([channel for colour in CHANGE_COLOURS.values() for channel in colour])
    compression = compression or known.default_compression(bilevel=False)
    options = saving_options(known, dpi, compression, None)
    if known.palette < 8:
        options["bits"] = known.palette
    buffer = io.BytesIO()
    picture.save(buffer, known.name, **options)
    return buffer.getvalue()

"""Characters drawn from a font's file, as two-level pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from isingdenoise.errors import ReadError
from isingdenoise.io.opening import StrPath

__all__ = ["draw_glyph"]


def draw_glyph(
    character: str, font: StrPath, size: int, shape: tuple[int, int], shift: tuple[int, int]
) -> np.ndarray[Any, Any]:
    """Draw one character black on white, in the middle of a picture.

    Parameters
    ----------
    character : str
        What to draw.
    font : str, bytes or os.PathLike
        The font's file (TrueType or OpenType).
    size : int
        Of the font, in pixels an em.
    shape : tuple of int
        (H, W) of the picture; what does not fit is cut.
    shift : tuple of int
        Pixels by which the middle of the ink lies below and to the right of the picture's.

    Returns
    -------
    ndarray of bool, shape (H, W)
        True is bright: paper. A pixel is ink where the font covers half of it or more.

    Raises
    ------
    ReadError
        The font cannot be read.
    """
    from PIL import Image, ImageDraw, ImageFont

    try:
        known = ImageFont.truetype(font, size, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError) as error:
        raise ReadError(font, "cannot be read as a font") from error
    left, top, right, bottom = known.getbbox(character)
    height, width = shape
    across = (width - (right + left)) / 2 + shift[1]
    down = (height - (bottom + top)) / 2 + shift[0]
    canvas = Image.new("L", (width, height), 0)
    ImageDraw.Draw(canvas).text((round(across), round(down)), character, fill=255, font=known)
    return np.asarray(canvas) < 128

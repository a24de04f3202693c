"""Results as notebooks show them: small pictures and a few facts, without matplotlib."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .io import encode_grey

__all__ = ["page", "png"]

_LARGEST, _SMALLEST = 400, 200  # pixels of the longer side on the screen

_FIGURE = (
    '<figure style="display:inline-block;margin:0 1em 0 0">'
    '<img src="data:image/png;base64,{data}" alt="{title}" '
    'style="image-rendering:pixelated;border:1px solid #888">'
    '<figcaption style="color:inherit">{title}</figcaption></figure>'
)
_ROW = '<tr><th style="text-align:left">{}</th><td style="text-align:left">{}</td></tr>'


def png(picture: NDArray[np.bool_] | NDArray[np.floating]) -> bytes:
    """Return a picture as a PNG that fits on a page.

    Parameters
    ----------
    picture : ndarray of bool or float, shape (H, W)
        Values in [0, 1]. A large one is shrunk by averages over areas, so that thin lines stay
        as grey ones; of a small one each pixel becomes a square of several.

    Returns
    -------
    bytes
        At most 400 x 400 pixels, as a rule.
    """
    longer = max(picture.shape)
    factor = -(-longer // _LARGEST)
    grey = picture.astype(np.float32)
    if factor > 1:
        for axis, size in enumerate(picture.shape):
            starts = np.arange(0, size, factor)
            widths = np.diff(starts, append=size)
            grey = np.add.reduceat(grey, starts, axis) / np.expand_dims(widths, 1 - axis)
    pixels = np.rint(255 * grey).astype(np.uint8)
    larger = -(-_SMALLEST // longer)
    return encode_grey(pixels.repeat(larger, 0).repeat(larger, 1), "PNG")


def page(pictures: Mapping[str, NDArray[np.floating]], facts: Mapping[str, object]) -> str:
    """Return pictures and facts as a piece of HTML.

    Parameters
    ----------
    pictures : mapping of str to ndarray, shape (H, W)
        Titles, and pictures as for `png`.
    facts : mapping of str to object
        What is told of them, in rows of a table. Nothing of it becomes markup.

    Returns
    -------
    str
        It needs no network and runs no script.
    """
    shown = (
        _FIGURE.format(
            title=html.escape(title), data=base64.b64encode(png(picture)).decode("ascii")
        )
        for title, picture in pictures.items()
    )
    rows = (_ROW.format(html.escape(name), html.escape(str(fact))) for name, fact in facts.items())
    return f"<div>{''.join(shown)}<table>{''.join(rows)}</table></div>"

"""Small pictures for a screen: a few kilobytes each, in colours too."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from isingdenoise.errors import ParameterError

__all__ = ["encode_preview"]

_QUALITY = 40  # of WebP, where nobody measures on what is shown


def encode_preview(array: np.ndarray[Any, Any], *, exact: bool = False) -> bytes:
    """Encode grey values or colours for a screen.

    Parameters
    ----------
    array : ndarray of uint8, shape (H, W) or (H, W, 3)
        Grey values, or red, green and blue.
    exact : bool
        Whether every value stays: as PNG. Else as WebP, which takes a third of the bytes.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ParameterError
        Another type or shape.
    """
    if array.dtype != np.uint8 or not (array.ndim == 2 or array.shape[2:] == (3,)):
        message = f"must be bytes of grey or of colours, not {array.dtype} of shape {array.shape}"
        raise ParameterError("image", message)
    from PIL import Image

    buffer = io.BytesIO()
    options: dict[str, Any] = {"format": "PNG"}
    if not exact:
        options = {"format": "WEBP", "quality": _QUALITY, "method": 4}
    Image.fromarray(array).save(buffer, **options)
    return buffer.getvalue()

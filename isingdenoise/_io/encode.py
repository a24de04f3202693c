"""From arrays to the bytes of picture files, by way of imageio's Pillow plugin.

The plugin is named every time: imageio's first choice for TIFF turns two-level
pictures into their negative. Arrays are brought to the stored type beforehand.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from isingdenoise._io.atomic import StrPath
from isingdenoise._io.decode import usable_dpi
from isingdenoise.errors import ParameterError, printable

__all__ = ["EXTENSIONS", "encode_bilevel", "encode_grey", "format_of"]

Array = np.ndarray[Any, Any]

EXTENSIONS = {
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".pbm": "PBM",
    ".pgm": "PGM",
    ".bmp": "BMP",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".npy": "NPY",
}
"""The formats that can be written, by the extension of the file."""

_BILEVEL = {"PNG", "TIFF", "PBM", "BMP"}  # formats that are written with one bit a pixel
_DEEP = {"PNG", "TIFF", "PGM"}  # formats with room for 16 bits of grey
_GREY_OPTIONS: dict[str, dict[str, Any]] = {"TIFF": {"compression": "tiff_adobe_deflate"}}
_OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}


def format_of(path: StrPath) -> str:
    """Return the format that an output's extension asks for.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A name; the file need not exist.

    Returns
    -------
    str
        One of the values of `EXTENSIONS`.

    Raises
    ------
    ParameterError
        The extension is missing or unknown.
    """
    name = os.fsdecode(path)
    found = EXTENSIONS.get(Path(name).suffix.lower())
    if found is None:
        known = " ".join(EXTENSIONS)
        raise ParameterError("output", f"{printable(name)} has no known extension; use {known}")
    return found


def encode_bilevel(image: Array, format: str, *, dpi: tuple[float, float] | None = None) -> bytes:  # noqa: A002
    """Encode a two-level picture.

    PNG, BMP and PBM take one bit a pixel, TIFF Group 4 compression; PGM, JPEG
    (quality 95), WebP (lossless) and GIF take the bytes 0 and 255.

    Parameters
    ----------
    image : ndarray of bool, shape (H, W)
        True is bright.
    format : str
        A value of `EXTENSIONS`.
    dpi : tuple of float or None
        Dots per inch, for the formats that store them. A TIFF must have some
        and says 72 without.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ParameterError
        `image` is no two-dimensional array of bools, or does not fit `format`.
    """
    image = _checked(image)
    if image.dtype != np.bool_:
        raise ParameterError("image", f"must be bool for two levels, not {image.dtype}")
    dpi = usable_dpi(dpi)
    if format == "TIFF":
        return _encode(image, format, compression="group4", dpi=dpi or (72.0, 72.0))
    if format not in _BILEVEL and format != "NPY":
        image = image.astype(np.uint8) * np.uint8(255)
    return _encode(image, format, **({"dpi": dpi} if dpi else {}))


def encode_grey(array: Array, format: str) -> bytes:  # noqa: A002
    """Encode grey values or probabilities.

    Parameters
    ----------
    array : ndarray, shape (H, W)
        uint8 and uint16 are stored as they are; bool as 0 and 255. Floats go
        into a TIFF as float32 (NaN allowed); elsewhere they must lie in
        [0, 1], and 1 becomes 65535 in PNG and 255 in PGM, BMP, JPEG, WebP and
        GIF. NPY takes any numbers unchanged.
    format : str
        A value of `EXTENSIONS`, PBM apart.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ParameterError
        The values or the size do not fit `format`.
    """
    array = _checked(array)
    if format == "NPY":
        return _encode(array, format)
    if format == "PBM":
        raise ParameterError("format", "PBM has no grey; use PGM, PNG or TIFF")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "f":
        array = _quantised(array, format)
    elif array.dtype not in (np.uint8, np.uint16):
        raise ParameterError("array", f"of {array.dtype} has no file format but NPY")
    if array.dtype == np.uint16 and format not in _DEEP:
        raise ParameterError("format", f"{format} has no room for 16 bits; use PNG, TIFF or PGM")
    return _encode(array, format, **_GREY_OPTIONS.get(format, {}))


def _checked(array: Array) -> Array:
    """Return `array` in native byte order, or refuse it."""
    array = np.asarray(array)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise ParameterError(
            "image", f"must be a two-dimensional picture, not {array.dtype} of shape {array.shape}"
        )
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))


def _quantised(array: Array, format: str) -> Array:  # noqa: A002
    """Return float values as they are stored: float32 in a TIFF, else 16 or 8 bits."""
    if format == "TIFF":
        with np.errstate(over="ignore"):
            stored = array.astype(np.float32)
        if np.isinf(stored).any():
            raise ParameterError("array", "must be finite (or NaN) as 32-bit floats")
        return stored
    if not (array.min() >= 0 and array.max() <= 1):  # written so that NaN fails as well
        raise ParameterError("array", f"must lie in [0, 1] for {format}; write a TIFF instead")
    top, kind = (65535, np.uint16) if format == "PNG" else (255, np.uint8)
    return np.rint(array.astype(np.float64) * top).astype(kind)


def _encode(array: Array, format: str, **options: Any) -> bytes:  # noqa: A002
    """Return the bytes of the file, whatever the format."""
    extension = next((ext for ext, name in EXTENSIONS.items() if name == format), None)
    if extension is None:
        known = ", ".join(dict.fromkeys(EXTENSIONS.values()))
        raise ParameterError("format", f"{printable(format)} cannot be written; use {known}")
    if format == "NPY":
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        return buffer.getvalue()

    import imageio.v3 as iio

    try:
        data = iio.imwrite(
            "<bytes>",
            array,
            plugin="pillow",
            extension=extension,
            **_OPTIONS.get(format, {}),
            **options,
        )
    except MemoryError:
        raise
    except Exception as error:  # size limits arrive as OSError, ValueError or struct.error
        height, width = array.shape
        reason = printable(str(error) or type(error).__name__)
        raise ParameterError(
            "format", f"{format} cannot hold {width} x {height} pixels ({reason}); use PNG or TIFF"
        ) from error
    return bytes(data)

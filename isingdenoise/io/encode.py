"""From arrays to the bytes of picture files, by way of imageio's Pillow plugin.

The plugin is named every time: imageio's first choice for TIFF turns two-level
pictures into their negative. Arrays are brought to the stored type beforehand.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from isingdenoise.errors import ParameterError, printable
from isingdenoise.io.formats import check_format
from isingdenoise.io.microscopy import Microscopy
from isingdenoise.io.picture import grey_profile, usable_dpi
from isingdenoise.io.table import FORMATS, Format

__all__ = ["encode_bilevel", "encode_grey", "saving_options"]

Array = np.ndarray[Any, Any]


def encode_bilevel(
    image: Array,
    format: str,  # noqa: A002
    *,
    dpi: tuple[float, float] | None = None,
    compression: str | None = None,
    icc_profile: bytes | None = None,
    microscopy: Microscopy | None = None,
) -> bytes:
    """Encode a two-level picture.

    PNG, BMP, PBM and TIFF take one bit a pixel; PGM, JPEG (quality 95), WebP
    (lossless) and GIF take the bytes 0 and 255. In a TIFF, black is zero:
    several readers show the negative of the other kind.

    Parameters
    ----------
    image : ndarray of bool, shape (H, W)
        True is bright.
    format : str
        A value of `EXTENSIONS`.
    dpi : tuple of float or None
        Dots per inch, for the formats that store them.
    compression : str or None
        One of `COMPRESSIONS[format]`; None is "group4" for TIFF and "deflate"
        for PNG.
    icc_profile : bytes or None
        A profile for grey, stored in PNG, TIFF and JPEG.
    microscopy : Microscopy or None
        What ImageJ or OME said of the source (`Picture.microscopy`), stored in TIFF.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ParameterError
        `image` is no two-dimensional array of bools, or something does not fit
        `format`.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from isingdenoise.io import read_picture
    >>> data = encode_bilevel(np.eye(3) > 0, "PNG", dpi=(300.0, 300.0))
    >>> read_picture(io.BytesIO(data)).pixels.tolist()
    [[True, False, False], [False, True, False], [False, False, True]]
    """
    image = _checked(image)
    if image.dtype != np.bool_:
        raise ParameterError("image", f"must be bool for two levels, not {image.dtype}")
    known = FORMATS[check_format(format, compression)]
    if not (known.bilevel or known.numbers):
        image = image.astype(np.uint8) * np.uint8(255)
    compression = compression or known.default_compression(bilevel=True)
    options = saving_options(known, dpi, compression, icc_profile)
    return _encode(image, known, {**options, **_said_of(image, known, microscopy)})


def encode_grey(
    array: Array,
    format: str,  # noqa: A002
    *,
    dpi: tuple[float, float] | None = None,
    compression: str | None = None,
    icc_profile: bytes | None = None,
    microscopy: Microscopy | None = None,
) -> bytes:
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
    dpi, icc_profile, microscopy
        As in `encode_bilevel`.
    compression : str or None
        One of `COMPRESSIONS[format]` but "group4"; None is "deflate" for TIFF
        and PNG.

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
    known = FORMATS[check_format(format, compression, bilevel=False)]
    if known.numbers:
        return _encode(array, known, {})
    if not known.grey:
        raise ParameterError("format", f"{known.name} has no grey; use PGM, PNG or TIFF")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "f":
        array = _quantised(array, known)
    elif array.dtype not in (np.uint8, np.uint16):
        raise ParameterError("array", f"of {array.dtype} has no file format but NPY")
    if 8 * array.itemsize > known.depth and array.dtype.kind == "u":
        *others, last = (name for name, other in FORMATS.items() if other.depth > known.depth)
        raise ParameterError(
            "format",
            f"{known.name} has no room for 16 bits; use {', '.join(others)} or {last}",
        )
    compression = compression or known.default_compression(bilevel=False)
    options = saving_options(known, dpi, compression, icc_profile)
    return _encode(array, known, {**options, **_said_of(array, known, microscopy)})


def saving_options(
    known: Format,
    dpi: tuple[float, float] | None,
    compression: str | None,
    icc_profile: bytes | None,
) -> dict[str, Any]:
    """Return what Pillow is to be told beside the pixels."""
    options = {**known.options, **(known.compressions[compression] if compression else {})}
    dpi = usable_dpi(dpi, known.dpi)
    if dpi is None:
        options.update(known.no_dpi)
    else:
        options["dpi"] = dpi
    if icc_profile is not None and known.profile:
        if grey_profile(icc_profile) is None:
            raise ParameterError("icc_profile", "is no whole ICC profile for grey; leave it out")
        options["icc_profile"] = icc_profile
    return options


def _said_of(array: Array, known: Format, microscopy: Microscopy | None) -> dict[str, Any]:
    """Return what Pillow is to be told of a picture from a microscope."""
    if microscopy is None or not known.pages:
        return {}
    height, width = array.shape
    kind = {"bool": "bit", "float32": "float"}.get(array.dtype.name, array.dtype.name)
    said: dict[str, Any] = {"description": microscopy.description(width, height, kind)}
    if microscopy.scale is not None:  # in a unit that the description names
        across, down = microscopy.scale
        # one of the two ways to tell it: dpi goes before
        said |= {"dpi": None, "resolution_unit": 1, "x_resolution": across, "y_resolution": down}
    return said


def _checked(array: Array) -> Array:
    """Return `array` in native byte order, or refuse it."""
    array = np.asarray(array)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise ParameterError(
            "image", f"must be a two-dimensional picture, not {array.dtype} of shape {array.shape}"
        )
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))


def _quantised(array: Array, known: Format) -> Array:
    """Return float values as they are stored: float32 in a TIFF, else 16 or 8 bits."""
    if known.floats:
        with np.errstate(over="ignore"):
            stored = array.astype(np.float32)
        if np.isinf(stored).any():
            raise ParameterError("array", "must be finite (or NaN) as 32-bit floats")
        return stored
    if not (array.min() >= 0 and array.max() <= 1):  # written so that NaN fails as well
        raise ParameterError("array", f"must lie in [0, 1] for {known.name}; write a TIFF instead")
    top, kind = (65535, np.uint16) if known.unit_depth == 16 else (255, np.uint8)
    return np.rint(array.astype(np.float64) * top).astype(kind)


def _encode(array: Array, known: Format, options: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file, whatever the format."""
    if known.numbers:
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        return buffer.getvalue()

    import imageio.v3 as iio

    try:
        data = iio.imwrite(
            "<bytes>",
            array,
            plugin="pillow",
            extension=known.extensions[0],
            **options,
        )
    except MemoryError:
        raise
    except Exception as error:  # size limits arrive as OSError, ValueError or struct.error
        height, width = array.shape
        reason = printable(str(error) or type(error).__name__)
        raise ParameterError(
            "format",
            f"{known.name} cannot hold {width} x {height} pixels ({reason}); use PNG or TIFF",
        ) from error
    return bytes(data)

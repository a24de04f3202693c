"""Pictures in NumPy's own file format, mapped into memory and not read."""

from __future__ import annotations

import io
import math
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ReadError
from isingdenoise.io.bounds import Bounds
from isingdenoise.io.picture import Picture

__all__ = ["any_infinite", "decode_npy", "decode_planes", "is_npy", "npy_planes", "npy_shape"]

_KEPT = {np.dtype(name) for name in ("bool", "uint8", "uint16", "float32", "float64")}
_ROWS_AT_A_TIME = 256
_EXACT = 2**53  # whole numbers up to here are float64 numbers


def is_npy(stream: BinaryIO) -> bool:
    """Tell whether a file starts like a .npy file; the stream is at its start afterwards."""
    stream.seek(0)
    start = stream.read(6)
    stream.seek(0)
    return start == b"\x93NUMPY"


def decode_npy(stream: BinaryIO, name: str, size: int, bounds: Bounds) -> Picture:
    """Return the picture in a .npy file.

    bool, uint8, uint16, float32 and float64 stay as they are and are mapped
    from the file, read-only: changing the file meanwhile changes the pixels,
    and cutting it off ends the process. float16 becomes float32, other whole
    numbers float64. Nothing is unpickled.

    Parameters
    ----------
    stream : BinaryIO
        At the start of the file; a regular file, or `io.BytesIO`.
    name : str
        Its name, for messages.
    size : int
        Its length in bytes.
    bounds : Bounds
        On its pixels.

    Raises
    ------
    ReadError
        It holds no two-dimensional picture of numbers, or not all of it.
    """
    shape, fortran, dtype = npy_shape(stream, name)
    bounds.check_page((shape[1], shape[0]), name)
    if stream.tell() + math.prod(shape) * dtype.itemsize > size:
        raise ReadError(name, "is truncated; make or fetch it once more")
    stored = _mapped(stream, shape, fortran, dtype)
    return Picture(_as_pixels(stored, name), None, "NPY", dtype.name, name)


def npy_planes(stream: BinaryIO, name: str) -> bool:
    """Tell whether a .npy file has three axes; the stream is at its start afterwards."""
    shape, _, _ = _plain_header(stream, name)
    stream.seek(0)
    return len(shape) == 3


def decode_planes(stream: BinaryIO, name: str, size: int, bounds: Bounds) -> Picture:
    """Return the picture in a .npy file of three axes, pixels (K, H, W); else as `decode_npy`.

    Raises
    ------
    ReadError
        It is empty, too large, or not all of it is there.
    """
    shape, fortran, dtype = _plain_header(stream, name)
    planes, height, width = shape
    bounds.check_page((width, height), name)
    bounds.check_count(planes, name)
    bounds.check_total(planes * height * width, planes, name, "planes")
    if not planes or stream.tell() + math.prod(shape) * dtype.itemsize > size:
        raise ReadError(name, "is empty or truncated; make or fetch it once more")
    stored = _mapped(stream, shape, fortran, dtype)
    return Picture(_as_pixels(stored, name), None, "NPY", dtype.name, name, pages=planes)


def npy_shape(stream: BinaryIO, name: str) -> tuple[tuple[int, int], bool, np.dtype[Any]]:
    """Read the header: shape, whether columns come first, and type; the data come next.

    Raises
    ------
    ReadError
        As `decode_npy`, of the header.
    """
    shape, fortran, dtype = _plain_header(stream, name)
    if len(shape) != 2 or min(shape) < 1:
        lengths = " x ".join(map(str, shape)) or "one number"
        raise ReadError(name, f"holds no two-dimensional picture ({lengths}); save one")
    return (shape[0], shape[1]), fortran, dtype


def _plain_header(stream: BinaryIO, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of a file that holds plain numbers."""
    try:
        shape, fortran, dtype = _header(stream)
    except Exception as error:  # ValueError, SyntaxError, TypeError, EOFError, struct.error
        raise ReadError(name, "has a damaged .npy header; save the array once more") from error
    if dtype.hasobject or dtype.names or dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise ReadError(name, "holds no plain numbers; save an array of bool, int or float")
    return shape, fortran, dtype


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns come first, and the type; the stream is at the data."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError(version)  # 3.0 differs in the names of fields alone, which have no place here


def _mapped(
    stream: BinaryIO, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    """Return the stored numbers without reading them."""
    order: Any = "F" if fortran else "C"
    start = stream.tell()
    if isinstance(stream, io.BytesIO):
        flat = np.frombuffer(stream.getbuffer(), dtype, math.prod(shape), start)
        return flat.reshape(shape, order=order)
    mapped: Any = np.memmap(stream, dtype, "r", start, shape, order)
    return np.asarray(mapped)


def _as_pixels(stored: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    """Return the numbers in one of the types of a picture."""
    if stored.dtype == np.bool_:
        # Any byte but 0 and 1 would be a third truth value to compiled code.
        bytes_ = stored.view(np.uint8)
        return stored if bytes_.max() <= 1 else np.asarray(bytes_ != 0)
    if stored.dtype in _KEPT and stored.dtype.isnative and stored.flags.aligned:
        pixels = stored
    elif stored.dtype.newbyteorder("=") in _KEPT:
        pixels = stored.astype(stored.dtype.newbyteorder("="))
    elif stored.dtype.kind == "f":
        pixels = stored.astype(np.float32)
    else:
        if stored.dtype.itemsize == 8 and not _exact(stored):
            raise ReadError(name, f"holds whole numbers beyond {_EXACT}; rescale them")
        pixels = stored.astype(np.float64)
    if pixels.dtype.kind == "f" and any_infinite(pixels):
        raise ReadError(name, "holds infinite values; replace them, by NaN where pixels miss")
    return pixels


def _exact(stored: np.ndarray[Any, Any]) -> bool:
    return int(stored.min()) >= -_EXACT and int(stored.max()) <= _EXACT


def any_infinite(pixels: np.ndarray[Any, Any]) -> bool:
    """Look for infinities part by part, so that no second array of this size is made."""
    rows = range(0, len(pixels), _ROWS_AT_A_TIME)
    return any(np.isinf(pixels[top : top + _ROWS_AT_A_TIME]).any() for top in rows)

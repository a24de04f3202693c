"""Archives of weights, of which nothing is believed that is not checked."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ReadError

FORMAT = 1
#: Bytes of a file, and of all its arrays: over a hundred times those of the usual network.
LARGEST = 1 << 26
_MOST_MEMBERS = 1024
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class FaultError(Exception):
    """What is wrong with a file, in a few words."""


class Stored(NamedTuple):
    """What a file of weights holds.

    Attributes
    ----------
    name : str
        The file.
    arrays : dict of str to ndarray
        Those of layers; whoever knows one takes it out.
    digest : str
        SHA-256 of the file, in hexadecimal.
    about : mapping
        What its maker says of it.
    """

    name: str
    arrays: dict[str, NDArray[Any]]
    digest: str
    about: Mapping[str, Any]


def read_stored(path: str | os.PathLike[str]) -> Stored:
    """Return what stands in a file.

    Raises
    ------
    ReadError
        There is no such file, or it is too large.
    FaultError
        It is no archive of weights.
    """
    from ..io.opening import open_regular  # engines are listed without it

    name = os.fspath(path)
    with open_regular(name) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ReadError(name, f"is too large for weights (more than {LARGEST >> 20} MB)")
    arrays = _arrays(data)
    version = arrays.pop("format", None)
    if version is None or version.shape != () or version.dtype.kind not in "iu":
        raise FaultError("it lacks the number 'format'")
    if int(version) != FORMAT:
        raise FaultError(f"it has format {int(version)}; this version reads format {FORMAT}")
    about = _about(arrays.pop("about", None))
    return Stored(name, arrays, hashlib.sha256(data).hexdigest(), about)


def channels_of(arrays: Mapping[str, NDArray[Any]], layer: str) -> int:
    """Return how many channels a layer makes."""
    weight = arrays.get(f"{layer}.weight")
    if weight is None:
        raise FaultError(f"it lacks '{layer}.weight'")
    if weight.ndim != 4 or weight.shape[0] == 0:
        raise FaultError(f"'{layer}.weight' has shape {weight.shape}")
    return int(weight.shape[0])


def numbers(
    arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Take an array of the expected shape out of `arrays`, as float32."""
    array = arrays.pop(name, None)
    if array is None:
        raise FaultError(f"it lacks {name!r}")
    if array.shape != shape:
        raise FaultError(f"{name!r} has shape {array.shape}, not {shape}")
    if array.dtype.kind != "f" or array.dtype.itemsize > 4:
        raise FaultError(f"{name!r} holds {array.dtype}, not float16 or float32")
    if not np.isfinite(array).all():
        raise FaultError(f"{name!r} holds NaN or infinite values")
    numbers = np.ascontiguousarray(array, np.float32)
    numbers.flags.writeable = False
    return numbers


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive by name, with no more read than the file may hold.

    Raises
    ------
    FaultError
        It is no archive of arrays, or a damaged or too large one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(m.file_size for m in members) > LARGEST:
                raise FaultError(f"its arrays take more than {LARGEST >> 20} MB")
            return {
                member.filename.removesuffix(".npy"): _array(archive.read(member), member.filename)
                for member in members
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise FaultError(f"it is no whole archive of arrays (.npz), {error}") from None


def _array(stored: bytes, name: str) -> NDArray[Any]:
    """Return a stored array, once its header is seen to tell how many bytes there are.

    Raises
    ------
    FaultError
        The bytes are no array, or one of objects.
    """
    stream = io.BytesIO(stored)
    try:
        shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except (ValueError, KeyError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise FaultError(f"{name!r} is no array of NumPy") from None
    here, count = stream.tell(), math.prod(shape)
    told = count * dtype.itemsize == len(stored) - here
    if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0 or not told:
        raise FaultError(f"{name!r} does not hold what its header says")
    try:
        flat = np.frombuffer(stored, dtype, count, here)
        return flat.reshape(shape, order="F" if fortran else "C")
    except ValueError:  # sides whose product is zero, and one of them beyond all bounds
        raise FaultError(f"{name!r} has shape {shape}") from None


def _about(array: NDArray[Any] | None) -> Mapping[str, Any]:
    """Return what stands in `about`."""
    if array is None or array.shape != () or array.dtype.kind != "U":
        raise FaultError("it lacks the text 'about'")
    try:
        about = json.loads(str(array))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise FaultError("'about' is no mapping in JSON")
    return about

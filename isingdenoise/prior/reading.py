"""Files of weights: a zip archive of arrays, of which nothing is believed that is not checked."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ReadError
from .network import Layer, Network, expected_layers

__all__ = ["prior_of", "read_network", "shipped"]

FORMAT = 1
#: Bytes of a file, and of all its arrays: over a hundred times those of the usual network.
LARGEST = 1 << 26
_MOST_PLANES, _MOST_BLOCKS, _MOST_MEMBERS = 1024, 64, 1024
_SHIPPED = Path(__file__).parent / "weights" / "learned.npz"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_network(path: str | os.PathLike[str]) -> Network:
    """Read a network from its weights.

    Parameters
    ----------
    path : str or os.PathLike
        An archive of NumPy (`.npz`): of each layer `NAME.weight`, shape (out, in, k, k), float16
        or float32, and `NAME.bias`, shape (out,); `format`, a whole number, 1; `about`,
        a mapping as JSON. Channels and blocks are read off the shapes.

    Returns
    -------
    Network

    Raises
    ------
    ReadError
        There is no such file, it is too large, or it does not hold these arrays.
    """
    from ..io.opening import open_regular  # engines are listed without it

    name = os.fspath(path)
    with open_regular(name) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ReadError(name, f"is too large for weights (more than {LARGEST >> 20} MB)")
    try:
        arrays = _arrays(data)
        return _network(name, arrays, hashlib.sha256(data).hexdigest())
    except _FaultError as fault:
        raise ReadError(name, f"holds no network: {fault}") from None


@cache
def shipped() -> Network:
    """Return the network that comes with the package.

    Raises
    ------
    ReadError
        Its file is missing or damaged.
    """
    if not _SHIPPED.exists():
        raise ReadError(_SHIPPED, "is missing; install the package anew, or give your own weights")
    return read_network(_SHIPPED)


def prior_of(path: str | None) -> Network:
    """Return the network of a file, read once as long as the file stays as it is.

    Parameters
    ----------
    path : str or None
        The file; None means the one that comes with the package.

    Raises
    ------
    ReadError
        As from `read_network`.
    """
    if path is None:
        return shipped()
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return read_network(path)  # it says what is wrong
    return _kept(path, (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _kept(path: str, stamp: tuple[int, ...]) -> Network:
    """Return the network of a file of this stamp."""
    return read_network(path)


class _FaultError(Exception):
    """What is wrong with a file, in a few words."""


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive by name, with no more read than the file may hold.

    Raises
    ------
    _FaultError
        It is no archive of arrays, or a damaged or too large one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(m.file_size for m in members) > LARGEST:
                raise _FaultError(f"its arrays take more than {LARGEST >> 20} MB")
            return {
                member.filename.removesuffix(".npy"): _array(archive.read(member), member.filename)
                for member in members
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise _FaultError(f"it is no whole archive of arrays (.npz), {error}") from None


def _array(stored: bytes, name: str) -> NDArray[Any]:
    """Return a stored array, once its header is seen to tell how many bytes there are.

    Raises
    ------
    _FaultError
        The bytes are no array, or one of objects.
    """
    stream = io.BytesIO(stored)
    try:
        shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except (ValueError, KeyError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise _FaultError(f"{name!r} is no array of NumPy") from None
    here, count = stream.tell(), math.prod(shape)
    told = count * dtype.itemsize == len(stored) - here
    if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0 or not told:
        raise _FaultError(f"{name!r} does not hold what its header says")
    try:
        flat = np.frombuffer(stored, dtype, count, here)
        return flat.reshape(shape, order="F" if fortran else "C")
    except ValueError:  # sides whose product is zero, and one of them beyond all bounds
        raise _FaultError(f"{name!r} has shape {shape}") from None


def _network(name: str, arrays: dict[str, NDArray[Any]], digest: str) -> Network:
    """Return the network that arrays are the weights of.

    Raises
    ------
    _FaultError
        They are not.
    """
    version = arrays.pop("format", None)
    if version is None or version.shape != () or version.dtype.kind not in "iu":
        raise _FaultError("it lacks the number 'format'")
    if int(version) != FORMAT:
        raise _FaultError(f"it has format {int(version)}; this version reads format {FORMAT}")
    about = _about(arrays.pop("about", None))
    planes = (
        _channels(arrays, "in"),
        _channels(arrays, "down0"),
        _channels(arrays, "down1"),
    )
    middle = 0
    while f"mid{middle}.a.weight" in arrays and middle <= _MOST_BLOCKS:
        middle += 1
    if middle > _MOST_BLOCKS or max(planes) > _MOST_PLANES:
        raise _FaultError(f"more than {_MOST_PLANES} channels or {_MOST_BLOCKS} blocks")
    layers = {
        layer: Layer(
            _numbers(arrays, f"{layer}.weight", shape), _numbers(arrays, f"{layer}.bias", shape[:1])
        )
        for layer, shape in expected_layers(planes, middle)
    }
    if arrays:
        raise _FaultError(f"no layer takes {min(arrays)!r}")
    return Network(name, planes, middle, layers, digest, about)


def _about(array: NDArray[Any] | None) -> Mapping[str, Any]:
    """Return what stands in `about`."""
    if array is None or array.shape != () or array.dtype.kind != "U":
        raise _FaultError("it lacks the text 'about'")
    try:
        about = json.loads(str(array))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise _FaultError("'about' is no mapping in JSON")
    return about


def _channels(arrays: Mapping[str, NDArray[Any]], layer: str) -> int:
    """Return how many channels a layer makes."""
    weight = arrays.get(f"{layer}.weight")
    if weight is None:
        raise _FaultError(f"it lacks '{layer}.weight'")
    if weight.ndim != 4 or weight.shape[0] == 0:
        raise _FaultError(f"'{layer}.weight' has shape {weight.shape}")
    return int(weight.shape[0])


def _numbers(
    arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Take an array of the expected shape out of `arrays`, as float32."""
    array = arrays.pop(name, None)
    if array is None:
        raise _FaultError(f"it lacks {name!r}")
    if array.shape != shape:
        raise _FaultError(f"{name!r} has shape {array.shape}, not {shape}")
    if array.dtype.kind != "f" or array.dtype.itemsize > 4:
        raise _FaultError(f"{name!r} holds {array.dtype}, not float16 or float32")
    if not np.isfinite(array).all():
        raise _FaultError(f"{name!r} holds NaN or infinite values")
    numbers = np.ascontiguousarray(array, np.float32)
    numbers.flags.writeable = False
    return numbers

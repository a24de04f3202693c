"""Volumes as files: those of `io`, and Zarr arrays, which are folders."""

from __future__ import annotations

import math
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..deadline import check_deadline
from ..errors import (
    OverwriteError,
    ParameterError,
    ReadError,
    TimeLimitError,
    WriteError,
    printable,
)
from ..io import Stack, check_memory
from ..io.bounds import Bounds
from ..io.volumes import Voxels
from .result import VolumeResult

__all__ = ["is_zarr", "read_zarr", "record_of", "write_zarr"]

_KINDS = "biuf"
_CHUNK = (32, 256, 256)
_NEEDED = "needs the package zarr: pip install 'isingdenoise[zarr]'"


def is_zarr(path: Path) -> bool:
    """Tell whether a name is that of a Zarr array: its extension, or a folder that holds one."""
    if path.suffix.lower() == ".zarr":
        return True
    return any((path / name).is_file() for name in ("zarr.json", ".zarray", ".zgroup"))


def read_zarr(
    path: Path,
    *,
    max_pixels: int | None = None,
    max_pages: int,
    channel: int | None = None,
    besides: Voxels | None = None,
) -> Stack:
    """Read a Zarr array of three axes, or the first one of a group.

    Leading axes of length 1 are left out, as OME has them for time and channel.

    Parameters
    ----------
    path : Path
        The folder.
    max_pixels, max_pages, besides
        As of `isingdenoise.io.read_volume`.
    channel : int, optional
        From 0, of an array of four axes.

    Raises
    ------
    ReadError
        It is no such array, too large, or the package zarr is missing.
    """
    name = os.fspath(path)
    try:
        import zarr
    except ImportError:
        raise ReadError(name, _NEEDED) from None
    try:
        node: Any = zarr.open(name, mode="r")
        array: Any = node if hasattr(node, "shape") else node[min(node.array_keys())]
        shape, dtype = tuple(map(int, array.shape)), np.dtype(array.dtype)
    except Exception as error:  # zarr and its stores raise what they like
        reason = printable(str(error) or type(error).__name__)[:200]
        raise ReadError(name, f"is no Zarr array that can be read ({reason})") from error
    chosen = _leading(shape, channel, name)
    depth, height, width = shape[len(chosen) :]
    bounds = Bounds(max_pixels, max_pages)
    bounds.check()
    bounds.check_count(depth, name)
    bounds.check_page((width, height), name)
    bounds.check_total(depth * height * width, depth, name, "planes")
    if dtype.kind not in _KINDS or dtype.itemsize > 8 or not depth:
        raise ReadError(name, "holds no plain numbers; save an array of bool, int or float")
    more = 0 if besides is None else besides(depth * height * width)
    check_memory(name, depth * height * width * dtype.itemsize + more)
    return Stack(_pixels(array, chosen, (depth, height, width), name), name, "ZARR")


def _leading(shape: tuple[int, ...], channel: int | None, name: str) -> tuple[int, ...]:
    """Return what to take of the axes before the last three."""
    before = shape[:-3]
    if len(shape) < 3 or math.prod(before) != (before[-1] if before else 1):
        sizes = " x ".join(map(str, shape))
        raise ReadError(name, f"has {len(shape)} axes ({sizes}); save an array of D x H x W")
    if before and before[-1] > 1:
        if channel is None:
            raise ReadError(name, f"has {before[-1]} channels", "channel")
        if channel >= before[-1]:
            raise ReadError(name, "has no such channel", f"channels:{before[-1]}")
    elif channel:
        raise ReadError(name, "has no such channel", "channels:1")
    return (0,) * (len(before) - 1) + ((channel or 0),) * bool(before)


def _pixels(
    array: Any, chosen: tuple[int, ...], shape: tuple[int, int, int], name: str
) -> NDArray[Any]:
    """Return the planes, read a few at a time."""
    pixels = np.empty(shape, np.dtype(array.dtype).newbyteorder("="))
    try:
        step = max(int(array.chunks[-3]), 1)
        for z in range(0, shape[0], step):
            check_deadline()
            pixels[z : z + step] = array[(*chosen, slice(z, z + step))]
    except (TimeLimitError, MemoryError):
        raise
    except Exception as error:
        reason = printable(str(error) or type(error).__name__)[:200]
        raise ReadError(name, f"is damaged or incomplete ({reason})") from error
    return pixels


def write_zarr(path: Path, planes: NDArray[Any]) -> None:
    """Write a Zarr array, whole or not at all; what has the name is never replaced.

    Parameters
    ----------
    path : Path
        The folder to make.
    planes : ndarray, shape (D, H, W)
        What to write.

    Raises
    ------
    ParameterError
        The package zarr is missing.
    OverwriteError
        Something has the name.
    WriteError
        It cannot be written.
    """
    try:
        import zarr
    except ImportError:
        raise ParameterError("output", _NEEDED) from None
    name = os.fspath(path)
    pending = path.with_name(f".isingdenoise-{secrets.token_hex(8)}.zarr")
    try:
        chunks = tuple(map(min, _CHUNK, planes.shape))
        array: Any = zarr.create_array(
            os.fspath(pending), shape=planes.shape, dtype=planes.dtype, chunks=chunks
        )
        for z in range(0, len(planes), _CHUNK[0]):
            array[z : z + _CHUNK[0]] = planes[z : z + _CHUNK[0]]
        if os.path.lexists(path):
            raise OverwriteError(name, "exists, and a folder is never replaced; remove it first")
        pending.rename(path)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        reason = error.strerror or type(error).__name__
        raise WriteError(
            name, f"cannot be written ({reason}); check the folder and the space"
        ) from error
    finally:
        shutil.rmtree(pending, ignore_errors=True)


def record_of(result: VolumeResult) -> dict[str, Any]:
    """Return what came out as plain values with stable keys."""
    solution, settings = result.solution, result.settings
    depth, height, width = result.image.shape
    told = result.found
    fit = None if result.fit is None else result.fit.record()
    return {
        "depth": depth,
        "height": height,
        "width": width,
        "noise": settings["noise"],
        "fit": fit,
        "coupling": settings["coupling"],
        "neighbours": result.coupling.neighbours,
        "spacing": settings["spacing"],
        "planes": None if told is None else _told(told),
        "engine": settings["engine"],
        "status": solution.status.value,
        "sweeps": solution.work.sweeps,
        "seconds": solution.seconds,
        "energy": solution.energy,
        "bound": solution.lower_bound,
        "diagnostics": dict(solution.diagnostics),
        "bright": float(np.count_nonzero(result.image) / result.image.size),
        "changed": result.changed,
        "notes": list(result.notes),
        "seed": settings["seed"],
        "version": settings["version"],
    }


def _told(found: Any) -> Mapping[str, Any]:
    """Return what hidden voxels said of the strengths between planes."""
    return {
        "between": found.between,
        "scale": found.scale,
        "gain": found.gain,
        "hidden": found.hidden,
        "tried": [list(one) for one in found.curve],
    }

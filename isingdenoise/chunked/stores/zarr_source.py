"""Zarr stores, OME-Zarr among them, as sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ReadError
from ..grid import Box
from ._zarr import load_zarr
from .base import Notes, Tiles

__all__ = ["ZarrSource"]

_TILE = 1024  # chunks smaller than this are read several at a time
_AXES = "tczyx"


class ZarrSource:
    """A two-dimensional picture of a Zarr array, or of the first level of OME-Zarr.

    Parameters
    ----------
    path : pathlib.Path
        The folder of the array or the group.
    channel : int or None
        Which of its channels, from 0.

    Raises
    ------
    ReadError
        It is no store, holds no picture, or one of several must be chosen.
    """

    def __init__(self, path: Path, channel: int | None) -> None:
        zarr = load_zarr()
        self.path = path
        try:
            node: Any = zarr.open(str(path), mode="r")
        except Exception as error:  # zarr has many, for what is damaged too
            raise ReadError(path, f"is no Zarr store that can be read ({_short(error)})") from error
        names: tuple[str, ...] | None = None
        notes: dict[str, Any] = {"zarr_format": int(node.metadata.zarr_format)}
        if isinstance(node, zarr.Group):
            node, names, found = _first_level(node, path)
            notes |= found
        else:
            notes["attributes"] = dict(node.attrs)
        self._array: Any = node
        self.dtype = _checked_kind(node.dtype, path)
        self._before = _index(node.shape, names, channel, path)
        self.shape: tuple[int, int] = (int(node.shape[-2]), int(node.shape[-1]))
        self.stored: tuple[int, int] = (int(node.chunks[-2]), int(node.chunks[-1]))
        self.notes = Notes(axes=(1,) * (node.ndim - 2), **notes)
        self.missing = _missing(node)
        side = (_side(self.stored[0]), _side(self.stored[1]))
        self._tiles = Tiles(self.shape, side, self.dtype, self._load)

    def _load(self, row: int, column: int) -> NDArray[Any]:
        h, w = self._tiles.side
        there = (slice(row * h, row * h + h), slice(column * w, column * w + w))
        try:
            tile = np.asarray(self._array[(*self._before, *there)])
        except MemoryError:
            raise
        except Exception as error:
            where = f"rows {there[0].start} to {there[0].stop}, columns {there[1].start} to "
            raise ReadError(
                self.path,
                f"is damaged at {where}{there[1].stop} ({_short(error)}); get it once more",
            ) from error
        tile = np.ascontiguousarray(tile, self.dtype)
        if self.dtype.kind == "f" and bool(np.isinf(tile).any()):
            raise ReadError(self.path, "holds infinite values; replace them, by NaN where missing")
        return tile

    def read(self, box: Box) -> NDArray[Any]:
        """Return the pixels of a box."""
        return self._tiles.read(box)

    def close(self) -> None:
        """Give it up."""
        self._array.store.close()


def _first_level(group: Any, path: Path) -> tuple[Any, tuple[str, ...] | None, dict[str, Any]]:
    """Return the array of full size of an OME-Zarr group, its axes, and what is to be kept."""
    attributes = dict(group.attrs)
    ome = attributes.get("ome", attributes)
    scales = ome.get("multiscales") if isinstance(ome, Mapping) else None
    if not scales:
        raise ReadError(
            path, "is a Zarr group without multiscales; name an image or an array in it"
        )
    try:
        image = scales[0]
        paths = [str(level["path"]) for level in image["datasets"]]
        arrays = [group[name] for name in paths]
        axes = image.get("axes")
        names = None if axes is None else tuple(str(a.get("name", a)) if isinstance(a, Mapping)
                                                else str(a) for a in axes)  # fmt: skip
        levels = tuple((n, tuple(map(int, a.shape))) for n, a in zip(paths, arrays, strict=True))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ReadError(path, f"has multiscales that name no arrays ({_short(error)})") from error
    version = ome.get("version") or image.get("version") or "0.4"
    found = {
        "multiscales": {**image, "version": version},
        "group": {k: v for k, v in ome.items() if k in ("omero",)},
        "levels": levels,
    }
    return arrays[0], names, found


def _index(
    shape: tuple[int, ...], names: tuple[str, ...] | None, channel: int | None, path: Path
) -> tuple[int, ...]:
    """Return which place of all axes but the last two is read.

    Raises
    ------
    ReadError
        There are several, and none is chosen; or none such.
    """
    if len(shape) < 2 or len(shape) > len(_AXES):
        raise ReadError(path, f"has {len(shape)} axes; a picture has two (y, x), or up to tczyx")
    if names is None or len(names) != len(shape):
        names = tuple(_AXES[-len(shape) :]) if len(shape) != 3 else ("c", "y", "x")
    if names[-2:] != ("y", "x"):
        raise ReadError(path, f"has the axes {', '.join(names)}; the last two must be y and x")
    index = []
    asked = channel
    for name, size in zip(names[:-2], shape[:-2], strict=True):
        if name == "c":
            if channel is None and size > 1:
                raise ReadError(path, f"holds {size} channels", "channel")
            if (channel or 0) >= size:
                raise ReadError(path, "has no such channel", f"channels:{size}")
            index.append(channel or 0)
            asked = None
        elif size != 1:
            raise ReadError(path, f"holds {size} pictures along axis {name}; give one of them")
        else:
            index.append(0)
    if asked:
        raise ReadError(path, "has no such channel", "channels:1")
    return tuple(index)


def _checked_kind(dtype: Any, path: Path) -> np.dtype[Any]:
    """Return the type in native byte order; refuse what is no grey value."""
    kind = np.dtype(dtype)
    if kind.kind not in "biuf":
        raise ReadError(path, f"has pixels of a kind that cannot be read ({kind})")
    return np.dtype(np.float32) if kind == np.float16 else kind.newbyteorder("=")


def _missing(array: Any) -> int:
    """Return how many chunks were never written; 0 where nothing tells."""
    try:
        total: int = math.prod(-(-n // c) for n, c in zip(array.shape, array.chunks, strict=True))
        if getattr(array, "shards", None) is not None:
            return 0
        return max(0, total - int(array.nchunks_initialized))
    except Exception:  # a store that cannot be listed
        return 0


def _side(chunk: int) -> int:
    """Return the side of what is read at once: a multiple of a chunk, about 1024."""
    return chunk * max(1, _TILE // chunk)


def _short(error: Exception) -> str:
    """Return the first line of what was said, or the kind of error where nothing was."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:120]

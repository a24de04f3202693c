"""What a picture on the disk is to those that work on its parts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..grid import Box

__all__ = ["Notes", "Source", "Target", "Tiles"]

_BUDGET = 1 << 28  # bytes of decoded tiles that are kept for the parts beside


@dataclass(frozen=True)
class Notes:
    """What a source says of itself that an output keeps.

    Attributes
    ----------
    resolution : tuple or None
        Of a TIFF: pixels across and down, as fractions, and the number of the unit.
    description : str or None
        Of a TIFF: what OME or ImageJ wrote.
    attributes : mapping
        Of a Zarr array: its attributes.
    multiscales : mapping or None
        Of OME-Zarr: the description of the levels, and `version`.
    group : mapping
        Of OME-Zarr: the other attributes of the group.
    levels : tuple
        Of OME-Zarr: path and shape of each level, the first included.
    axes : tuple of int
        Of a Zarr array: its shape with 1 for all axes but the last two.
    zarr_format : int
        2 or 3.
    """

    resolution: tuple[Any, Any, int] | None = None
    description: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    multiscales: Mapping[str, Any] | None = None
    group: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[tuple[str, tuple[int, ...]], ...] = ()
    axes: tuple[int, ...] = ()
    zarr_format: int = 3


class Source(Protocol):
    """A picture to read in parts.

    Attributes
    ----------
    path : pathlib.Path
        Where it is.
    shape : tuple of int
        (H, W).
    dtype : data type
        bool, or real numbers in native byte order.
    stored : tuple of int
        Height and width of what it is stored in.
    notes : Notes
        What it says of itself.
    missing : int
        Chunks that were never written and are read as the store's fill value.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    stored: tuple[int, int]
    notes: Notes
    missing: int

    def read(self, box: Box) -> NDArray[Any]:
        """Return the pixels of a box; any thread may ask.

        Raises
        ------
        ReadError
            What is stored there is damaged.
        """
        ...

    def close(self) -> None:
        """Give it up."""
        ...


class Target(Protocol):
    """A picture that is written in parts."""

    def write(self, box: Box, pixels: NDArray[Any]) -> None:
        """Write the pixels of a box that begins where chunks begin; any thread may."""
        ...

    def finish(self, progress: Callable[[], None]) -> None:
        """Write what follows from the whole, such as a pyramid."""
        ...


class Tiles:
    """The tiles of a source, decoded when they are asked for, the last ones kept.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the picture.
    side : tuple of int
        Height and width of a tile.
    dtype : data type
        Of its pixels.
    load : callable
        Returns a tile by its row and column, cut where the picture ends.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        side: tuple[int, int],
        dtype: np.dtype[Any],
        load: Callable[[int, int], NDArray[Any]],
    ) -> None:
        self.shape, self.side, self.dtype, self._load = shape, side, dtype, load
        self._kept: OrderedDict[tuple[int, int], NDArray[Any]] = OrderedDict()
        self._coming: dict[tuple[int, int], threading.Event] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def read(self, box: Box) -> NDArray[Any]:
        """Return the pixels of a box."""
        out = np.empty(box.shape, self.dtype)
        h, w = self.side
        for i in range(box.top // h, -(-box.bottom // h)):
            for j in range(box.left // w, -(-box.right // w)):
                tile = self._tile((i, j))
                place = Box(i * h, i * h + tile.shape[0], j * w, j * w + tile.shape[1])
                here = place.meet(box)
                out[here.within(box).slices] = tile[here.within(place).slices]
        return out

    def _tile(self, key: tuple[int, int]) -> NDArray[Any]:
        """Return a tile; of two threads that ask for one, the second waits for the first."""
        while True:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
                event = self._coming.get(key)
                if event is None:
                    self._coming[key] = threading.Event()
                    break
            event.wait()
        try:
            tile = self._load(*key)
            with self._lock:
                self._kept[key] = tile
                self._bytes += tile.nbytes
                while self._bytes > _BUDGET and len(self._kept) > 1:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        finally:
            with self._lock:
                self._coming.pop(key).set()
        return tile

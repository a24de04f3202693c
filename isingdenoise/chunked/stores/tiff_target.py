"""TIFFs that are written tile by tile, in any order, by any thread."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..._version import __version__
from ..grid import Box
from .base import Notes

__all__ = ["TiffTarget"]

_TILE = 512
_CLASSIC = (1 << 32) - (1 << 24)  # bytes that places of 32 bits reach, with room for tags
_SHORT, _LONG, _RATIONAL, _ASCII, _LONG8 = 3, 4, 5, 2, 16
_DEFLATE = 8


class TiffTarget:
    """A TIFF of one page in tiles: one bit for two levels, float32 for probabilities.

    It becomes a BigTIFF where its tiles could take more than 4 GB.

    Parameters
    ----------
    stream : BinaryIO
        Empty, open for writing, seekable.
    shape : tuple of int
        (H, W).
    parts : tuple of int
        Height and width of what is written at once, multiples of 64.
    notes : Notes
        Of the source.
    dtype : data type
        bool or float32.
    big : bool, optional
        Whether it is a BigTIFF; None: where need be.
    """

    def __init__(
        self,
        stream: BinaryIO,
        shape: tuple[int, int],
        parts: tuple[int, int],
        notes: Notes,
        dtype: Any = np.bool_,
        big: bool | None = None,
    ) -> None:
        self.shape, self.notes, self.dtype = shape, notes, np.dtype(dtype)
        self.side = min(np.gcd(part, _TILE) for part in parts)
        self._stream, self._lock = stream, threading.Lock()
        self._across = -(-shape[1] // self.side)
        count = -(-shape[0] // self.side) * self._across
        each = (
            self.side
            * self.side
            * (4 if self.dtype == np.float32 else 1)
            // (1 if self.dtype == np.float32 else 8)
        )
        # deflate stores what it cannot make smaller, with a little around it
        worst = count * (each + each // 1000 + 64 + 16)
        self.big = worst > _CLASSIC if big is None else big
        self._offsets = np.zeros(count, np.uint64)
        self._lengths = np.zeros(count, np.uint64)
        stream.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if self.big
                     else struct.pack("<2sHL", b"II", 42, 0))  # fmt: skip

    def write(self, box: Box, pixels: NDArray[Any]) -> None:
        """Write the pixels of a box."""
        side = self.side
        for top in range(box.top, box.bottom, side):
            for left in range(box.left, box.right, side):
                here = Box(top, top + side, left, left + side).meet(box)
                tile = np.zeros((side, side), self.dtype)
                tile[: here.shape[0], : here.shape[1]] = pixels[here.within(box).slices]
                data = np.packbits(tile, axis=1) if self.dtype == np.bool_ else tile
                stored = zlib.compress(data.tobytes(), 6)
                number = top // side * self._across + left // side
                with self._lock:
                    self._offsets[number] = self._stream.tell()
                    self._lengths[number] = len(stored)
                    self._stream.write(stored)

    def finish(self, progress: Callable[[], None]) -> None:
        """Write the description of the page, and where it is."""
        progress()
        entries, extra = self._entries()
        stream = self._stream
        if stream.tell() % 2:
            stream.write(b"\0")
        start = stream.tell()
        size, count = (20, 8) if self.big else (12, 2)
        place = start + count + size * len(entries) + (8 if self.big else 4)
        table = struct.pack("<Q" if self.big else "<H", len(entries))
        for (tag, kind, many), values in zip(entries, extra, strict=True):
            room = 8 if self.big else 4
            if len(values) <= room:
                value = values.ljust(room, b"\0")
            else:
                value = struct.pack("<Q" if self.big else "<L", place)
                place += len(values) + len(values) % 2
            table += struct.pack("<HHQ" if self.big else "<HHL", tag, kind, many) + value
        stream.write(table + bytes(8 if self.big else 4))
        for values in extra:
            if len(values) > (8 if self.big else 4):
                stream.write(values + b"\0" * (len(values) % 2))
        stream.seek(8 if self.big else 4)
        stream.write(struct.pack("<Q" if self.big else "<L", start))

    def _entries(self) -> tuple[list[tuple[int, int, int]], list[bytes]]:
        """Return tag, type and number of values of each entry, and the values as bytes."""
        floats = self.dtype == np.float32
        places = np.dtype("<u8" if self.big else "<u4")
        long = _LONG8 if self.big else _LONG
        tags: dict[int, tuple[int, bytes, int]] = {
            256: (_LONG, struct.pack("<L", self.shape[1]), 1),
            257: (_LONG, struct.pack("<L", self.shape[0]), 1),
            258: (_SHORT, struct.pack("<H", 32 if floats else 1), 1),
            259: (_SHORT, struct.pack("<H", _DEFLATE), 1),
            262: (_SHORT, struct.pack("<H", 1), 1),
            277: (_SHORT, struct.pack("<H", 1), 1),
            305: _text(f"isingdenoise {__version__}"),
            322: (_LONG, struct.pack("<L", self.side), 1),
            323: (_LONG, struct.pack("<L", self.side), 1),
            324: (long, self._offsets.astype(places).tobytes(), self._offsets.size),
            325: (long, self._lengths.astype(places).tobytes(), self._lengths.size),
        }
        if floats:
            tags[339] = (_SHORT, struct.pack("<H", 3), 1)
        if self.notes.resolution is not None:
            across, down, unit = self.notes.resolution
            tags[282], tags[283] = _fraction(across), _fraction(down)
            tags[296] = (_SHORT, struct.pack("<H", unit), 1)
        if self.notes.description is not None:
            tags[270] = _text(self.notes.description)
        order = sorted(tags)
        entries = [(tag, tags[tag][0], tags[tag][2]) for tag in order]
        return entries, [tags[tag][1] for tag in order]


def _text(words: str) -> tuple[int, bytes, int]:
    data = words.encode("utf-8") + b"\0"
    return _ASCII, data, len(data)


def _fraction(value: Any) -> tuple[int, bytes, int]:
    above, below = value if isinstance(value, tuple) else (round(float(value) * 1000), 1000)
    return _RATIONAL, struct.pack("<LL", int(above), int(below)), 1

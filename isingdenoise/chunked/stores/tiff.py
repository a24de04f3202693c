"""TIFFs of any size, in tiles or strips, as sources."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import IsingDenoiseError, ReadError
from ..grid import Box
from .base import Notes, Tiles

__all__ = ["TiffSource"]

_LARGEST = 1 << 28  # pixels of a tile or strip: more is no part of a picture
_DESCRIBED = ("ImageJ=", "<?xml", "<OME")

logging.getLogger("tifffile").addHandler(logging.NullHandler())


class TiffSource:
    """One page of a TIFF or BigTIFF.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    channel : int or None
        Which of the samples of a pixel, from 0.
    frame : int or None
        Which page, from 0; None insists on there being one, smaller copies of it aside.

    Raises
    ------
    ReadError
        It cannot be read, or what it holds cannot.
    """

    missing = 0

    def __init__(self, path: Path, channel: int | None, frame: int | None) -> None:
        from tifffile import TiffFile

        self.path = path
        try:
            self._file = TiffFile(path)
        except MemoryError:
            raise
        except Exception as error:  # as tifffile likes
            raise ReadError(path, f"is no TIFF that can be read ({error})") from error
        try:
            self._open(_page(self._file, frame, path), channel)
        except BaseException as error:
            self._file.close()
            if isinstance(error, (IsingDenoiseError, MemoryError)) or not isinstance(
                error, Exception
            ):
                raise
            raise ReadError(path, f"is no TIFF that can be read ({error})") from error

    def _open(self, page: Any, channel: int | None) -> None:
        """Look at the page; refuse what cannot be read in parts."""
        path = self.path
        self._page = page
        self._lock = threading.Lock()
        self.shape: tuple[int, int] = (int(page.imagelength), int(page.imagewidth))
        self._bits = int(page.bitspersample) == 1
        self.dtype = _kind(page, path)
        self._band = _band(int(page.samplesperpixel), channel, path)
        if page.planarconfig == 2 and page.samplesperpixel > 1:
            raise ReadError(path, "has its channels one behind the other; save them side by side")
        if page.tags.valueof(274, 1) != 1:
            raise ReadError(path, "is turned or mirrored (orientation); save it upright")
        if page.is_tiled:
            side = (int(page.tilelength), int(page.tilewidth))
        else:
            side = (min(int(page.rowsperstrip), self.shape[0]), self.shape[1])
        if side[0] * side[1] > _LARGEST:
            raise ReadError(path, "is stored in one piece; save it in tiles")
        self.stored = side
        self._across = -(-self.shape[1] // side[1])
        self.notes = _notes(page)
        self._tiles = Tiles(self.shape, side, self.dtype, self._load)

    def _load(self, row: int, column: int) -> NDArray[Any]:
        number = row * self._across + column
        page: Any = self._page
        try:
            offset, count = page.dataoffsets[number], page.databytecounts[number]
            if count == 0:
                raise ValueError("it was never written")
            with self._lock:
                self._file.filehandle.seek(offset)
                data = self._file.filehandle.read(count)
            if len(data) < count:
                raise ValueError("the file ends within it")
            # a page keeps its decoder: the first one is made under the lock
            with self._lock:
                decode = page.decode
            segment = decode(data, number, jpegtables=page.jpegtables)[0]
        except MemoryError:
            raise
        except Exception as error:
            if "imagecodecs" in str(error):
                how = getattr(page.compression, "name", page.compression)
                raise ReadError(
                    self.path,
                    f"is compressed in a way that cannot be read ({how}); save it with deflate",
                ) from error
            raise ReadError(
                self.path, f"is damaged at tile or strip {number} ({error}); get it once more"
            ) from error
        tile: NDArray[Any] = np.asarray(segment)[0, ..., self._band]
        h, w = self._tiles.side
        tile = tile[: self.shape[0] - row * h, : self.shape[1] - column * w]
        return self._settled(np.ascontiguousarray(tile))

    def _settled(self, tile: NDArray[Any]) -> NDArray[Any]:
        """Return pixels with bright as the larger value, in the type of the source."""
        if self._bits:
            bright = tile.astype(np.bool_)
            return ~bright if self._page.photometric == 0 else bright
        if self._page.photometric == 0 and tile.dtype.kind == "u":
            tile = np.iinfo(tile.dtype).max - tile
        tile = tile.astype(self.dtype, copy=False)
        if self.dtype.kind == "f" and bool(np.isinf(tile).any()):
            raise ReadError(self.path, "holds infinite values; replace them, by NaN where missing")
        return tile

    def read(self, box: Box) -> NDArray[Any]:
        """Return the pixels of a box."""
        return self._tiles.read(box)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _page(file: Any, frame: int | None, path: Path) -> Any:
    """Return the page to read."""
    pages = file.pages
    if frame is not None:
        if frame >= len(pages):
            raise ReadError(path, "has no such page or frame", f"frames:{len(pages)}")
        return pages[frame]
    first = pages[0]
    for page in list(pages)[1:]:
        if not getattr(page, "is_reduced", False) and not int(page.tags.valueof(254, 0)) & 1:
            raise ReadError(path, f"holds {len(pages)} pages or frames", "frame")
    return first


def _kind(page: Any, path: Path) -> np.dtype[Any]:
    """Return the type of the pixels, in native byte order."""
    if int(page.bitspersample) == 1:
        return np.dtype(np.bool_)
    kind = None if page.dtype is None else np.dtype(page.dtype)
    if kind is None or kind.kind not in "uif" or page.photometric in (3, 5, 6, 8):
        raise ReadError(path, f"has pixels of a kind that cannot be read in parts ({kind})")
    return np.dtype(np.float32) if kind == np.float16 else kind.newbyteorder("=")


def _band(samples: int, channel: int | None, path: Path) -> int:
    """Return which sample of a pixel to read."""
    if channel is None and samples > 1:
        raise ReadError(path, f"holds {samples} channels", "channel")
    if (channel or 0) >= samples:
        raise ReadError(path, "has no such channel", f"channels:{samples}")
    return channel or 0


def _notes(page: Any) -> Notes:
    """Return resolution and description."""
    across, down = page.tags.valueof(282), page.tags.valueof(283)
    unit = int(page.tags.valueof(296, 2))
    resolution = None if across is None or down is None else (across, down, unit)
    said = page.tags.valueof(270)
    known = isinstance(said, str) and said.startswith(_DESCRIBED)
    return Notes(resolution=resolution, description=said if known else None)

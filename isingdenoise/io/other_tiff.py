"""TIFFs that Pillow does not know, by way of tifffile: floats of 16 and 64 bits, and channels.

Of tifffile only single pages are asked for: it knows no limits of its own, shows black where a
strip was never written, and takes the first of several pages for colours.
"""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ReadError
from isingdenoise.io.bounds import Bounds
from isingdenoise.io.checks import check_strips
from isingdenoise.io.memory import Besides, check_memory, memory_needed
from isingdenoise.io.npy import any_infinite
from isingdenoise.io.pixels import turn_upright

__all__ = ["OtherTiff", "check_band", "open_other_tiff"]

_KINDS = {"float16": "F;16", "float32": "F", "float64": "F;64"}  # in `memory_needed`
_INTEGERS = {"uint8", "uint16"}
_ORIENTATION, _X, _Y = 274, 282, 283

# Without a handler of their own, tifffile's messages would reach stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class OtherTiff:
    """A TIFF opened by tifffile, as `decode` sees one.

    Attributes
    ----------
    size : tuple of int
        Width and height of the first page.
    """

    format = "TIFF"

    def __init__(self, stream: BinaryIO) -> None:
        from tifffile import TiffFile

        stream.seek(0)
        self._file = TiffFile(stream, name="stream")
        first: Any = self._file.pages[0]
        self.size = (_one_number(first, "imagewidth"), _one_number(first, "imagelength"))
        self.tag_v2 = _tags_of(first)

    def page(
        self,
        number: int,
        name: str,
        size: int,
        bounds: Bounds,
        channel: int | None,
        besides: Besides | None,
    ) -> tuple[np.ndarray[Any, Any], dict[int, Any], str]:
        """Decode a page.

        Parameters
        ----------
        number : int
            Which, from 0.
        name : str
            Of the file, for messages.
        size : int
            Its length in bytes.
        bounds, besides
            As in `decode`.
        channel : int or None
            Which of its samples, from 0.

        Returns
        -------
        pixels : ndarray, shape (H, W)
            uint8, uint16, float32 or float64.
        tags : dict
            Those of a page, by number.
        kind : str
            NumPy's name of what is stored.

        Raises
        ------
        ReadError
            It is of another kind, or one of several channels must be chosen.
        """
        page: Any = self._file.pages[number]
        bounds.check_page((page.imagewidth, page.imagelength), name)
        kind = "" if page.dtype is None else np.dtype(page.dtype).name
        if kind not in _KINDS and kind not in _INTEGERS:
            raise ReadError(name, f"has pixels of a kind that cannot be read ({kind or 'unknown'})")
        samples = int(page.samplesperpixel)
        band = check_band(channel, samples, name)
        tags = _tags_of(page)
        check_strips(tags, name, size)
        pixels = page.imagewidth * page.imagelength
        # all samples are decoded, whichever is wanted
        others = (samples - 1) * pixels * np.dtype(page.dtype).itemsize
        check_memory(
            name, memory_needed(pixels, _KINDS.get(kind, "I;16"), besides=besides) + others
        )
        return _upright(self._decoded(page, name, samples, band), tags, name), tags, kind

    def _decoded(self, page: Any, name: str, samples: int, band: int) -> np.ndarray[Any, Any]:
        """Return one sample of each pixel, in native byte order."""
        try:
            array: np.ndarray[Any, Any] = np.asarray(page.asarray(maxworkers=1))
        except (ValueError, KeyError) as error:
            if "imagecodecs" not in str(error):
                raise
            how = getattr(page.compression, "name", page.compression)
            raise ReadError(
                name, f"is compressed in a way that cannot be read ({how}); save it uncompressed"
            ) from error
        if samples > 1:
            array = array[band] if page.planarconfig == 2 else array[..., band]
        array = array.reshape(page.imagelength, page.imagewidth)
        if page.photometric == 0 and array.dtype.kind == "u":  # white is zero
            array = np.iinfo(array.dtype).max - array
        stored = np.float32 if array.dtype == np.float16 else array.dtype.newbyteorder("=")
        return np.ascontiguousarray(array, stored)


def open_other_tiff(stream: BinaryIO) -> OtherTiff | None:
    """Return a file opened by tifffile, None where it is no TIFF or too damaged to tell."""
    stream.seek(0)
    if stream.read(2) not in (b"II", b"MM"):
        return None
    try:
        return OtherTiff(stream)
    except MemoryError:
        raise
    except Exception:  # as tifffile likes: what is said of the file is said by Pillow's failure
        return None


def check_band(channel: int | None, count: int, name: str) -> int:
    """Return which of the samples of a pixel to take.

    Raises
    ------
    ReadError
        There are several and none is chosen, or there are not so many.
    """
    if channel is None and count > 1:
        raise ReadError(name, f"holds {count} channels", "channel")
    if (channel or 0) >= count:
        raise ReadError(name, "has no such channel", f"channels:{count}")
    return channel or 0


def _upright(pixels: np.ndarray[Any, Any], tags: dict[int, Any], name: str) -> np.ndarray[Any, Any]:
    if pixels.dtype.kind == "f" and any_infinite(pixels):
        raise ReadError(name, "holds infinite values; replace them, by NaN where pixels miss")
    return turn_upright(pixels, int(tags.get(_ORIENTATION, 1)))


def _one_number(page: Any, name: str) -> int:
    """Return a side of a page: a damaged tag may hold several numbers, or bytes."""
    value = getattr(page, name)
    if not isinstance(value, int):
        raise ValueError(f"{name} is not one number")
    return value


def _tags_of(page: Any) -> dict[int, Any]:
    """Return the tags of a page as Pillow has them: resolutions are numbers."""
    tags = {tag.code: tag.value for tag in page.tags}
    for code in (_X, _Y):
        if isinstance(tags.get(code), tuple) and len(tags[code]) == 2:
            above, below = tags[code]
            tags[code] = above / below if below else 0.0
    return tags

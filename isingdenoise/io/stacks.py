"""Several planes of numbers as one array: class probabilities, in .npy or on pages of a TIFF."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io.bounds import DEFAULT_MAX_PAGES, Bounds
from isingdenoise.io.decode import decode, decode_pages
from isingdenoise.io.formats import check_format
from isingdenoise.io.memory import Besides, check_memory
from isingdenoise.io.npy import decode_planes, is_npy, npy_planes
from isingdenoise.io.opening import StrPath
from isingdenoise.io.other_tiff import check_band
from isingdenoise.io.pages import encode_pages
from isingdenoise.io.picture import Picture
from isingdenoise.io.reading import opened
from isingdenoise.io.table import FORMATS

__all__ = ["encode_stack", "read_stack"]

Array = np.ndarray[Any, Any]


def read_stack(
    source: StrPath | BinaryIO,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    frame: int | None = None,
    channel: int | None = None,
    name: str | None = None,
    besides: Besides | None = None,
) -> Picture:
    """Read one picture, or several planes of floating-point numbers.

    Parameters
    ----------
    source, max_pixels, max_pages, frame, channel, name, besides
        As in `read_picture`. Without `frame`, a TIFF of several pages and a .npy file of three
        axes are planes.

    Returns
    -------
    Picture
        Its pixels have shape (H, W), or (K, H, W) for planes.

    Raises
    ------
    ReadError
        As `read_picture`; or pages that are no floats of one size.
    ParameterError
        A bound is out of range.
    """
    bounds = Bounds(max_pixels, max_pages)
    bounds.check()
    with opened(source, name) as (stream, called):
        if frame is not None:
            return decode(stream, called, bounds, frame=frame, channel=channel, besides=besides)
        if is_npy(stream) and npy_planes(stream, called):
            check_band(channel, 1, called)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            picture = decode_planes(stream, called, size, bounds)
            if besides is not None:
                check_memory(called, besides(picture.pixels[0].size, picture.pixels.dtype.name))
            return picture
        pages = decode_pages(stream, called, bounds, channel=channel, besides=besides)
        first = next(pages)
        if first.pages == 1:
            return first
        return _stacked(first, [page.pixels for page in pages], called)


def _stacked(first: Picture, others: list[Array], name: str) -> Picture:
    """Return the pages of a TIFF as one picture."""
    pages = [first.pixels, *others]
    if any(page.dtype.kind != "f" or page.shape != first.pixels.shape for page in pages):
        what = f"holds {len(pages)} pages that are no class probabilities (float, of one size)"
        raise ReadError(name, what, "frame")
    check_memory(name, 4 * len(pages) * first.pixels.size)
    return replace(first, pixels=np.stack(pages))


def encode_stack(planes: Array, format: str) -> bytes:  # noqa: A002
    """Encode planes of numbers into one file.

    Parameters
    ----------
    planes : ndarray of float32, shape (K, H, W)
        What to write.
    format : str
        "NPY", or "TIFF" for a page of each plane.

    Raises
    ------
    ParameterError
        Another format.
    """
    known = FORMATS[check_format(format)]
    if known.numbers:
        buffer = io.BytesIO()
        np.save(buffer, planes, allow_pickle=False)
        return buffer.getvalue()
    if not (known.pages and known.floats):
        raise ParameterError(
            "format", f"{known.name} holds no planes of probabilities; use .npy or .tif"
        )
    return encode_pages(planes, known.name)

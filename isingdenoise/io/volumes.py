"""Stacks of planes as one array: the pages of a TIFF, or a .npy file of three axes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io.atomic import atomic_file
from isingdenoise.io.bounds import DEFAULT_MAX_PAGES, Bounds
from isingdenoise.io.decode import decode_pages
from isingdenoise.io.formats import check_format
from isingdenoise.io.memory import check_memory
from isingdenoise.io.npy import decode_planes, is_npy, npy_planes
from isingdenoise.io.opening import StrPath
from isingdenoise.io.other_tiff import check_band
from isingdenoise.io.pages import append_pages
from isingdenoise.io.picture import Picture
from isingdenoise.io.reading import opened
from isingdenoise.io.table import FORMATS

__all__ = ["Stack", "Voxels", "read_volume", "save_volume", "write_volume"]

Array = np.ndarray[Any, Any]

#: Returns the bytes that the caller takes beside the array, for a number of voxels.
Voxels = Callable[[int], int]


@dataclass(frozen=True, eq=False)
class Stack:
    """A stack as it was read.

    Attributes
    ----------
    pixels : ndarray, shape (D, H, W)
        Of the types of `Picture.pixels`; those of a .npy file may be read-only.
    path : str
        Where it came from.
    format : str
        "TIFF", "NPY", the name of another picture format, or "ZARR".
    planes : tuple of Picture
        The notes of each plane, without its pixels; none where the format has no notes.
    spacing : tuple of float, or None
        Distances (dz, dy, dx) between voxels in one unit, where ImageJ or OME wrote them.
    """

    pixels: Array
    path: str
    format: str
    planes: tuple[Picture, ...] = ()
    spacing: tuple[float, float, float] | None = None


def read_volume(
    source: StrPath | BinaryIO,
    *,
    max_pixels: int | None = None,
    max_pages: int = DEFAULT_MAX_PAGES,
    channel: int | None = None,
    name: str | None = None,
    besides: Voxels | None = None,
) -> Stack:
    """Read a stack of planes.

    Parameters
    ----------
    source, max_pixels, max_pages, channel, name
        As in `read_pages`: colours become luminance, and each page is a plane.
    besides : callable, optional
        Returns the bytes that the caller takes beside the stack, for a number of voxels. A stack
        for which there is no room is refused before it is decoded.

    Returns
    -------
    Stack

    Raises
    ------
    ReadError
        As `read_pages`; or planes that differ in size or type, a .npy file of other than three
        axes, or planes at several times.
    ParameterError
        A bound is out of range.
    """
    bounds = Bounds(max_pixels, max_pages)
    bounds.check()
    with opened(source, name) as (stream, called):
        if is_npy(stream):
            check_band(channel, 1, called)
            return _of_npy(stream, called, bounds, besides)
        pages = decode_pages(stream, called, bounds, channel=channel)
        return _of_pages(pages, called, besides)


def _of_npy(stream: BinaryIO, name: str, bounds: Bounds, besides: Voxels | None) -> Stack:
    if not npy_planes(stream, name):
        raise ReadError(name, "does not have three axes; save an array of D x H x W")
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    pixels = decode_planes(stream, name, size, bounds).pixels
    if besides is not None:  # the numbers themselves are mapped and not read
        check_memory(name, besides(pixels.size))
    return Stack(pixels, name, "NPY")


def _of_pages(pages: Iterator[Picture], name: str, besides: Voxels | None) -> Stack:
    first = next(pages)
    said = first.microscopy
    if said is not None and min(said.planes) > 1:
        depth, times = said.planes
        what = f"has {depth} planes at {times} times; save one time, or one plane of all times"
        raise ReadError(name, what)
    height, width = first.pixels.shape
    voxels = first.pages * height * width
    more = 0 if besides is None else besides(voxels)
    check_memory(name, voxels * first.pixels.itemsize + more)
    pixels = np.empty((first.pages, height, width), first.pixels.dtype)
    notes = []
    page = first
    for z in range(first.pages):
        page = first if z == 0 else next(pages)
        if page.pixels.shape != (height, width) or page.pixels.dtype != pixels.dtype:
            other, one = (f"{p.pixels.shape[1]} x {p.pixels.shape[0]} pixels of {p.pixels.dtype}"
                          for p in (page, first))  # fmt: skip
            what = f"page {z + 1} of {first.pages} has {other}, the first {one}: no stack of planes"
            raise ReadError(name, f"{what}; clean its pages by themselves")
        pixels[z] = page.pixels
        notes.append(replace(page, pixels=pixels[z, :0]))
    spacing = None if said is None else said.spacing
    return Stack(pixels, name, first.format, tuple(notes), spacing)


def write_volume(
    path: StrPath,
    planes: Array,
    format: str,  # noqa: A002
    *,
    source: Stack | None = None,
    overwrite: bool = False,
) -> None:
    """Write a stack of planes, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write. What `check_output` returned is held to what it saw.
    planes : ndarray, shape (D, H, W)
        bool takes one bit in a TIFF; others as of `encode_grey`.
    format : str
        "TIFF" or "NPY".
    source : Stack, optional
        Whose notes the planes keep: resolution, profile, compression, what a microscope said.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    ParameterError
        As `save_volume`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    with atomic_file(path, overwrite=overwrite) as stream:
        save_volume(stream, planes, format, source=source)


def save_volume(
    stream: BinaryIO,
    planes: Array,
    format: str,  # noqa: A002
    *,
    source: Stack | None = None,
) -> None:
    """Write a stack into an empty file that is open; parameters as of `write_volume`.

    Raises
    ------
    ParameterError
        Another format, or more than a TIFF holds.
    """
    known = FORMATS[check_format(format)]
    if known.numbers:
        np.lib.format.write_array(stream, planes, allow_pickle=False)
        return
    if not (known.pages and known.floats):
        raise ParameterError("format", f"{known.name} holds no stack; use .tif or .npy")
    notes = () if source is None else source.planes
    if len(notes) != len(planes):
        append_pages(stream, planes, known.name)
        return
    pages = (replace(note, pixels=plane) for note, plane in zip(notes, planes, strict=True))
    append_pages(stream, pages, known.name)

"""Zarr stores as outputs, with the metadata and the pyramid of OME-Zarr."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import WriteError
from ..grid import STEP, Box
from ._zarr import load_zarr
from .base import Notes

__all__ = ["ZarrTarget"]

_CHUNK = 1024
_BAND = 2048  # rows and columns of what a level of the pyramid is made of at a time


class ZarrTarget:
    """A new store: an array, or a group of levels where the source was one.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    name : object
        What to call it in messages.
    shape : tuple of int
        (H, W).
    parts : tuple of int
        Height and width of what is written at once.
    stored : tuple of int
        Of the chunks of the source: kept where they fit.
    notes : Notes
        Of the source.
    dtype : data type
        uint8 for two levels, 0 and 255; float32 for probabilities.
    """

    def __init__(
        self,
        folder: Path,
        name: object,
        shape: tuple[int, int],
        parts: tuple[int, int],
        stored: tuple[int, int],
        notes: Notes,
        dtype: Any = np.uint8,
    ) -> None:
        self.zarr, self.name, self.notes = load_zarr(), name, notes
        self.dtype = np.dtype(dtype)
        sides = zip(parts, stored, shape, strict=True)
        self.chunks = tuple(_chunk(part, chunk, side) for part, chunk, side in sides)
        self._group: Any = None
        self._before = (0,) * len(notes.axes)
        with _naming(name):
            if notes.multiscales is None:
                self._array = self._made(str(folder), None, shape)
                self._array.attrs.update(notes.attributes)
            else:
                self._group = self.zarr.open_group(
                    str(folder), mode="w", zarr_format=notes.zarr_format
                )
                self._group.attrs.update(self._described())
                self._array = self._made(self._group.store, notes.levels[0][0], shape)

    def _made(self, store: Any, name: str | None, shape: tuple[int, int]) -> Any:
        chunks = [min(chunk, side) for chunk, side in zip(self.chunks, shape, strict=True)]
        return self.zarr.create_array(
            store=store,
            name=name,
            shape=(*self.notes.axes, *shape),
            chunks=(*self.notes.axes, *chunks),
            dtype=self.dtype,
            zarr_format=self.notes.zarr_format,
            chunk_key_encoding={"name": "v2", "separator": "/"}
            if self.notes.zarr_format == 2
            else None,
            dimension_names=self._axes() if self.notes.zarr_format == 3 else None,
            fill_value=0,
        )

    def _axes(self) -> list[str] | None:
        """Return the names of the axes, where the source has some."""
        axes = (self.notes.multiscales or {}).get("axes")
        try:
            return None if axes is None else [str(axis["name"]) for axis in axes]
        except (TypeError, KeyError):
            return None

    def _described(self) -> dict[str, Any]:
        """Return the attributes of the group: those of the source, of one channel."""
        image = copy.deepcopy(dict(self.notes.multiscales or {}))
        version = image["version"]
        other = copy.deepcopy(dict(self.notes.group))
        if isinstance(other.get("omero"), dict):
            other["omero"] = _of_one_channel(other["omero"])
        if self.notes.zarr_format == 3:
            image.pop("version")
            return {"ome": {"version": version, "multiscales": [image], **other}}
        return {"multiscales": [image], **other}

    def write(self, box: Box, pixels: NDArray[Any]) -> None:
        """Write the pixels of a box."""
        if pixels.dtype == np.bool_:
            pixels = pixels.view(np.uint8) * np.uint8(255)
        with _naming(self.name):
            self._array[(*self._before, *box.slices)] = pixels

    def finish(self, progress: Callable[[], None]) -> None:
        """Make the levels of the pyramid, each from the one before."""
        if self._group is None:
            return
        finer = self._array
        for path, shape in self.notes.levels[1:]:
            with _naming(self.name):
                coarser = self._made(self._group.store, path, (shape[-2], shape[-1]))
                self._reduce(finer, coarser, progress)
            finer = coarser

    def _reduce(self, finer: Any, coarser: Any, progress: Callable[[], None]) -> None:
        """Fill a level: the mean of the pixels that fall on one, or what most of them are."""
        height, width = coarser.shape[-2:]
        steps = [
            max(1, round(fine / coarse))
            for fine, coarse in zip(finer.shape[-2:], (height, width), strict=True)
        ]
        for top in range(0, height, _BAND):
            for left in range(0, width, _BAND):
                progress()
                box = Box(top, min(top + _BAND, height), left, min(left + _BAND, width))
                there = tuple(
                    slice(a * step, b * step)
                    for a, b, step in zip(box[::2], box[1::2], steps, strict=True)
                )
                block = np.asarray(finer[(*self._before, *there)])
                coarser[(*self._before, *box.slices)] = _reduced(block, steps, box.shape)


def _reduced(block: NDArray[Any], steps: list[int], shape: tuple[int, int]) -> NDArray[Any]:
    """Return blocks of pixels as one each; ties are bright, and what is cut off counts less."""
    total = np.zeros(shape, np.float32)
    count = np.zeros(shape, np.float32)
    for y in range(steps[0]):
        for x in range(steps[1]):
            part = block[y :: steps[0], x :: steps[1]][: shape[0], : shape[1]]
            total[: part.shape[0], : part.shape[1]] += part
            count[: part.shape[0], : part.shape[1]] += 1
    mean = total / np.maximum(count, 1)
    if block.dtype != np.uint8:
        return mean.astype(block.dtype)
    return (mean >= 127.5).view(np.uint8) * np.uint8(255)


def _of_one_channel(omero: dict[str, Any]) -> dict[str, Any]:
    """Return how to show a channel of 0 and 255."""
    channels = omero.get("channels")
    if isinstance(channels, list) and channels and isinstance(channels[0], dict):
        window = {"min": 0, "max": 255, "start": 0, "end": 255}
        omero["channels"] = [{**channels[0], "window": window}]
    return omero


def _chunk(part: int, stored: int, side: int) -> int:
    """Return the side of a chunk: that of the source, if parts are whole numbers of them."""
    if part % stored == 0:
        return stored
    if part >= side and stored >= side:
        return stored
    return next(c for c in range(min(part, _CHUNK), 0, -STEP) if part % c == 0)


class _naming:  # noqa: N801 - used as a function
    """Name the store in what goes wrong."""

    def __init__(self, name: object) -> None:
        self.name = name

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Tell of the disk in one line."""
        if isinstance(error, OSError) and not isinstance(error, WriteError):
            reason = error.strerror or str(error)
            raise WriteError(
                self.name, f"cannot be written ({reason}); check the folder and the space"
            ) from error

"""Which kind of store a name means, and the store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import IsingDenoiseError, ParameterError, ReadError, printable
from ...io import StrPath, atomic_file, atomic_folder, check_folder, check_output
from ..grid import Box
from .base import Notes, Source, Target
from .tiff import TiffSource
from .tiff_target import TiffTarget
from .zarr_source import ZarrSource
from .zarr_target import ZarrTarget

__all__ = ["KINDS", "is_zarr", "kind_of", "open_source", "open_target", "reads_in_parts"]

#: Endings of names, and the kind of store.
KINDS = {".zarr": "zarr", ".tif": "tiff", ".tiff": "tiff", ".btf": "tiff"}
_MARKS = ("zarr.json", ".zgroup", ".zarray")


def is_zarr(path: Path) -> bool:
    """Tell whether a folder is a Zarr store."""
    return path.is_dir() and any((path / mark).is_file() for mark in _MARKS)


def kind_of(path: Path) -> str | None:
    """Return "zarr" or "tiff" by what is there, or else by the name; None for others."""
    return "zarr" if is_zarr(path) else KINDS.get(path.suffix.lower())


def open_source(path: Path, *, channel: int | None = None, frame: int | None = None) -> Source:
    """Open a picture that is read in parts.

    Raises
    ------
    ReadError
        It is missing or damaged, or no picture.
    """
    if not path.exists():
        raise ReadError(path, "cannot be read (No such file or directory); check the name")
    if path.is_dir():
        if frame is not None:
            raise ParameterError("frame", "is of pages, and a Zarr store has none")
        return ZarrSource(path, channel)
    return TiffSource(path, channel, frame)


def reads_in_parts(path: Path, *, channel: int | None = None, frame: int | None = None) -> bool:
    """Tell whether a TIFF can be read in parts; what its first pixel takes is read.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    channel, frame : int or None
        As in `open_source`.
    """
    try:
        source = TiffSource(path, channel, frame)
    except IsingDenoiseError:
        return False
    try:
        source.read(Box(0, 1, 0, 1))
    except IsingDenoiseError:
        return False
    finally:
        source.close()
    return True


def check_target(path: Path, inputs: Sequence[Path], *, overwrite: bool) -> StrPath:
    """Refuse an output that could not be written or would harm, before any work.

    Parameters
    ----------
    path : pathlib.Path
        The file or store to be written later.
    inputs : sequence of pathlib.Path
        Files and stores that must survive.
    overwrite : bool
        Whether an existing one may be replaced.

    Returns
    -------
    path-like
        What to give to `open_target`.

    Raises
    ------
    ParameterError
        It is an input, or lies in one, or an input in it; or its ending is unknown.
    OverwriteError, WriteError
        It exists, or cannot be written.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ParameterError(
            "output",
            f"{printable(path)} must end in one of {' '.join(KINDS)} for a picture in parts",
        )
    place = path.resolve()
    for source in inputs:
        other = source.resolve()
        if place == other or place in other.parents or other in place.parents:
            raise ParameterError(
                "output", f"{printable(path)} is the input itself; give the result another name"
            )
    if kind == "tiff":
        return check_output(path, inputs, overwrite=overwrite)
    check_folder(path, _MARKS, overwrite=overwrite)
    return path


@contextmanager
def open_target(
    path: StrPath,
    source: Source,
    parts: tuple[int, int],
    *,
    overwrite: bool,
    floats: bool = False,
) -> Iterator[Target]:
    """Yield an output that takes its name when the block ends, and vanishes when it fails.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        As of `check_target`.
    source : Source
        What it is made of.
    parts : tuple of int
        Height and width of what is written at once.
    overwrite : bool
        Whether an existing store or file may be replaced.
    floats : bool
        Whether it takes probabilities.

    Raises
    ------
    OverwriteError, WriteError
        It exists, or cannot be written.
    """
    name = Path(os.fsdecode(path))
    if KINDS[name.suffix.lower()] == "tiff":
        with atomic_file(path, overwrite=overwrite) as stream:
            dtype: Any = np.float32 if floats else np.bool_
            yield TiffTarget(stream, source.shape, parts, source.notes, dtype)
        return
    notes = source.notes if isinstance(source, ZarrSource) else Notes()  # what fits a store
    with atomic_folder(name, _MARKS, overwrite=overwrite) as folder:
        dtype = np.float32 if floats else np.uint8
        yield ZarrTarget(folder, name, source.shape, parts, source.stored, notes, dtype)

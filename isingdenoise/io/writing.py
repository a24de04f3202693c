"""Pictures out to files, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from isingdenoise.io.atomic import atomic_file, atomic_files, write_bytes_atomically
from isingdenoise.io.change_map import encode_change_map
from isingdenoise.io.encode import encode_bilevel, encode_grey
from isingdenoise.io.formats import resolved_format
from isingdenoise.io.microscopy import Microscopy
from isingdenoise.io.opening import StrPath
from isingdenoise.io.pages import PageWriter, append_pages
from isingdenoise.io.picture import Picture

__all__ = ["open_pages", "write_bilevel", "write_change_map", "write_grey", "write_pages"]

Array = np.ndarray[Any, Any]
Notes = dict[str, Any]


def write_bilevel(
    path: StrPath,
    image: Array,
    *,
    overwrite: bool = False,
    dpi: tuple[float, float] | None = None,
    format: str | None = None,  # noqa: A002
    compression: str | None = None,
    icc_profile: bytes | None = None,
    microscopy: Microscopy | None = None,
) -> None:
    """Write a two-level picture, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    image : ndarray of bool, shape (H, W)
        True is bright.
    overwrite : bool
        Whether an existing file may be replaced.
    format : str or None
        A value of `EXTENSIONS`; None takes that of the extension.
    dpi, compression, icc_profile, microscopy
        As in `encode_bilevel`.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_bilevel`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    kind = resolved_format(path, format)
    notes: Notes = {"dpi": dpi, "icc_profile": icc_profile, "microscopy": microscopy}
    data = encode_bilevel(image, kind, compression=compression, **notes)
    write_bytes_atomically(path, data, overwrite=overwrite)


def write_grey(
    path: StrPath,
    array: Array,
    *,
    overwrite: bool = False,
    dpi: tuple[float, float] | None = None,
    format: str | None = None,  # noqa: A002
    compression: str | None = None,
    icc_profile: bytes | None = None,
    microscopy: Microscopy | None = None,
) -> None:
    """Write grey values or probabilities, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    array : ndarray, shape (H, W)
        As in `encode_grey`.
    overwrite : bool
        Whether an existing file may be replaced.
    format : str or None
        A value of `EXTENSIONS`; None takes that of the extension.
    dpi, compression, icc_profile, microscopy
        As in `encode_grey`.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_grey`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    kind = resolved_format(path, format)
    notes: Notes = {"dpi": dpi, "icc_profile": icc_profile, "microscopy": microscopy}
    data = encode_grey(array, kind, compression=compression, **notes)
    write_bytes_atomically(path, data, overwrite=overwrite)


def write_change_map(
    path: StrPath,
    image: Array,
    changes: Array,
    *,
    overwrite: bool = False,
    dpi: tuple[float, float] | None = None,
    format: str | None = None,  # noqa: A002
    compression: str | None = None,
) -> None:
    """Write a change map, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    image, changes : ndarray, shape (H, W)
        As in `encode_change_map`.
    overwrite : bool
        Whether an existing file may be replaced.
    format : str or None
        "PNG", "TIFF" or "NPY"; None takes that of the extension.
    dpi, compression
        As in `encode_change_map`.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_change_map`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    kind = resolved_format(path, format)
    data = encode_change_map(image, changes, kind, dpi=dpi, compression=compression)
    write_bytes_atomically(path, data, overwrite=overwrite)


def write_pages(
    path: StrPath,
    pages: Iterable[Picture | Array],
    *,
    overwrite: bool = False,
    format: str | None = None,  # noqa: A002
    compression: str | None = None,
) -> int:
    """Write pages into one TIFF as they come, whole or not at all.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    pages : iterable of Picture or ndarray of shape (H, W)
        As in `encode_pages`. Only one is held at a time.
    overwrite : bool
        Whether an existing file may be replaced.
    format, compression
        As in `encode_pages`; a `format` of None takes that of the extension.

    Returns
    -------
    int
        How many pages there were.

    Raises
    ------
    ParameterError
        As `format_of` and `encode_pages`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    Exception
        Whatever `pages` raises. The target is then as it was.
    """
    kind = resolved_format(path, format)
    with atomic_file(path, overwrite=overwrite) as stream:
        return append_pages(stream, pages, kind, compression=compression)


@contextmanager
def open_pages(
    files: Mapping[StrPath, str | None], *, overwrite: bool = False
) -> Iterator[tuple[PageWriter, ...]]:
    """Open files that grow page by page and appear together, whole or not at all.

    Parameters
    ----------
    files : mapping of str, bytes or os.PathLike to str or None
        The files to write, and the format of each: a value of `EXTENSIONS`;
        None takes that of the extension.
    overwrite : bool
        Whether existing files may be replaced.

    Yields
    ------
    tuple of PageWriter
        One for each file, in their order. Nothing of a page is kept in memory.

    Raises
    ------
    ParameterError
        As `format_of`.
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    Exception
        Whatever the block raises. The targets are then as they were.
    """
    kinds = [resolved_format(path, kind) for path, kind in files.items()]
    with atomic_files(list(files), overwrite=overwrite) as streams:
        yield tuple(map(PageWriter, streams, kinds, files))

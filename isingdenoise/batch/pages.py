"""The pictures of a folder as pages to learn from: each is read when it is asked for."""

# ruff: noqa: PTH118 - of large folders, names are kept as plain text

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import ReadError
from ..io import read_picture
from ..pipeline import CleanOptions
from ..validation import check_int
from .listing import Listing

__all__ = ["FolderPages"]


class FolderPages(Sequence[NDArray[Any]]):
    """The pictures of a folder; of a file with several pages the first, or that of `frame`.

    Hidden files, links and files without a picture's extension are passed over,
    as by `plan`. Nothing is kept of a picture that was read.

    Parameters
    ----------
    source : path
        The folder.
    options : CleanOptions
        How files are read.
    recursive : bool
        Whether folders below are visited.
    most : int, optional
        Take so many of them, at random.
    seed : int
        Of this choice.

    Attributes
    ----------
    passed : PassedOver
        What was passed over.

    Raises
    ------
    ReadError
        The source is no readable folder; of a picture, when it is asked for.
    ParameterError
        `most` is out of range.

    Examples
    --------
    >>> import tempfile
    >>> from isingdenoise.io import write_bilevel
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in ("a.png", "b.png"):
    ...     write_bilevel(Path(folder.name, name), np.eye(8) > 0)
    >>> pages = FolderPages(folder.name, CleanOptions())
    >>> len(pages), pages.path(1).name, pages[1].shape
    (2, 'b.png', (8, 8))
    >>> folder.cleanup()
    """

    def __init__(
        self,
        source: str | Path,
        options: CleanOptions,
        *,
        recursive: bool = False,
        most: int | None = None,
        seed: int = 0,
    ) -> None:
        self.source, self._options = Path(source), options
        if not self.source.is_dir():
            raise ReadError(source, "is not a folder; name the folder that holds the pictures")
        if most is not None:
            check_int("pages", most, low=1)
        listing = Listing(self.source, self.source, recursive)
        names = list(listing)
        self.passed = listing.passed
        if most is not None and most < len(names):
            chosen = np.random.default_rng(seed).choice(len(names), most, replace=False)
            names = [names[k] for k in np.sort(chosen).tolist()]
        self._names = names

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[NDArray[Any]]: ...
    def __getitem__(self, index: int | slice) -> NDArray[Any] | list[NDArray[Any]]:
        """Read a picture, or some of them."""
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        reading = self._options.reading()
        reading["frame"] = reading["frame"] or 0
        found = read_picture(self.path(index), **reading, besides=self._options.memory)
        return found.pixels

    def path(self, index: int) -> Path:
        """Return the file of a picture."""
        return Path(os.path.join(self.source, self._names[index]))

"""The pictures below a folder."""

# ruff: noqa: PTH116, PTH118, PTH122 - of large folders, names are kept as plain text

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ReadError
from ..io import EXTENSIONS

__all__ = ["PICTURE_EXTENSIONS", "Listing", "PassedOver"]

#: Names that `plan` takes for pictures; what they hold is read by content.
PICTURE_EXTENSIONS = frozenset(EXTENSIONS) - {".npy"} | {".ppm", ".pnm", ".apng", ".jfif"}


@dataclass
class PassedOver:
    """What was passed over, hidden names left out.

    Attributes
    ----------
    links : int
        Links to pictures, and to folders that would be visited.
    others : int
        Files without a picture's extension.
    folders : int
        Folders that would be visited with `recursive`.
    """

    links: int = 0
    others: int = 0
    folders: int = 0


class Listing:
    """Names of the pictures below a folder, in order; the target and links left out.

    What is passed over is counted in `passed` meanwhile.

    Parameters
    ----------
    source, target : pathlib.Path
        The folders.
    recursive : bool
        Whether folders below are visited.
    """

    def __init__(self, source: Path, target: Path, recursive: bool) -> None:
        self._source, self._recursive = source, recursive
        self._own: os.stat_result | None = None
        with contextlib.suppress(OSError):
            self._own = os.stat(target)  # names alone may differ in case
        self.passed = PassedOver()

    def __iter__(self) -> Iterator[str]:
        """Yield names relative to the source."""
        folders = [""]
        while folders:  # no calls of itself: trees may be deeper than those may be
            folder, below = folders.pop(), []
            for name, is_folder, is_link in self._entries(folder):
                inner = os.path.join(folder, name)
                if is_folder:
                    if self._recursive:
                        self.passed.links += is_link
                        below += [inner] * (not is_link)
                    else:
                        self.passed.folders += not (is_link or self._is_own(inner))
                elif os.path.splitext(name)[1].lower() in PICTURE_EXTENSIONS:
                    self.passed.links += is_link
                    if not is_link:
                        yield inner
                else:
                    self.passed.others += not is_link
            folders += [inner for inner in reversed(below) if not self._is_own(inner)]

    def _is_own(self, folder: str) -> bool:
        """Tell whether a folder is the target; one that cannot be looked at is told later."""
        with contextlib.suppress(OSError):
            here = os.stat(os.path.join(self._source, folder))
            return self._own is not None and os.path.samestat(here, self._own)
        return False

    def _entries(self, folder: str) -> list[tuple[str, bool, bool]]:
        """Return (name, whether a folder, whether a link) in order, hidden ones left out."""
        path = os.path.join(self._source, folder) if folder else str(self._source)
        try:
            with os.scandir(path) as entries:
                return sorted(
                    (entry.name, _is_folder(entry), entry.is_symlink())
                    for entry in entries
                    if not entry.name.startswith(".")
                )
        except OSError as error:
            raise ReadError(path, f"cannot be read ({error.strerror}); check the folder") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder, or leads to one; a link round in a circle does not."""
    try:
        return entry.is_dir()
    except OSError:
        return False

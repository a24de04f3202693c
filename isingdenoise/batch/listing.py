"""The pictures below a folder."""

# ruff: noqa: PTH116, PTH118, PTH122 - of large folders, names are kept as plain text

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import ReadError
from ..io import EXTENSIONS

__all__ = ["PICTURE_EXTENSIONS", "Listing", "PassedOver"]

#: Names that `plan` takes for pictures; what they hold is read by content.
PICTURE_EXTENSIONS = frozenset(EXTENSIONS) - {".npy"} | {".ppm", ".pnm", ".apng", ".jfif"}
#: Names of each kind that are kept of what was passed over: folders may hold millions.
_NAMED = 100


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
    excluded : int
        Pictures and folders that patterns leave out.
    names : dict
        For each of these words, the first hundred names, relative to the folder.
    """

    links: int = 0
    others: int = 0
    folders: int = 0
    excluded: int = 0
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count one more of a kind."""
        setattr(self, kind, getattr(self, kind) + 1)
        named = self.names.setdefault(kind, [])
        if len(named) < _NAMED:
            named.append(name)


class Listing:
    """Names of the pictures below a folder, in order; the target and links left out.

    What is passed over is counted in `passed` meanwhile.

    Parameters
    ----------
    source, target : pathlib.Path
        The folders.
    recursive : bool
        Whether folders below are visited.
    include, exclude : sequence of str
        Patterns as of `fnmatch`, the case counts: of a name, or with a slash in it of all that
        stands below the source. Where some include, only such pictures are taken; what one
        excludes, a picture or a folder, is not.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        recursive: bool,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        self._source, self._recursive = source, recursive
        self._include, self._exclude = include, exclude
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
                    if self._visits(inner, is_link):
                        below.append(inner)
                elif self._takes(inner, is_link):
                    yield inner
            folders += [inner for inner in reversed(below) if not self._is_own(inner)]

    def _visits(self, folder: str, is_link: bool) -> bool:
        """Tell whether to look into a folder; count it where not."""
        if self._recursive:
            why = "links" if is_link else "excluded" if _fits(folder, self._exclude) else None
        else:
            why = None if is_link or self._is_own(folder) else "folders"
        if why is not None:
            self.passed.add(why, folder)
        return self._recursive and why is None

    def _takes(self, name: str, is_link: bool) -> bool:
        """Tell whether a file is one of the pictures; count it where not."""
        if os.path.splitext(name)[1].lower() not in PICTURE_EXTENSIONS:
            why = None if is_link else "others"
        elif _fits(name, self._exclude) or (self._include and not _fits(name, self._include)):
            why = "excluded"
        elif is_link:
            why = "links"
        else:
            return True
        if why is not None:
            self.passed.add(why, name)
        return False

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


def _fits(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a name, or its last part, is of one of the patterns."""
    whole = name.replace(os.sep, "/")
    last = whole.rpartition("/")[2]
    return any(fnmatchcase(whole if "/" in p else last, p.rstrip("/")) for p in patterns)

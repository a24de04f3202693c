"""What results hold, as one number each."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from ..io.hashing import OPEN_FLAGS, sha256_of
from .places import Root

__all__ = ["Hashes"]


class Hashes:
    """SHA-256 of results, read once more only where device, inode, size or time have changed.

    Parameters
    ----------
    root : Root
        The folder that they are in.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._known: dict[Path, tuple[tuple[int, ...], str]] = {}

    def __call__(self, path: Path) -> str:
        """Return the SHA-256 of a file, in hex; errors as of `file_sha256`."""
        stamp: tuple[int, ...] = ()
        with contextlib.suppress(OSError):
            if (status := self._root.lstat(path)) is not None:
                stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        known, digest = self._known.get(path, ((), ""))
        if not stamp or known != stamp:
            digest = sha256_of(path, lambda: self._opened(path))
            self._known[path] = stamp, digest
        return digest

    def _opened(self, path: Path) -> int:
        folder = self._root.below(path.parent)
        if folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with folder:
            return folder.open(path.name, os.O_RDONLY | OPEN_FLAGS)

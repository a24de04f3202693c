"""What a file holds, as one number."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from ..errors import ReadError, WriteError
from .places import Root

__all__ = ["OPEN_FLAGS", "Hashes", "file_sha256"]

#: A pipe in the place of a file is an error, not a wait for ever.
OPEN_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex.

    Raises
    ------
    ReadError
        It cannot be read, or is no regular file.
    """
    return _sha256(path, lambda: os.open(path, os.O_RDONLY | OPEN_FLAGS))


def _sha256(path: Path, opened: Callable[[], int]) -> str:
    try:
        descriptor = opened()
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ReadError(path, "is no regular file; give a picture")
            with open(descriptor, "rb", closefd=False) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        finally:
            os.close(descriptor)
    except OSError as error:
        if isinstance(error, (ReadError, WriteError)):
            raise
        raise ReadError(path, f"cannot be read ({error.strerror}); check the name") from error


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
            digest = _sha256(path, lambda: self._opened(path))
            self._known[path] = stamp, digest
        return digest

    def _opened(self, path: Path) -> int:
        folder = self._root.below(path.parent)
        if folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with folder:
            return folder.open(path.name, os.O_RDONLY | OPEN_FLAGS)

"""What a file holds, as one number."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from .._io.opening import stamp_of
from ..errors import ReadError

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
    try:
        descriptor = os.open(path, os.O_RDONLY | OPEN_FLAGS)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ReadError(path, "is no regular file; give a picture")
            with open(descriptor, "rb", closefd=False) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        finally:
            os.close(descriptor)
    except OSError as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(path, f"cannot be read ({error.strerror}); check the name") from error


class Hashes:
    """SHA-256 of files, read once more only where device, inode, size or time have changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, ...], str]] = {}

    def __call__(self, path: Path) -> str:
        """Return the SHA-256 of a file, in hex; errors as of `file_sha256`."""
        stamp = stamp_of(path) or ()
        known, digest = self._known.get(path, ((), ""))
        if not stamp or known != stamp:
            digest = file_sha256(path)
            self._known[path] = stamp, digest
        return digest

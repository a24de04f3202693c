"""What a file holds, as one number, and whether it has changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from isingdenoise.errors import ReadError, WriteError

__all__ = ["OPEN_FLAGS", "file_sha256", "sha256_of"]

#: A pipe in the place of a file is an error, not a wait for ever.
OPEN_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex.

    Raises
    ------
    ReadError
        It cannot be read, or is no regular file.
    """
    return sha256_of(path, lambda: os.open(path, os.O_RDONLY | OPEN_FLAGS))


def sha256_of(path: Path, opened: Callable[[], int]) -> str:
    """Return the SHA-256 of the file that `opened` gives the descriptor of, as `file_sha256`."""
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

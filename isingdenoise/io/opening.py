"""Files and streams as they are read: without hanging, and such that one can go back.

Nothing here knows about pictures.
"""

# ruff: noqa: PTH116

from __future__ import annotations

import io
import os
import stat
from typing import BinaryIO

from isingdenoise.deadline import check_deadline
from isingdenoise.errors import ReadError
from isingdenoise.io.memory import available_memory, check_memory

__all__ = [
    "KINDS",
    "StrPath",
    "check_unchanged",
    "open_regular",
    "reason_of",
    "seekable",
    "stamp_of",
]

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Absent on Windows, where opening a pipe by name cannot hang in this way.
_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_PART = 1 << 20  # how much of a stream is read at a time

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class _File(io.BufferedReader):
    """A file that is not asked for more than it has, nor beyond the deadline.

    Memory for all that is asked for is taken before anything is read, and decoders
    ask for what a damaged header says: gigabytes of a file of a few bytes.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        check_deadline()
        if size is not None and size > _PART:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def open_regular(path: StrPath) -> BinaryIO:
    """Open an existing regular file for reading, without ever blocking.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file. Links are followed.

    Returns
    -------
    BinaryIO
        The open file, at its start. The caller closes it.

    Raises
    ------
    ReadError
        The file is missing, unreadable, empty, or no regular file.
    """
    name = os.fsdecode(path)
    try:
        # Looked at before it is opened, because opening some devices acts on
        # them; and once more afterwards, in case the name changed hands.
        _refuse_odd_kind(name, os.stat(name))
        descriptor = os.open(name, _READ_FLAGS)
    except (OSError, ValueError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(name, f"cannot be read ({reason_of(error)}); check the name") from error
    try:
        status = os.fstat(descriptor)
        _refuse_odd_kind(name, status)
        if status.st_size == 0:
            raise ReadError(name, "is empty (0 bytes); write the picture once more")
    except BaseException:
        os.close(descriptor)
        raise
    return _File(io.FileIO(descriptor, "rb"))


def seekable(stream: BinaryIO, name: str) -> BinaryIO:
    """Return a stream at its start in which one can go back, reading it whole where need be.

    Parameters
    ----------
    stream : BinaryIO
        Any open binary stream, such as standard input.
    name : str
        What to call it in messages.

    Returns
    -------
    BinaryIO
        `stream` itself if it is a file at its start, else a copy in memory.

    Raises
    ------
    ReadError
        It cannot be read, is empty, or does not fit into half the free memory.
    """
    try:
        if stream.seekable() and stream.tell() == 0:
            copy, size = stream, stream.seek(0, os.SEEK_END)
        else:
            copy, size = io.BytesIO(), 0
            free = available_memory()
            while part := stream.read(_PART):
                size += copy.write(part)
                check_memory(name, size, available=None if free is None else free // 2)
    except (OSError, ValueError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(name, f"cannot be read ({reason_of(error)}); give a picture") from error
    if size == 0:
        raise ReadError(name, "is empty (0 bytes); write the picture once more")
    copy.seek(0)
    return copy


def stamp_of(path: StrPath) -> tuple[int, ...] | None:
    """Return what changes where a file is written to or replaced; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def check_unchanged(path: StrPath, before: tuple[int, ...] | None) -> None:
    """Refuse what was made of a file that is not what it was.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file.
    before : tuple of int or None
        Its stamp, taken before it was read.

    Raises
    ------
    ReadError
        It was written to, replaced or taken away since.
    """
    if stamp_of(path) != before:
        raise ReadError(os.fsdecode(path), "changed while it was read; run again")


def _refuse_odd_kind(name: str, status: os.stat_result) -> None:
    """Raise `ReadError` for everything that is no regular file."""
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise ReadError(name, f"is {kind}; give a regular file")


def reason_of(error: OSError | ValueError) -> str:
    """Return what the system said, without the file name that `str` would repeat."""
    return getattr(error, "strerror", None) or str(error)

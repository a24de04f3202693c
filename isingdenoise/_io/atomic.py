"""Files as they are written: published whole.

Nothing here knows about pictures. A file is written under a temporary name
first, so that a reader of the target, or a crash at any moment, meets the old
content or the new one and never a part.
"""

# ruff: noqa: PTH105, PTH108, PTH118, PTH120

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from isingdenoise._io.opening import StrPath
from isingdenoise._io.targets import check_target, naming, raise_write_error

__all__ = [
    "TEMPORARY_PREFIX",
    "atomic_file",
    "atomic_files",
    "write_bytes_atomically",
]

TEMPORARY_PREFIX = ".isingdenoise-"
"""How the names of temporary files start: what a sweep of left-overs looks for."""

_CREATE_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def write_bytes_atomically(path: StrPath, data: bytes, *, overwrite: bool = False) -> None:
    """Write a whole file or nothing.

    The bytes go to a hidden temporary file in the same folder, which obeys the
    umask where nothing is replaced, are forced to the disk, and then take the
    name of the target in one step. The folder must exist.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    data : bytes
        Its content.
    overwrite : bool
        Whether an existing regular file may be replaced; the new one keeps its
        permissions. Links, pipes, devices, folders, and files that nobody may
        write never are.

    Raises
    ------
    OverwriteError
        The file exists (or appeared meanwhile) and `overwrite` is false.
    WriteError
        Anything else that keeps the file from being written. The target is as
        it was, and no temporary file stays.
    """
    with atomic_file(path, overwrite=overwrite) as stream:
        stream.write(data)


@contextlib.contextmanager
def atomic_file(path: StrPath, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends, and vanishes when it fails.

    As `write_bytes_atomically`, for content that comes in parts.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    overwrite : bool
        Whether an existing regular file may be replaced.

    Yields
    ------
    BinaryIO
        The temporary file, to write, read and seek in.

    Raises
    ------
    OverwriteError, WriteError
        As `write_bytes_atomically`. A plain `OSError` of the block is taken for
        one of the file.
    Exception
        Whatever else the block raises.
    """
    with atomic_files([path], overwrite=overwrite) as (stream,):
        try:
            yield stream
        except (OSError, ValueError) as error:
            raise_write_error(os.fsdecode(path), error)


@contextlib.contextmanager
def atomic_files(
    paths: Sequence[StrPath], *, overwrite: bool = False
) -> Iterator[tuple[BinaryIO, ...]]:
    """Open files that take their names together when the block ends, or not at all.

    All of them are on the disk before the first one takes its name. Should a
    later one be refused its name even then, those that are new go again.

    Parameters
    ----------
    paths : sequence of str, bytes or os.PathLike
        The files to write, all different.
    overwrite : bool
        Whether existing regular files may be replaced.

    Yields
    ------
    tuple of BinaryIO
        The temporary files, to write, read and seek in.

    Raises
    ------
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    Exception
        Whatever the block raises.
    """
    files: list[_Temporary] = []
    try:
        for path in paths:
            files.append(_Temporary(os.fsdecode(path), overwrite=overwrite))
            files[-1].open()
        yield tuple(file.stream for file in files)
        for file in files:
            file.finish()
        try:
            for file in files:
                file.publish()
        except BaseException:
            for file in files:
                file.withdraw()
            raise
    finally:
        for file in files:
            file.discard()


class _Temporary:
    """A file under a temporary name beside its target."""

    stream: BinaryIO

    def __init__(self, name: str, *, overwrite: bool) -> None:
        self.name, self.overwrite = name, overwrite
        self.folder = os.path.dirname(name)
        # Named before it is made, so that an interrupt in between leaves nothing.
        temporary = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp"
        self.temporary = os.path.join(self.folder, temporary)
        self._is_new = False

    def open(self) -> None:
        """Make the file."""
        with naming(self.name):
            check_target(self.name, overwrite=self.overwrite)
            descriptor = os.open(self.temporary, _CREATE_FLAGS, 0o666)
            self.stream = os.fdopen(descriptor, "w+b")
            with contextlib.suppress(FileNotFoundError):
                _take_over(descriptor, os.lstat(self.name))

    def finish(self) -> None:
        """Force the content to the disk, and look at the target once more."""
        with naming(self.name), self.stream:
            self.stream.flush()
            os.fsync(self.stream.fileno())
            check_target(self.name, overwrite=self.overwrite)

    def publish(self) -> None:
        """Give the file its name."""
        with naming(self.name):
            new = not os.path.lexists(self.name)
            if self.overwrite:
                os.replace(self.temporary, self.name)
            else:
                _publish_new(self.temporary, self.name)
            self._is_new = new
            _sync_folder(self.folder or ".")

    def withdraw(self) -> None:
        """Remove the published file, where there was none before."""
        if self._is_new:
            with contextlib.suppress(OSError):
                os.unlink(self.name)

    def discard(self) -> None:
        """Remove the temporary file, if it is still there."""
        if hasattr(self, "stream"):
            with contextlib.suppress(OSError, ValueError):
                self.stream.close()
        with contextlib.suppress(OSError, ValueError):
            os.unlink(self.temporary)


def _take_over(descriptor: int, old: os.stat_result) -> None:
    """Give a new file, while it is empty, the owner and the permissions of the one it replaces.

    Where the system does not let us have the owner or the group, nobody gets a
    permission that either the old file or the umask denied: its bits for the
    group speak of another group.
    """
    new = os.fstat(descriptor)
    if hasattr(os, "fchown") and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        for owner in (old.st_uid, -1):
            with contextlib.suppress(OSError):
                os.fchown(descriptor, owner, old.st_gid)
                break
    mode = stat.S_IMODE(old.st_mode) & 0o777  # never to run as somebody else
    has = os.fstat(descriptor)
    if (has.st_uid, has.st_gid) != (old.st_uid, old.st_gid):
        mode &= stat.S_IMODE(new.st_mode)
    if hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):  # a file system without permissions
            os.fchmod(descriptor, mode)


def _publish_new(temporary: str, name: str) -> None:
    """Give the finished file its name, unless the name has been taken meanwhile."""
    try:
        os.link(temporary, name, follow_symlinks=False)
    except FileExistsError:
        check_target(name, overwrite=False)
        raise
    except (OSError, NotImplementedError):
        # A file system without hard links: the name is free or it is not, and
        # the moment between the look and the step is all that stays open.
        check_target(name, overwrite=False)
        os.replace(temporary, name)


def _sync_folder(folder: str) -> None:
    """Force the new name to the disk, where the system can do that for a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

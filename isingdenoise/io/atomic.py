"""Files as they are written: published whole.

Nothing here knows about pictures. A file is written under a temporary name
first, so that a reader of the target, or a crash at any moment, meets the old
content or the new one and never a part.

What is replaced is what was checked: the folder is opened once, and the file in
it looked at again right before its name is taken. Between this look and the
renaming a moment remains, in which another file that takes the name is
replaced; the system has no step that compares and renames. A name that was
free is taken only while it is free, where the file system has hard links.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from isingdenoise.io.opening import StrPath
from isingdenoise.io.pending import Pending
from isingdenoise.io.targets import Checked, raise_write_error

__all__ = ["atomic_file", "atomic_files", "publish_staged", "write_bytes_atomically"]


def write_bytes_atomically(path: StrPath, data: bytes, *, overwrite: bool = False) -> None:
    """Write a whole file or nothing.

    The bytes go to a hidden temporary file in the same folder, which obeys the
    umask where nothing is replaced, are forced to the disk, and then take the
    name of the target in one step. The folder must exist.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write. What `check_output` returned is held to what it saw.
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
        Anything else that keeps the file from being written: also that the
        target or its folder has changed meanwhile. The target is as it was,
        and no temporary file stays.
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
    files: list[Pending] = []
    try:
        for path in paths:
            files.append(Pending(path, overwrite=overwrite))
            files[-1].open()
        yield tuple(file.stream for file in files)
        for file in files:
            file.finish()
        _publish(files)
    finally:
        for file in files:
            file.discard()


def publish_staged(staged: Mapping[Checked, str], *, overwrite: bool = False) -> None:
    """Give files their names together that another process has completed, or none of them.

    That process wrote them by `atomic_files` to targets with `Checked.staged`, which are on the
    disk. Here the targets are looked at once more, as there.

    Parameters
    ----------
    staged : mapping of Checked to str
        The names to take, and of each the name in the same folder that the file has until then.
    overwrite : bool
        Whether existing regular files may be replaced.

    Raises
    ------
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    files = [Pending(path, overwrite=overwrite) for path in staged]
    try:
        for file, name in zip(files, staged.values(), strict=True):
            file.adopt(name)
        _publish(files)
    finally:
        for file in files:
            file.discard()


def _publish(files: Sequence[Pending]) -> None:
    """Give complete files their names, or none of them."""
    try:
        for file in files:
            file.publish()
    except BaseException:
        for file in files:
            file.withdraw()
        raise

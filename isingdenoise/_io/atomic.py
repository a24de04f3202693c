"""Files as they are written: published whole.

Nothing here knows about pictures. A file is written under a temporary name
first, so that a reader of the target, or a crash at any moment, meets the old
content or the new one and never a part.

Names are plain strings here, not `pathlib` objects: those drop a final slash,
and a name that ends in one must not be taken for a file.
"""

# ruff: noqa: PTH105, PTH108, PTH116, PTH118, PTH119, PTH120, PTH121

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NoReturn

from isingdenoise._io.opening import KINDS, StrPath, reason_of
from isingdenoise.errors import (
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    WriteError,
    printable,
)

__all__ = [
    "TEMPORARY_PREFIX",
    "atomic_file",
    "check_output",
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


def check_output(path: StrPath, inputs: Sequence[StrPath] = (), *, overwrite: bool = False) -> None:
    """Refuse an output that could not be written or would harm, before any work.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to be written later.
    inputs : sequence of str, bytes or os.PathLike
        Files that must survive.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    ParameterError
        `path` is one of the inputs, perhaps by another name or through a link.
    WriteError
        The folder is missing or read-only, or something that is no regular
        file has the name.
    OverwriteError
        The file exists and `overwrite` is false.
    """
    name = os.fsdecode(path)
    for source in inputs:
        if _same_file(name, os.fsdecode(source)):
            raise ParameterError(
                "output", f"{printable(name)} is the input itself; give the result another name"
            )
    try:
        _check_target(name, overwrite=overwrite)
        folder = os.path.dirname(name) or "."
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise WriteError(name, "cannot be written (its folder is a file); choose another one")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WriteError(name, "cannot be written (its folder is read-only); choose another")
    except (OSError, ValueError) as error:
        _raise_write_error(name, error)


def write_bytes_atomically(path: StrPath, data: bytes, *, overwrite: bool = False) -> None:
    """Write a whole file or nothing.

    The bytes go to a hidden temporary file in the same folder, which obeys the
    umask, are forced to the disk, and then take the name of the target in one
    step. The folder must exist.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to write.
    data : bytes
        Its content.
    overwrite : bool
        Whether an existing regular file may be replaced. Links, pipes, devices
        and folders never are.

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
    name = os.fsdecode(path)
    temporary = None
    try:
        _check_target(name, overwrite=overwrite)
        folder = os.path.dirname(name)
        # Named before it is made, so that an interrupt in between leaves nothing.
        temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, _CREATE_FLAGS, 0o666)
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        if overwrite:
            os.replace(temporary, name)
            temporary = None
        else:
            _publish_new(temporary, name)
        _sync_folder(folder or ".")
    except (OSError, ValueError) as error:
        _raise_write_error(name, error)
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _publish_new(temporary: str, name: str) -> None:
    """Give the finished file its name, unless the name has been taken meanwhile."""
    try:
        os.link(temporary, name, follow_symlinks=False)
    except FileExistsError:
        _check_target(name, overwrite=False)
        raise
    except (OSError, NotImplementedError):
        # A file system without hard links: the name is free or it is not, and
        # the moment between the look and the step is all that stays open.
        _check_target(name, overwrite=False)
        os.replace(temporary, name)


def _check_target(name: str, *, overwrite: bool) -> None:
    """Refuse a target that is no regular file, or that exists and must stay."""
    if not os.path.basename(name):
        raise WriteError(name, "is no file name; name the file to write")
    try:
        status = os.lstat(name)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise WriteError(name, f"is {kind} and is never replaced; choose another name")
    if not overwrite:
        raise OverwriteError(name, "exists; use --force to replace it")


def _same_file(first: str, second: str) -> bool:
    """Tell whether two names lead to one file, also while it does not exist yet."""
    with contextlib.suppress(OSError, ValueError):  # either may be missing
        return os.path.samefile(first, second)
    with contextlib.suppress(OSError, ValueError):
        return os.path.realpath(first) == os.path.realpath(second)
    return False


def _sync_folder(folder: str) -> None:
    """Force the new name to the disk, where the system can do that for a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _raise_write_error(name: str, error: OSError | ValueError) -> NoReturn:
    """Raise `error` as a `WriteError`, or as it is where it already is ours."""
    if isinstance(error, IsingDenoiseError):
        raise error
    raise WriteError(
        name, f"cannot be written ({reason_of(error)}); check the folder and the space"
    ) from error

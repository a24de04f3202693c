"""Names to write to: what is refused before any work, and how failures are told.

Names are plain strings here, not `pathlib` objects: those drop a final slash,
and a name that ends in one must not be taken for a file.
"""

# ruff: noqa: PTH119, PTH120, PTH121

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from isingdenoise.errors import (
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    WriteError,
    printable,
)
from isingdenoise.io.folders import Folder, Identity
from isingdenoise.io.opening import KINDS, StrPath, reason_of

__all__ = [
    "Checked",
    "Stamp",
    "check_output",
    "check_target",
    "file_name",
    "naming",
    "raise_write_error",
]

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

#: What changes where a file is written to or replaced: device, inode, time, size.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class Checked(os.PathLike[str]):
    """A name to write to, and what it led to when it was checked: a path for who writes.

    Attributes
    ----------
    name : str
        As it was given.
    identity : tuple of int
        Of its folder.
    stamp : tuple of int or None
        Of the file that has the name; None: there was none.
    folder : Folder or None
        Where it is still open.
    staged : str or None
        A name in the folder that the file takes in the place of its own, when it is complete:
        `publish_staged` gives it its own.
    """

    name: str
    identity: Identity
    stamp: Stamp | None
    folder: Folder | None = None
    staged: str | None = None

    def __fspath__(self) -> str:
        """Return the name."""
        return self.name


def check_output(
    path: StrPath, inputs: Sequence[StrPath] = (), *, overwrite: bool = False
) -> Checked:
    """Refuse an output that could not be written or would harm, before any work.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file to be written later.
    inputs : sequence of str, bytes or os.PathLike
        Files that must survive.
    overwrite : bool
        Whether an existing file may be replaced.

    Returns
    -------
    Checked
        A path to write to in the place of `path`: then only this folder is
        written in, and only the file that was seen now is replaced.

    Raises
    ------
    ParameterError
        `path` is one of the inputs, perhaps by another name or through a link.
    WriteError
        The folder is missing or read-only, something that is no regular file
        has the name, or a file that nobody may write.
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
        base = file_name(name)
        with Folder.opened(os.path.dirname(name) or ".") as folder:
            stamp = check_target(folder, base, name, overwrite=overwrite)
            if not os.access(os.path.dirname(name) or ".", os.W_OK | os.X_OK):
                raise WriteError(
                    name, "cannot be written (its folder is read-only); choose another"
                )
            return Checked(name, folder.identity, stamp)
    except (OSError, ValueError) as error:
        raise_write_error(name, error)


def file_name(name: str) -> str:
    """Return a name without its folders, and refuse one that ends in a slash."""
    if not (base := os.path.basename(name)):
        raise WriteError(name, "is no file name; name the file to write")
    return base


def check_target(folder: Folder, base: str, name: str, *, overwrite: bool) -> Stamp | None:
    """Refuse a target that is no regular file, that exists and must stay, or is write-protected.

    Parameters
    ----------
    folder, base
        Where it is.
    name : str
        What to call it in messages.
    overwrite : bool
        Whether an existing file may be replaced.

    Returns
    -------
    tuple of int or None
        What tells it from any other file; None where it does not exist.
    """
    try:
        status = folder.lstat(base)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise WriteError(name, f"is {kind} and is never replaced; choose another name")
    if not overwrite:
        raise OverwriteError(name, "exists", "overwrite")
    if not status.st_mode & _WRITABLE:  # a name can be taken all the same, and who did this knew
        raise WriteError(name, "is write-protected; make it writable or choose another name")
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _same_file(first: str, second: str) -> bool:
    """Tell whether two names lead to one file, also while it does not exist yet."""
    with contextlib.suppress(OSError, ValueError):  # either may be missing
        return os.path.samefile(first, second)
    with contextlib.suppress(OSError, ValueError):
        return os.path.realpath(first) == os.path.realpath(second)
    return False


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Name the file in errors from inside the block."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise_write_error(name, error)


def raise_write_error(name: str, error: OSError | ValueError) -> NoReturn:
    """Raise `error` as a `WriteError`, or as it is where it already is ours."""
    if isinstance(error, IsingDenoiseError):
        raise error
    raise WriteError(
        name, f"cannot be written ({reason_of(error)}); check the folder and the space"
    ) from error

"""Names to write to: what is refused before any work, and how failures are told.

Names are plain strings here, not `pathlib` objects: those drop a final slash,
and a name that ends in one must not be taken for a file.
"""

# ruff: noqa: PTH116, PTH119, PTH120, PTH121

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import NoReturn

from isingdenoise._io.opening import KINDS, StrPath, reason_of
from isingdenoise.errors import (
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    WriteError,
    printable,
)

__all__ = ["check_output", "check_target", "naming", "raise_write_error"]

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


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
        check_target(name, overwrite=overwrite)
        folder = os.path.dirname(name) or "."
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise WriteError(name, "cannot be written (its folder is a file); choose another one")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WriteError(name, "cannot be written (its folder is read-only); choose another")
    except (OSError, ValueError) as error:
        raise_write_error(name, error)


def check_target(name: str, *, overwrite: bool) -> None:
    """Refuse a target that is no regular file, that exists and must stay, or is write-protected."""
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
    if not status.st_mode & _WRITABLE:  # a name can be taken all the same, and who did this knew
        raise WriteError(name, "is write-protected; make it writable or choose another name")


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

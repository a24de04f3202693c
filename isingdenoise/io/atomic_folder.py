"""Folders that are written whole: a store of many files, published in one step."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from isingdenoise.errors import OverwriteError, WriteError
from isingdenoise.io.opening import reason_of
from isingdenoise.io.temporaries import TEMPORARY_PREFIX, lock, new_name

__all__ = ["atomic_folder", "check_folder"]

_LOCK = ".lock"
_under_way: dict[Path, int] = {}


@atexit.register
def _remove_the_rest() -> None:
    """Remove at the end of the program what nobody came to remove."""
    for folder, process in list(_under_way.items()):
        if process == os.getpid():
            shutil.rmtree(folder, ignore_errors=True)


def check_folder(path: Path, marks: Sequence[str], *, overwrite: bool) -> None:
    """Refuse a folder that could not be written, before any work.

    Parameters
    ----------
    path : pathlib.Path
        The folder to be made.
    marks : sequence of str
        Files of which an existing folder must have one to be replaced.
    overwrite : bool
        Whether it may be replaced.

    Raises
    ------
    OverwriteError
        It exists, and must stay.
    WriteError
        It is something else, or the folder around it is missing or read-only.
    """
    if os.path.lexists(path):
        if not path.is_dir() or path.is_symlink():
            raise WriteError(path, "is no folder and is never replaced by one; choose another name")
        if not any((path / mark).is_file() for mark in marks):
            raise WriteError(path, "is a folder of other things and is never replaced")
        if not overwrite:
            raise OverwriteError(path, "exists", "overwrite")
    if not path.parent.is_dir():
        raise WriteError(path, "cannot be written (its folder is missing); make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise WriteError(path, "cannot be written (its folder is read-only); choose another")


@contextlib.contextmanager
def atomic_folder(path: Path, marks: Sequence[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder that takes its name when the block ends, and vanishes when it fails.

    It is hidden beside its name, and locked: what a program left that was killed is removed
    by the next one that writes here.

    Parameters
    ----------
    path, marks, overwrite
        As of `check_folder`. An old folder is moved aside, and removed once the new one is there.

    Raises
    ------
    OverwriteError, WriteError
        As `check_folder`.
    """
    path = Path(path)
    check_folder(path, marks, overwrite=overwrite)
    _sweep(path.parent)
    hidden = path.parent / new_name()
    _under_way[hidden] = os.getpid()
    held = -1
    try:
        try:
            hidden.mkdir()
            held = os.open(hidden / _LOCK, os.O_RDWR | os.O_CREAT)
            lock(held)
            (hidden / "new").mkdir()
        except OSError as error:
            raise WriteError(path, f"cannot be written ({reason_of(error)})") from error
        yield hidden / "new"
        check_folder(path, marks, overwrite=overwrite)
        try:
            _publish(hidden, path)
        except OSError as error:
            raise WriteError(path, f"cannot be written ({reason_of(error)})") from error
    finally:
        if held >= 0:
            os.close(held)
        shutil.rmtree(hidden, ignore_errors=True)
        _under_way.pop(hidden, None)


def _publish(hidden: Path, path: Path) -> None:
    """Give the new folder its name; the old one comes back where that fails."""
    if not path.exists():
        (hidden / "new").rename(path)
        return
    path.rename(hidden / "old")
    try:
        (hidden / "new").rename(path)
    except BaseException:
        (hidden / "old").rename(path)
        raise


def _sweep(folder: Path) -> None:
    """Remove hidden folders that dead programs left."""
    with contextlib.suppress(OSError):
        for found in folder.glob(f"{TEMPORARY_PREFIX}*.tmp"):
            if found.is_symlink() or not (found / _LOCK).is_file() or found in _under_way:
                continue
            descriptor = os.open(found / _LOCK, os.O_RDWR)
            try:
                dead = lock(descriptor)
            except BlockingIOError:
                dead = False
            finally:
                os.close(descriptor)
            if dead and not (found / "old").exists():
                shutil.rmtree(found, ignore_errors=True)

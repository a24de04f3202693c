"""One batch at a time in a folder of results, and what dead ones left there."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import WriteError, printable
from ..io.folders import Folder
from ..io.temporaries import is_locked, is_own, lock, sweep
from .places import Root

__all__ = ["LOCK_NAME", "locked", "refuse_running"]

#: The lock's name in the folder of results; gone again when the batch ends.
LOCK_NAME = ".isingdenoise-lock"

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)


@contextlib.contextmanager
def locked(place: Path | Root) -> Iterator[None]:
    """Hold the lock of a folder; sweep temporary files of dead runs first.

    The lock is the system's (`flock`), so that it ends with its process, however
    that ends; a file left behind is taken over. File systems without such locks
    are used without.

    Parameters
    ----------
    place : pathlib.Path or Root
        The folder; that of a journal is `journal.root`.

    Raises
    ------
    WriteError
        Another batch has the lock (its process and host are named), or the
        file cannot be made.
    """
    root = place if isinstance(place, Root) else Root(place)
    path = root.path / LOCK_NAME
    try:
        folder = root.present()
        descriptor = _acquire(folder, path)
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            sweep(folder, below=True, staged="")  # nobody else is at work here
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(path, f"cannot be made ({error.strerror}); check the folder") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if is_own(folder, LOCK_NAME, descriptor):
                folder.unlink(LOCK_NAME)  # while it is held: who opens it now looks again
        os.close(descriptor)


def _acquire(folder: Folder, path: Path) -> int:
    """Return the open and locked file that has the name."""
    while True:
        descriptor = folder.open(LOCK_NAME, _FLAGS)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise WriteError(path, "is no regular file and cannot be the lock; remove it")
            try:
                has_lock = lock(descriptor)
            except BlockingIOError:
                raise _in_use(path, descriptor) from None
            if not has_lock or is_own(folder, LOCK_NAME, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner has just ended and removed it


def refuse_running(root: Root) -> None:
    """Refuse a folder in which a batch is at work; nothing is written, no lock is left.

    Raises
    ------
    WriteError
        Another batch has the lock; its process and host are named.
    """
    folder, path = root.opened(), root.path / LOCK_NAME
    if folder is None:
        return
    with contextlib.suppress(FileNotFoundError, PermissionError):
        descriptor = folder.open(LOCK_NAME, _FLAGS & ~(os.O_RDWR | os.O_CREAT))
        try:
            if is_locked(descriptor):
                raise _in_use(path, descriptor)
        finally:
            os.close(descriptor)


def _in_use(path: Path, descriptor: int) -> WriteError:
    """Return the error that names the owner of a lock."""
    owner = printable(os.pread(descriptor, 300, 0).decode(errors="replace").strip())
    return WriteError(
        path.parent, f"is in use by another batch ({owner or 'just starting'}); wait for it"
    )

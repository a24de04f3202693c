"""One batch at a time in a folder of results, and what dead ones left there."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._io.atomic import TEMPORARY_PREFIX
from ..errors import WriteError, printable

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: no lock there
    fcntl = None

__all__ = ["LOCK_NAME", "locked", "refuse_running"]

#: The lock's name in the folder of results; gone again when the batch ends.
LOCK_NAME = ".isingdenoise-lock"

#: After so many seconds without a change nobody writes to a temporary file any more. One from
#: the future is as old: the clock went back.
ABANDONED = 60.0

_TEMPORARY = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}\.tmp")
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that exists; sweep temporary files of dead runs first.

    The lock is the system's (`flock`), so that it ends with its process, however
    that ends; a file left behind is taken over. File systems without such locks
    are used without.

    Raises
    ------
    WriteError
        Another batch has the lock (its process and host are named), or the
        file cannot be made.
    """
    path = folder / LOCK_NAME
    try:
        descriptor = _acquire(path)
        try:
            died = os.pread(descriptor, 1, 0) != b"" if fcntl else False
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            _sweep(folder, 0.0 if died else ABANDONED)
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
            path.unlink()  # while it is held: who opens it now looks again
        os.close(descriptor)


def _acquire(path: Path) -> int:
    """Return the open and locked file that has the name."""
    while True:
        descriptor = os.open(path, _FLAGS, 0o666)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise WriteError(path, "is no regular file and cannot be the lock; remove it")
            if fcntl is not None:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise _in_use(path, descriptor) from None
                except OSError:
                    return descriptor  # no locks on this file system
            if _has_name(path, status):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner has just ended and removed it


def _has_name(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.lstat(), status)
    except FileNotFoundError:
        return False


def _sweep(folder: Path, age: float) -> None:
    """Remove temporary files below `folder` that are older than `age` seconds."""
    now, folders = time.time(), [str(folder)]
    while folders:  # `os.walk` calls itself for each level
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _TEMPORARY.fullmatch(entry.name):
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode) and abs(now - status.st_mtime) >= age:
                            os.unlink(entry.path)  # noqa: PTH108 - as the folder has it


def refuse_running(folder: Path) -> None:
    """Refuse a folder in which a batch is at work; nothing is written, no lock is left.

    Raises
    ------
    WriteError
        Another batch has the lock; its process and host are named.
    """
    path = folder / LOCK_NAME
    if fcntl is None:
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, _FLAGS & ~(os.O_RDWR | os.O_CREAT))
        try:  # shared: of two that only look, neither is refused
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _in_use(path, descriptor) from None
        except OSError:
            return  # no locks on this file system
        finally:
            os.close(descriptor)


def _in_use(path: Path, descriptor: int) -> WriteError:
    """Return the error that names the owner of a lock."""
    owner = printable(os.pread(descriptor, 300, 0).decode(errors="replace").strip())
    return WriteError(
        path.parent, f"is in use by another batch ({owner or 'just starting'}); wait for it"
    )

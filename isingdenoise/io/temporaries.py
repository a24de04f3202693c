"""Temporary files: locked by who writes them, and swept where nobody does any more."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from typing import Any

from isingdenoise.errors import WriteError
from isingdenoise.io.folders import Folder
from isingdenoise.io.opening import StrPath

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: no lock there
    fcntl = None

__all__ = [
    "ABANDONED",
    "TEMPORARY_PREFIX",
    "is_own",
    "lock",
    "new_name",
    "new_run",
    "new_staged_name",
    "sweep",
]

TEMPORARY_PREFIX = ".isingdenoise-"
"""How the names of temporary files start."""

#: Seconds without a change after which nobody writes to a temporary file any more, where a
#: file system has no locks. A suspended program may wait for longer; a day is a compromise.
ABANDONED = 86400.0

_TEMPORARY = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}\.tmp")
_STAGED = re.compile(re.escape(TEMPORARY_PREFIX) + r"([0-9a-f]{16})-[0-9a-f]{16}\.staged")
# For writing, because network file systems lock no other; a pipe must not keep us waiting.
_SWEEP_FLAGS = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0)


def new_name() -> str:
    """Return a name for a temporary file."""
    return f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp"


def new_run() -> str:
    """Return what the names of all files have in common that one run stages."""
    return secrets.token_hex(8)


def new_staged_name(run: str) -> str:
    """Return a name for a file that is complete, and waits for another process to publish it."""
    return f"{TEMPORARY_PREFIX}{run}-{secrets.token_hex(8)}.staged"


def lock(descriptor: int) -> bool:
    """Lock a file for as long as it is open, and its process lives.

    Returns
    -------
    bool
        Whether locks exist here.

    Raises
    ------
    BlockingIOError
        Somebody else has the lock.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        return False
    return True


def is_locked(descriptor: int) -> bool:
    """Tell whether somebody else has the lock of an open file.

    The look itself is shared: of two that only look, neither takes the other for an owner.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def is_own(folder: Folder, name: str, descriptor: int) -> bool:
    """Tell whether a name in a folder leads to an open file."""
    try:
        return os.path.samestat(folder.lstat(name), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def sweep(folder: StrPath | Folder, *, below: bool = False, staged: str | None = None) -> None:
    """Remove the temporary files that dead programs left in a folder.

    A file is dead when nobody has its lock: the system takes the lock from a
    program that ends, however it ends, and leaves it to one that is suspended.
    Where the file system has no locks, a file is dead after a day without a
    change; one from the future is as old, because the clock went back.

    What cannot be looked at or removed stays, without a word.

    Parameters
    ----------
    folder : str, bytes, os.PathLike or Folder
        Where to look. A missing one is empty.
    below : bool
        Whether to look into the folders below, too. Links are not followed.
    staged : str, optional
        Remove what this run staged, too; "": any run. Nobody has the lock of a staged file, so
        only who knows that the run is over may ask for it.
    """
    if not isinstance(folder, Folder):
        with contextlib.suppress(OSError, ValueError), Folder.opened(os.fsdecode(folder)) as opened:
            sweep(opened, below=below, staged=staged)
        return
    waiting: list[tuple[str, ...]] = [()]
    while waiting:  # by no function that calls itself: folders can be nested without end
        parts = waiting.pop()
        with contextlib.suppress(OSError, WriteError), folder.below(parts) as here:
            for name, is_folder in list(here.entries()):
                if is_folder:
                    waiting += [(*parts, name)] * below
                elif _TEMPORARY.fullmatch(name) or _is_staged(name, staged):
                    with contextlib.suppress(OSError):
                        _remove_dead(here, name)


def _is_staged(name: str, run: str | None) -> bool:
    """Tell whether a name is of a file that a run staged; "" stands for any, None for none."""
    found = None if run is None else _STAGED.fullmatch(name)
    return found is not None and run in ("", found[1])


def _remove_dead(folder: Folder, name: str) -> None:
    """Remove a temporary file that nobody writes to."""
    if not stat.S_ISREG(folder.lstat(name).st_mode):
        return  # not even opened: opening some devices acts on them
    descriptor = folder.open(name, _SWEEP_FLAGS)
    try:
        has_lock = lock(descriptor)
        status = os.fstat(descriptor)
        if not has_lock and abs(time.time() - status.st_mtime) < ABANDONED:
            return
        if stat.S_ISREG(status.st_mode) and is_own(folder, name, descriptor):
            if fcntl is None:  # Windows removes no open file
                os.close(descriptor)
                descriptor = -1
            folder.unlink(name)  # while it is locked: its writer, if just born, looks again
    finally:
        if descriptor >= 0:
            os.close(descriptor)

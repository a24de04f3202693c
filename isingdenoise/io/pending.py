"""One file on its way: under a temporary name until it takes that of its target."""

# ruff: noqa: PTH120

from __future__ import annotations

import atexit
import contextlib
import os
import stat
from typing import BinaryIO, NoReturn

from isingdenoise.errors import WriteError
from isingdenoise.io.folders import Folder
from isingdenoise.io.opening import StrPath
from isingdenoise.io.targets import Checked, check_target, file_name, naming
from isingdenoise.io.temporaries import is_own, lock, new_name

__all__ = ["Pending"]


#: Files under way; signals that follow one another may cut short what removes them.
_under_way: dict[int, Pending] = {}


@atexit.register
def _remove_the_rest() -> None:
    """Remove at the end of the program what nobody came to remove."""
    for pending in list(_under_way.values()):
        if pending.process == os.getpid():
            pending.discard()


class Pending:
    """A file under a temporary name beside its target, locked until it has its own."""

    stream: BinaryIO
    folder: Folder

    def __init__(self, path: StrPath, *, overwrite: bool) -> None:
        self.name, self.overwrite = os.fsdecode(path), overwrite
        self.checked = path if isinstance(path, Checked) else None
        self.temporary = ""
        self._is_locked = self._is_new = False
        self.process = os.getpid()

    def open(self) -> None:
        """Make the file."""
        with naming(self.name):
            self._look()
            descriptor = self._created()
            self.stream = os.fdopen(descriptor, "w+b")
            with contextlib.suppress(FileNotFoundError):
                _take_over(descriptor, self.folder.lstat(self.base))

    def adopt(self, staged: str) -> None:
        """Take over a file that another process has completed, and staged beside the target."""
        with naming(self.name):
            self._look()
            descriptor = self.folder.open(staged, os.O_RDWR)
            self.temporary = staged
            _under_way[id(self)] = self
            self.stream = os.fdopen(descriptor, "r+b")
            with contextlib.suppress(BlockingIOError):  # a network's lock that lingers
                self._is_locked = lock(descriptor)

    def _look(self) -> None:
        """Open the folder, and refuse what is not what was checked."""
        self.base = file_name(self.name)
        if self.checked is not None and self.checked.folder is not None:
            self.folder = self.checked.folder
        else:
            self.folder = Folder.opened(os.path.dirname(self.name) or ".")
        self.stamp = check_target(self.folder, self.base, self.name, overwrite=self.overwrite)
        if self.checked is not None:
            if self.folder.identity != self.checked.identity:
                self._refuse("its folder was moved or replaced")
            if self.stamp != self.checked.stamp:
                self._refuse("changed")

    def _created(self) -> int:
        """Make the temporary file, and lock it against who sweeps those of dead programs."""
        while True:
            # Named before it is made, so that an interrupt in between leaves nothing.
            self.temporary = new_name()
            _under_way[id(self)] = self
            descriptor = self.folder.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            try:
                self._is_locked = lock(descriptor)
                if is_own(self.folder, self.temporary, descriptor):
                    return descriptor
            except BlockingIOError:
                pass  # it is being swept, in the moment before it was locked
            except BaseException:
                os.close(descriptor)
                raise
            self._remove()
            os.close(descriptor)

    def finish(self) -> None:
        """Force the content to the disk, and look at the target once more."""
        with naming(self.name):
            self.stream.flush()
            os.fsync(self.stream.fileno())
            self._look_again()

    def publish(self) -> None:
        """Give the file its name."""
        with naming(self.name):
            self._look_again()
            if self.checked is not None and self.checked.staged is not None:
                self._stage(self.checked.staged)
                return
            if self.stamp is not None:
                self._let_go()
                self.folder.replace(self.temporary, self.base)
            else:
                self._take_free_name()
                self._is_new = True
            self.folder.sync()

    def _stage(self, name: str) -> None:
        """Give the file the name under which it waits for who publishes it."""
        self._let_go()
        self.folder.replace(self.temporary, name)
        self.base, self._is_new, self.temporary = name, True, ""

    def _look_again(self) -> None:
        """Refuse what is not what was checked."""
        now = check_target(self.folder, self.base, self.name, overwrite=self.overwrite)
        if now != self.stamp:
            self._refuse("changed")
        if not self.folder.is_there():
            self._refuse("its folder was moved or replaced")

    def _refuse(self, what: str) -> NoReturn:
        raise WriteError(self.name, f"{what} while the result was made; look there and run again")

    def _take_free_name(self) -> None:
        """Give the finished file its name, unless the name has been taken meanwhile."""
        try:
            self.folder.link(self.temporary, self.base)
        except FileExistsError:
            self._look_again()
            raise
        except (OSError, NotImplementedError):
            # A file system without hard links: the name is free or it is not, and
            # the moment between the look and the step is all that stays open.
            self._look_again()
            self._let_go()
            self.folder.replace(self.temporary, self.base)

    def withdraw(self) -> None:
        """Remove the published file, where there was none before and it is still this one."""
        if self._is_new:
            with contextlib.suppress(OSError, ValueError):
                if self.stream.closed or is_own(self.folder, self.base, self.stream.fileno()):
                    self.folder.unlink(self.base)

    def discard(self) -> None:
        """Remove the temporary file, if it is still there."""
        self._let_go()
        if self.temporary:
            self._remove()  # while it is locked: nobody else takes it for a dead one
        if hasattr(self, "stream"):
            with contextlib.suppress(OSError, ValueError):
                self.stream.close()
        if hasattr(self, "folder") and (self.checked is None or self.checked.folder is None):
            self.folder.close()
        _under_way.pop(id(self), None)

    def _let_go(self) -> None:
        """Close the file where there are no locks: Windows renames and removes no open one."""
        if not self._is_locked and hasattr(self, "stream"):
            with contextlib.suppress(OSError, ValueError):
                self.stream.close()

    def _remove(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.folder.unlink(self.temporary)


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

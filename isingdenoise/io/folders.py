"""Folders as they are written to: opened once, and the same folder from then on.

What a name leads to can be swapped between the look at it and the step that
trusts the look: a folder for a link that leads elsewhere. All that is done in a
folder is therefore done relative to its descriptor. Where the system has no
such calls (Windows), names stand in for it, and the moment stays open.
"""

# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import contextlib
import errno
import os
import stat
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from isingdenoise.errors import WriteError

__all__ = ["Folder", "Identity"]

#: Device and inode.
Identity = tuple[int, int]

_HAS_DESCRIPTORS = (
    {os.open, os.stat, os.mkdir, os.unlink, os.link, os.rename} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
    and hasattr(os, "O_DIRECTORY")
    and hasattr(os, "O_NOFOLLOW")
)
_FLAGS = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
# Enough to work in a folder that may be written and not be listed.
_WITHOUT_LISTING = getattr(os, "O_PATH", 0)


class Folder:
    """An open folder; `Folder.opened` and `below` make them.

    It is closed with the last reference to it, or before by `close`.

    Attributes
    ----------
    path : str
        Its name, for messages.
    identity : tuple of int
        Device and inode.
    """

    def __init__(
        self,
        path: str,
        descriptor: int | None,
        root: Folder | None = None,
        parts: tuple[str, ...] = (),
    ) -> None:
        self.path, self.descriptor = path, descriptor
        self._root, self._parts = root, parts
        self.close: Callable[[], object] = (
            (lambda: None) if descriptor is None else weakref.finalize(self, os.close, descriptor)
        )
        status = os.stat(path if descriptor is None else descriptor)
        self.identity: Identity = status.st_dev, status.st_ino

    @classmethod
    def opened(cls, path: str) -> Self:
        """Open a folder by its name; links in it are the user's own and are followed.

        Raises
        ------
        OSError
            It is missing, no folder, or must not be entered.
        """
        if _HAS_DESCRIPTORS:
            return cls(path, _open(path, 0, None))
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return cls(path, None)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def below(self, parts: Sequence[str], *, make: bool = False) -> Folder:
        """Open a folder below this one, step by step and through no link.

        Raises
        ------
        WriteError
            A part is a link, or no folder.
        FileNotFoundError
            A part is missing, and not to be made.
        """
        here: Folder = self
        path = self.path
        for count, part in enumerate(parts, 1):
            path = os.path.join(path, part)
            try:
                descriptor = here._step(part, path, make)
            finally:
                if here is not self:
                    here.close()
            here = Folder(path, descriptor, self, tuple(parts[:count]))
        if here is not self:
            return here
        return Folder(path, None if self.descriptor is None else os.dup(self.descriptor), self)

    def is_there(self) -> bool:
        """Tell whether its name still leads to it."""
        try:
            if self._root is None:
                status = os.stat(self.path)
                return (status.st_dev, status.st_ino) == self.identity
            with self._root.below(self._parts) as now:
                return now.identity == self.identity and self._root.is_there()
        except (OSError, WriteError):
            return False

    def lstat(self, name: str) -> os.stat_result:
        """Return what the system says of a file of the folder; a link is not followed."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open a file of the folder, which must not be a link; return its descriptor."""
        flags |= _NO_LINK | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        return os.open(self._at(name), flags, mode, dir_fd=self.descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file of the folder."""
        os.unlink(self._at(name), dir_fd=self.descriptor)

    def replace(self, name: str, target: str) -> None:
        """Rename a file of the folder; what has the new name goes."""
        where = self.descriptor
        os.replace(self._at(name), self._at(target), src_dir_fd=where, dst_dir_fd=where)

    def link(self, name: str, target: str) -> None:
        """Give a file of the folder another name, which must be free."""
        os.link(
            self._at(name),
            self._at(target),
            src_dir_fd=self.descriptor,
            dst_dir_fd=self.descriptor,
            follow_symlinks=False,
        )

    def sync(self) -> None:
        """Force new names to the disk, where the system can do that for a folder."""
        if self.descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self.descriptor)

    def entries(self) -> Iterator[tuple[str, bool]]:
        """Yield the names in the folder, and whether each is a folder itself and no link."""
        with os.scandir(self.path if self.descriptor is None else self.descriptor) as found:
            for entry in found:
                yield entry.name, entry.is_dir(follow_symlinks=False)

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name) if self.descriptor is None else name

    def _step(self, part: str, path: str, make: bool) -> int | None:
        """Open one folder in this one."""
        try:
            return self._entered(part)
        except FileNotFoundError:
            if not make:
                raise
            with contextlib.suppress(FileExistsError):  # by another thread, or a dangling link
                os.mkdir(self._at(part), dir_fd=self.descriptor)
            return self._step(part, path, make=False)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
        if stat.S_ISLNK(self.lstat(part).st_mode):
            raise WriteError(path, "is a link, which is not followed; remove it")
        raise WriteError(path, "is not a folder; name the folder to write to")

    def _entered(self, part: str) -> int | None:
        if self.descriptor is not None:
            return _open(part, _NO_LINK, self.descriptor)
        if not stat.S_ISDIR(self.lstat(part).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return None


def _open(name: str, flags: int, where: int | None) -> int:
    try:
        return os.open(name, os.O_RDONLY | flags | _FLAGS, dir_fd=where)
    except PermissionError:
        if not _WITHOUT_LISTING:
            raise
        return os.open(name, _WITHOUT_LISTING | flags | _FLAGS, dir_fd=where)

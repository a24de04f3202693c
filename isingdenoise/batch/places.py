"""Where results go: the folder that was named, and those in it, opened and never left."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import WriteError
from ..io.folders import Folder, Identity
from ..io.targets import Checked, Stamp, check_target, naming

__all__ = ["Places", "Root", "Seen", "make_folder"]


class Root:
    """The folder of results: opened when it is first needed, and that folder from then on.

    Parameters
    ----------
    path : pathlib.Path
        Its name. Links in it are followed, those below it are not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._folder: Folder | None = None

    def opened(self, *, make: bool = False) -> Folder | None:
        """Return the folder, or None where it is missing and not to be made.

        Raises
        ------
        WriteError
            It cannot be opened or made.
        """
        with self._turn:
            if self._folder is None:
                if make:
                    make_folder(self.path)
                with naming(str(self.path)):
                    try:
                        self._folder = Folder.opened(str(self.path))
                    except (FileNotFoundError, NotADirectoryError):
                        if make:
                            raise
            return self._folder

    def present(self) -> Folder:
        """Return the folder, made where it is missing, and refuse it where it has gone.

        Raises
        ------
        WriteError
            It cannot be opened or made, or its name leads to another one now.
        """
        folder = self.opened(make=True)
        if folder is None or not folder.is_there():
            raise WriteError(
                self.path, "was moved or replaced while it was in use; look there and run again"
            )
        return folder

    def below(self, path: Path, *, make: bool = False) -> Folder | None:
        """Open a folder in it, or return None where it is missing and not to be made.

        Raises
        ------
        WriteError
            Part of the way is a link or no folder, or cannot be made.
        """
        root = self.opened(make=make)
        if root is None:
            return None
        with naming(str(path)):
            try:
                return root.below(path.relative_to(self.path).parts, make=make)
            except FileNotFoundError:
                if make:
                    raise
        return None

    def lstat(self, path: Path) -> os.stat_result | None:
        """Return what the system says of a file in it; None where it does not exist."""
        folder = self.below(path.parent)
        if folder is not None:
            with folder, naming(str(path)), contextlib.suppress(FileNotFoundError):
                return folder.lstat(path.name)
        return None


@dataclass(frozen=True)
class Seen:
    """What `Places` found of the files and folders of a job, for a later look.

    Attributes
    ----------
    files : mapping of Path to Stamp or None
        What tells each target from any other file; None: there was none.
    folders : mapping of Path to Identity
        Those that there were.
    """

    files: Mapping[Path, Stamp | None]
    folders: Mapping[Path, Identity]


class Places:
    """Where the files of one job go, held from the first look at them until they are written.

    Parameters
    ----------
    root : Root or None
        The folder that no file may leave; None: each file's own folder.
    targets : sequence of pathlib.Path
        The files to write.
    seen : Seen, optional
        What an earlier look found, in the place of `look`.
    """

    def __init__(
        self, root: Root | None, targets: Sequence[Path], seen: Seen | None = None
    ) -> None:
        self._root, self._targets = root, targets
        self._folders: dict[Path, Folder] = {}
        self._seen: dict[Path, Stamp | None] = {} if seen is None else dict(seen.files)
        self._were = {} if seen is None else seen.folders

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the folders."""
        for folder in self._folders.values():
            folder.close()

    def look(self) -> None:
        """Take down what there is now: nothing else will be replaced."""
        for target in self._targets:
            self._seen[target] = None
            with naming(str(target)), contextlib.suppress(FileNotFoundError):
                if (folder := self._opened(target.parent)) is not None:
                    self._seen[target] = _stamp(folder.lstat(target.name))

    @property
    def seen(self) -> Seen:
        """What was found; it needs no open folder."""
        return Seen(self._seen, {path: folder.identity for path, folder in self._folders.items()})

    def check(self, *, overwrite: bool) -> None:
        """Refuse what cannot be replaced, before the work.

        Raises
        ------
        OverwriteError, WriteError
            As `check_output`.
        """
        for target in self._targets:
            with naming(str(target)):
                if (folder := self._opened(target.parent)) is not None:
                    check_target(folder, target.name, str(target), overwrite=overwrite)

    def make(self) -> None:
        """Make the folders that are missing.

        Raises
        ------
        WriteError
            One cannot be made, or would lie behind a link.
        """
        if self._root is not None:
            self._root.present()
        for target in self._targets:
            self._opened(target.parent, make=True)

    def checked(self, target: Path) -> Checked:
        """Return a target as it was seen; its folder exists."""
        folder = self._folders[target.parent]
        identity = self._were.get(target.parent, folder.identity)
        return Checked(str(target), identity, self._seen[target], folder)

    def _opened(self, path: Path, *, make: bool = False) -> Folder | None:
        if path not in self._folders:
            folder = self._root.below(path, make=make) if self._root else _by_name(path, make)
            if folder is None:
                return None
            self._folders[path] = folder
        return self._folders[path]


def _by_name(path: Path, make: bool) -> Folder | None:
    if make:
        make_folder(path)
    with naming(str(path)):
        try:
            return Folder.opened(str(path))
        except FileNotFoundError:
            if make:
                raise
    return None


def _stamp(status: os.stat_result) -> Stamp | None:
    """Return what tells a file from any other; None for what is never replaced anyway."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, and those above it.

    Raises
    ------
    WriteError
        It cannot be made.
    """
    missing = [folder]
    try:
        while not missing[-1].exists() and missing[-1] != missing[-1].parent:
            missing.append(missing[-1].parent)
        for path in reversed(missing):  # `parents=True` would call itself for each
            path.mkdir(exist_ok=True)
    except OSError as error:
        raise WriteError(folder, f"cannot be made ({error.strerror}); choose another") from error

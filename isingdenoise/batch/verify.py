"""Whether the files of a batch still are what it made: read, hashed, never written."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ReadError, WriteError, printable
from ..io.hashing import OPEN_FLAGS
from .journal import Journal
from .lock import refuse_running
from .places import Root

__all__ = ["Difference", "Verification"]

#: What `open` says of links, of what lies behind them, and of sockets.
_NO_FILE = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.EMLINK}

_WHY = {
    "changed": "was changed since it was made",
    "older": "is the result of an earlier run, not of the last",
    "missing": "is missing",
}


@dataclass(frozen=True)
class Difference:
    """A file that is not as it was made.

    Attributes
    ----------
    path : pathlib.Path
        As the journal names it.
    state : str
        "changed", "older" (an earlier result than the journal's last),
        "missing" or "unreadable".
    why : str
        The same in words.
    """

    path: Path
    state: str
    why: str

    @property
    def line(self) -> str:
        """The name and what is wrong with it, on one line."""
        return f"{printable(self.path)}: {self.why}"


class Verification:
    """Compares every file that the journal of a folder says was made with the folder.

    Iterating does it, and yields the path of each file when it has been looked
    at; what differs is then in `differences`. Links are not followed, neither
    in the place of a file nor of a folder on the way to it, and names that lead
    out of the folder are not opened. A batch that ran meanwhile is no
    difference: what it replaced is looked at again.

    Parameters
    ----------
    folder : path
        Of the results.

    Attributes
    ----------
    differences : list of Difference
        In order of the names.
    unread : int
        Lines of the journal that are damaged, or none of ours: what they spoke
        of is not known.

    Raises
    ------
    ReadError
        There is no journal, or it cannot be read.
    WriteError
        A batch is at work in the folder. It may also come while iterating.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.differences: list[Difference] = []
        refuse_running(Root(self.folder))
        try:
            self._journal = Journal(self.folder, {})
        except WriteError as error:
            raise ReadError(error.path, error.message) from error
        path = self._journal.path
        if not self._journal.exists:
            raise ReadError(path, "there is no journal to compare with; name a batch's results")
        if not self._journal.known:
            raise ReadError(path, "holds no line of a batch; take it from a copy, or clean again")
        self.unread = self._journal.unread
        self._made = dict(sorted(self._journal.outputs))

    def __len__(self) -> int:
        """Return how many files there are to look at."""
        return len(self._made)

    def __iter__(self) -> Iterator[Path]:
        """Look at one file after another."""
        found = []
        for name, digests in self._made.items():
            if difference := self._look(name, digests):
                found.append((name, difference))
            yield self.folder / name
        if found:  # perhaps by a batch that has begun since
            self._journal.reload()
            latest = dict(self._journal.outputs)
            again = (self._look(name, latest.get(name, self._made[name])) for name, _ in found)
            self.differences = [difference for difference in again if difference]
            if self.differences:
                refuse_running(self._journal.root)

    def _look(self, name: str, digests: tuple[str, ...]) -> Difference | None:
        """Compare a file with what it should be, the last of the digests; None: it is that."""
        path = self.folder / name
        try:
            digest = _sha256(self._journal.root, name)
        except (OSError, ValueError) as error:
            return Difference(path, *_reason(error))
        if digest == digests[-1]:
            return None
        state = "older" if digest in digests else "changed"
        return Difference(path, state, _WHY[state])


def _reason(error: OSError | ValueError) -> tuple[str, str]:
    """Return the state of a file that cannot be hashed, and why."""
    if isinstance(error, FileNotFoundError):
        return "missing", _WHY["missing"]
    if isinstance(error, WriteError) or getattr(error, "errno", None) in _NO_FILE:
        return "changed", "is no regular file of this folder; it is not followed"
    if isinstance(error, OSError):
        return "unreadable", f"cannot be read ({error.strerror})"
    # a null byte, letters that no name has, a way out
    return "unreadable", "is no name in this folder; the journal was edited"


def _sha256(root: Root, name: str) -> str:
    """Return the SHA-256 of a file by the journal's name of it; no link on the way is followed.

    Raises
    ------
    ValueError
        The name leads out of the folder, or is none.
    OSError
        It cannot be opened; `WriteError` where a folder on the way is a link.
    """
    *above, last = name.split("/")
    if {"", ".", ".."} & {*above, last} or Path(name).is_absolute() or Path(name).drive:
        raise ValueError(name)
    folder = root.below(root.path.joinpath(*above))
    if folder is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    with folder:
        descriptor = folder.open(last, os.O_RDONLY | OPEN_FLAGS)
    with os.fdopen(descriptor, "rb") as stream:  # refuses a folder by itself
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.ENXIO, "no regular file")
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""What was done to which picture: one line for each, in a file beside the results.

A line is on the disk before its result takes its name. A batch that is cut
off at any moment therefore never leaves a result that the journal does not know.
"""

# ruff: noqa: PTH118 - names are compared as the system has them

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import OverwriteError, WriteError, printable
from ..io.hashing import OPEN_FLAGS, file_sha256
from ..pipeline import FileJob
from .hashing import Hashes
from .jobs import Entry
from .lines import LONGEST, encoded, parsed
from .places import Root

__all__ = ["JOURNAL_NAME", "Journal", "State"]

#: The journal's name in the folder of results.
JOURNAL_NAME = ".isingdenoise-journal.jsonl"


class State(StrEnum):
    """What there is to do for a job: all of it, all of it once more, or nothing."""

    DO = "do"
    REDO = "redo"
    SKIP = "skip"


class Journal:
    """The journal of a folder of results; read once, then appended to.

    Lines that are torn or none of ours are passed over: what they spoke of is
    then unknown, and refused or done again.

    Parameters
    ----------
    folder : path
        Of the results; it need not exist before the first `append`.
    settings : mapping
        Of this run, plain values: what was made with others is not up to date.

    Raises
    ------
    WriteError
        Something that is no regular file has the journal's name, or it cannot
        be read.
    """

    def __init__(self, folder: str | Path, settings: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        self.path = self.folder / JOURNAL_NAME
        self.settings: dict[str, Any] = json.loads(json.dumps(dict(settings)))
        self.exists = False
        self.unread = 0  # lines that are damaged, or none of ours
        self._turn = threading.Lock()
        self.root = Root(self.folder)
        self._hash_of = Hashes(self.root)
        self._base = os.path.realpath(self.folder)
        self._above: tuple[Path | None, str] = None, ""
        self.reload()

    def reload(self) -> None:
        """Read the file once more: what another run added is then known.

        Raises
        ------
        WriteError
            As when it was read first.
        """
        self._latest: dict[tuple[str, str], tuple[int, int]] = {}  # where the line is, its length
        self._makers: dict[str, dict[str, list[str]]] = {}  # output, its SHA-256, inputs
        self.unread = 0
        with self._opened() as stream:
            place, torn = 0, False
            while line := stream.readline(LONGEST):
                whole = line.endswith(b"\n")
                if whole and not torn and (entry := parsed(line)) is not None:
                    self._know(entry, place, len(line))
                elif not torn and line.strip():
                    self.unread += 1
                place, torn = place + len(line), not whole

    def names(self, job: FileJob) -> tuple[str, str]:
        """Return input and output of a job as the journal calls them."""
        folder, above = self._above
        if folder != job.source.parent:  # jobs come folder by folder
            above = os.path.realpath(job.source.parent)
            with contextlib.suppress(ValueError):  # another drive: no relative name leads there
                above = os.path.relpath(above, self._base)
            self._above = job.source.parent, above
        source = os.path.normpath(os.path.join(above, job.source.name))
        return source.replace(os.sep, "/"), self.name(job.target)

    def name(self, target: Path) -> str:
        """Return a file of the folder as the journal calls it."""
        return os.path.relpath(target, self.folder).replace(os.sep, "/")

    def made(self, target: Path) -> bool:
        """Tell whether a file of this name was made, whatever it is now."""
        return self.name(target) in self._makers

    def blank(self, job: FileJob) -> Entry:
        """Return the line of a job of which nothing is known yet."""
        source, target = self.names(job)
        probability = None if job.probability is None else self.name(job.probability)
        changes = None if job.change_map is None else self.name(job.change_map)
        return Entry(
            source, None, self.settings, target, probability=probability, change_map=changes
        )

    @property
    def known(self) -> bool:
        """Whether there is a line about any job."""
        return bool(self._latest)

    @property
    def outputs(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Names of all files that were made, and the SHA-256 of each, the latest last."""
        return ((name, tuple(makers)) for name, makers in self._makers.items())

    def entry(self, job: FileJob) -> Entry | None:
        """Return the latest line about the job, or None."""
        place, length = self._latest.get(self.names(job), (0, 0))
        with self._opened() as stream:
            stream.seek(place)
            return parsed(stream.read(length)) if length else None

    def check(self, job: FileJob) -> None:
        """Refuse a job whose outputs exist, unless they were made by it and are as they were made.

        Raises
        ------
        OverwriteError
            An output is nobody's, that of another input, or was changed.
        """
        for target in job.targets:
            self._check(target, self.names(job)[0])

    def _check(self, target: Path, source: str) -> None:
        """Refuse a file that exists, unless it was made from `source` and is as it was made."""
        if (status := self.root.lstat(target)) is None:
            return
        if not stat.S_ISREG(status.st_mode):
            why = "exists and is no regular file"
        elif not (makers := self._makers.get(self.name(target), {})):
            why = "exists and is not in the journal"
        elif not (inputs := makers.get(self._hash_of(target), [])):
            why = "was changed since it was made"
        elif source not in inputs:
            why = f"was made from another picture ({printable(inputs[-1])})"
        else:
            return
        raise OverwriteError(target, why, "overwrite")

    def state(self, job: FileJob, input_sha256: str | None = None) -> State:
        """Return what there is to do for a job.

        Parameters
        ----------
        job : FileJob
            The picture.
        input_sha256 : str, optional
            Of the input; read from the file where it is left out.

        Raises
        ------
        OverwriteError
            As `check`.
        ReadError
            The input or the output cannot be read.
        """
        self.check(job)
        entry = self.entry(job)
        there = [target for target in job.targets if self.root.lstat(target)]
        if entry is None or not there:
            return State.DO
        current = (
            entry.error is None
            and entry.settings == self.settings
            and len(there) == len(job.targets)
            and all(entry.made.get(self.name(target)) == self._hash_of(target) for target in there)
            and entry.input_sha256 == (input_sha256 or file_sha256(job.source))
        )
        return State.SKIP if current else State.REDO

    def append(self, entry: Entry) -> None:
        """Add a line, and wait until it is on the disk. The folder is made where it is missing.

        Threads take turns.

        Raises
        ------
        WriteError
            It cannot be written. Half a line is taken back.
        """
        line = encoded(entry)
        with self._turn:
            self._append(entry, line)

    def _append(self, entry: Entry, line: bytes) -> None:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | OPEN_FLAGS
            descriptor = self.root.present().open(JOURNAL_NAME, flags)
            try:
                size = self._size(descriptor)
                torn = size > 0 and _last_byte(descriptor, size) != b"\n"
                line = b"\n" * torn + line
                if os.write(descriptor, line) != len(line):
                    os.ftruncate(descriptor, size)
                    raise WriteError(self.path, "cannot be written (no space); make room")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._unusable(error) from error
        self._know(entry, size + torn, len(line) - torn)

    def _know(self, entry: Entry, place: int, length: int) -> None:
        self._latest[entry.input, entry.output] = place, length
        for name, digest in entry.made.items():
            if digest is not None:
                makers = self._makers.get(name, {})
                inputs = makers.get(digest, [])
                if entry.input not in inputs:
                    inputs.append(entry.input)
                older = {known: them for known, them in makers.items() if known != digest}
                self._makers[name] = {**older, digest: inputs}  # other threads look meanwhile

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """Open the file for reading; an empty one stands for none."""
        try:
            if (folder := self.root.opened()) is None:
                raise FileNotFoundError
            descriptor = folder.open(JOURNAL_NAME, os.O_RDONLY | OPEN_FLAGS)
        except FileNotFoundError:
            yield io.BytesIO()
            return
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._size(descriptor)  # refuses what `open` cannot hold
            self.exists = True
            with open(descriptor, "rb", closefd=False) as stream:
                yield stream
        finally:
            os.close(descriptor)

    def _size(self, descriptor: int) -> int:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise WriteError(self.path, "is no regular file and cannot be the journal; remove it")
        return status.st_size

    def _unusable(self, error: OSError) -> WriteError:
        if isinstance(error, WriteError):
            return error
        advice = "check the folder" if isinstance(error, PermissionError) else "remove it"
        return WriteError(self.path, f"cannot be used as journal ({error.strerror}); {advice}")


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)

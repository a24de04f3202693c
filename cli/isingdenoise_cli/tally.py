"""What a batch tells: of each picture, before it and after it."""

from __future__ import annotations

import io
import json
import tempfile
import weakref
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from isingdenoise.errors import OverwriteError, ReadError, printable
from isingdenoise.pipeline import plain

from . import report, talk
from .usage import advised, worded

if TYPE_CHECKING:
    from isingdenoise.batch import Journal, Outcome, PassedOver, Plan


def show_plan(jobs: Plan, journal: Journal, force: bool, as_json: bool) -> None:
    """Print what would be done with each picture; nothing is written.

    Raises
    ------
    OverwriteError
        Some would be refused. They have been printed too.
    """
    from isingdenoise.batch import raise_refused

    rows, refused = [], []
    for job in jobs:
        why = None
        try:
            state = "redo" if force and job.target.exists() else "do"
            state = state if force else str(journal.state(job))
        except ReadError:  # told when its turn comes
            state = "do"
        except OverwriteError as error:
            state, why = "refuse", worded(error)
            refused.append(error)
        rows.append({"action": state, "input": job.source, "output": job.target, "error": why})
    if as_json:
        report.print_json({"pictures": rows, **asdict(jobs.passed)})
    else:
        width = 6 if refused else 4
        for row in rows:
            names = f"{printable(row['input'])} -> {printable(row['output'])}"
            talk.result(f"{row['action']:<{width}}  {names}")
        if passed := _passed(jobs.passed, none=not rows):
            talk.result(", ".join(passed))
    raise_refused(refused)


#: So many bytes of records are kept in memory before they go to a file.
_IN_MEMORY = 1 << 22


class Tally:
    """Tells of each picture as it is done, and of all of them in the end.

    What is kept for the end lies in a file, so that memory does not grow with
    the folder.

    Parameters
    ----------
    as_json : bool
        Whether the end is JSON.
    rows : bool
        Whether `rows` are wanted, for a report.
    """

    def __init__(self, as_json: bool, *, rows: bool) -> None:
        self.count = self.failed = self.skipped = 0
        self.rows = _Records() if rows else None
        self._records = _Records() if as_json else None

    def add(self, outcome: Outcome) -> None:
        """Say what went wrong with a picture, or had to be assumed, and count it."""
        from isingdenoise.batch import report_row

        source = outcome.job.source
        self.count += 1
        self.failed += outcome.error is not None
        self.skipped += outcome.skipped
        for advice in outcome.advice:
            talk.warning(source, advised(advice))
        if outcome.error is not None:
            talk.error(_line(outcome))
            if outcome.error.__cause__ is not None:
                talk.trace(outcome.error.__cause__)
        done = "up to date" if outcome.skipped else f"{outcome.seconds:.2f} s"
        talk.detail(f"{printable(source)}: {done}")
        if self.rows is not None:
            self.rows.add(report_row(outcome))
        if self._records is not None:
            self._records.add(_record(outcome))

    def finish(self, source: Path, target: Path, passed: PassedOver) -> None:
        """Print the end of a batch."""
        if self._records is not None:
            ends = {"failed": self.failed, "skipped": self.skipped, **asdict(passed)}
            report.print_json_lines("pictures", map(json.dumps, self._records), ends)
            return
        done = self.count - self.failed - self.skipped
        pictures = "1 picture" if done == 1 else f"{done} pictures"
        parts = [f"{pictures} cleaned into {printable(target)}"]
        if not self.count:
            parts = [f"no pictures in {printable(source)}"]
        parts += [f"{self.skipped} up to date"] * bool(self.skipped)
        parts += [f"{self.failed} failed"] * bool(self.failed)
        talk.result(", ".join(parts + _passed(passed, none=not self.count)))


class _Records(Sequence[dict[str, Any]]):
    """Records as JSON, the latest in memory, the others in a file; each is read when asked for.

    Where there is no room for the file, all stay in memory.
    """

    def __init__(self) -> None:
        self._file: io.FileIO | None = None
        self._ends = array("Q", [0])  # in the file
        self._latest: list[bytes] = []
        self._room = _IN_MEMORY

    def add(self, record: Mapping[str, Any]) -> None:
        """Add one record."""
        line = json.dumps(plain(record), allow_nan=False).encode("ascii")
        self._latest.append(line)
        self._room -= len(line)
        if self._room < 0:
            self._put_aside()

    def _put_aside(self) -> None:
        """Write what is in memory to the file, all of it or nothing."""
        self._room = _IN_MEMORY
        data = memoryview(b"".join(self._latest))
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with this
                weakref.finalize(self, self._file.close)
            self._file.seek(self._ends[-1])
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            talk.detail(f"the temporary folder takes no more ({error.strerror or error})")
            return
        for line in self._latest:
            self._ends.append(self._ends[-1] + len(line))
        self._latest.clear()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends) - 1 + len(self._latest)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """Return a record, or some of them."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        record: dict[str, Any] = json.loads(self._line(index))
        return record

    def _line(self, index: int) -> bytes:
        aside = len(self._ends) - 1
        if index >= aside or self._file is None:
            return self._latest[index - aside]
        start, end = self._ends[index], self._ends[index + 1]
        self._file.seek(start)
        return self._file.read(end - start)


def _line(outcome: Outcome) -> str:
    """Return why a picture failed, with what helps, and what that leaves behind."""
    why = worded(outcome.error) if outcome.error is not None else ""
    return f"{why}{outcome.leaves}"


def _record(outcome: Outcome) -> dict[str, Any]:
    """Return what became of a picture as plain values with stable keys."""
    pages = list(outcome.pages)
    return {
        "input": outcome.job.source,
        "output": None if outcome.error else outcome.job.target,
        "probability": None if outcome.error else outcome.job.probability,
        "change_map": None if outcome.error else outcome.job.change_map,
        "error": outcome.error and _line(outcome),
        "warnings": [*map(advised, outcome.advice)],
        "result": pages[0] if len(pages) == 1 else None,
        "pages": pages if len(pages) > 1 else None,
        "skipped": outcome.skipped,
        "stale": outcome.stale,
        "figures": outcome.entry and outcome.entry.result,
    }


def _passed(passed: PassedOver, *, none: bool) -> list[str]:
    """Return what was passed over in words; folders below only where there are no pictures."""
    links, others, folders = passed.links, passed.others, passed.folders
    parts = [_counted(links, "link") + " passed over"] * bool(links)
    parts += [_counted(others, "other file") + " passed over"] * bool(others)
    visits = "visit it" if folders == 1 else "visit them"
    return parts + [f"{_counted(folders, 'folder')} below; -r to {visits}"] * bool(folders and none)


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"

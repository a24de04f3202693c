"""One job of a batch: cleaned, noted in the journal, and its errors turned into its outcome."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import (
    ChangeLimitError,
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    ReadError,
    WriteError,
)
from ..inference import Advice
from ..io.hashing import file_sha256
from ..pipeline import OUTPUTS, CleanOptions, FileJob, Page, Watcher, clean, combined, figures
from ..result import DenoiseResult
from .jobs import Entry, Outcome
from .journal import Journal, State
from .places import Places

__all__ = ["Cleaner", "Notes", "failed", "of_the_picture"]

_WARNINGS = 100  # of a picture, in the journal


@dataclass(frozen=True, eq=False)
class Cleaner:
    """Does a job when it is called, and turns what goes wrong with it into its outcome.

    Attributes
    ----------
    options : CleanOptions
        How pictures are cleaned.
    overwrite : bool
        Whether existing targets are replaced.
    journal : Journal or None
        As in `denoise_many`.
    """

    options: CleanOptions
    overwrite: bool
    journal: Journal | None

    def __call__(self, job: FileJob) -> Outcome:
        """Do one job; safe to call from several threads."""
        started = time.perf_counter()
        root = None if self.journal is None else self.journal.root
        with Places(root, job.targets) as places:
            notes = Notes(job, self.journal, places)
            try:
                places.look()
                return self._done(job, notes, places, started)
            except Exception as wrong:  # whatever it is, the other pictures must not suffer
                error, seconds = of_the_picture(job, wrong), time.perf_counter() - started
                return failed(job, error, notes.entry, self.journal, notes.advice, seconds)

    def _done(self, job: FileJob, notes: Notes, places: Places, started: float) -> Outcome:
        """Do a job, or find that it is done."""
        if notes.entry is not None:
            notes.entry = replace(notes.entry, input_sha256=file_sha256(job.source))
        state = self.state(job, notes.entry)
        if state is State.SKIP and self.journal is not None:
            return Outcome(job, (), None, None, (), 0.0, self.journal.entry(job))
        places.check(overwrite=state is State.REDO)
        found = clean(job, self.options, overwrite=state is State.REDO, watcher=notes)
        seconds, said = time.perf_counter() - started, tuple(notes.advice)
        records = tuple(page.record for page in found.pages)
        return Outcome(job, records, found.result, None, said, seconds, notes.entry)

    def state(self, job: FileJob, entry: Entry | None) -> State:
        """Return what there is to do, and refuse what must not be replaced."""
        if self.overwrite:
            return State.REDO
        if self.journal is None or entry is None:
            return State.DO
        return self.journal.state(job, entry.input_sha256)


class Notes(Watcher):
    """What is kept of a job while it is done, and noted in the journal before it is published."""

    def __init__(self, job: FileJob, journal: Journal | None, places: Places) -> None:
        self._job, self._journal, self._places = job, journal, places
        self._figures: list[dict[str, Any]] = []
        self._started = time.perf_counter()
        self._noted = journal is not None
        self.advice: list[Advice] = []
        self.entry = None if journal is None else journal.blank(job)

    def page(self, page: Page, result: DenoiseResult) -> None:
        """Keep the figures of a page."""
        del page
        if self._noted:
            self._figures.append(figures(result))

    def warn(self, page: int, pages: int, messages: Sequence[Advice]) -> None:
        """Keep what was warned of, with the page."""
        where = f"page {page + 1}: " if pages > 1 else ""
        self.advice += [said._replace(message=where + said.message) for said in messages]

    def open(self, places: dict[str, Any]) -> dict[str, Any]:
        """Make the folders, and hold the files to what was seen of them."""
        self._places.make()
        return {name: self._places.checked(place) for name, place in places.items()}

    def settle(self, digests: Callable[[], dict[str, str]]) -> None:
        """Note what is about to be written: no picture is ever unknown."""
        if self._journal is None or self.entry is None:
            return
        self.entry = self.entry.settled(digests(), self.found())
        self._journal.append(self.entry)

    def found(self) -> dict[str, Any]:
        """Return what the journal keeps of the result, in figures."""
        took = {"seconds": time.perf_counter() - self._started, "warnings": self.kept()}
        return combined(self._figures) | took

    def kept(self) -> list[str]:
        """Return what the journal keeps of the messages: a line must not grow without end."""
        left = len(self.advice) - _WARNINGS
        return [*map(str, self.advice[:_WARNINGS])] + [f"{left} more warnings"] * (left > 0)


def failed(
    job: FileJob,
    error: IsingDenoiseError,
    entry: Entry | None,
    journal: Journal | None,
    advice: Sequence[Advice] = (),
    seconds: float = 0.0,
) -> Outcome:
    """Return the outcome of a job that failed, and note it in the journal."""
    entry = _note_failure(entry, error, journal)
    stale = _is_older(job, error, journal)
    return Outcome(job, (), None, error, tuple(advice), seconds, entry, stale)


def _is_older(job: FileJob, error: IsingDenoiseError, journal: Journal | None) -> bool:
    """Tell whether the result of an earlier run stays under the name of one that failed."""
    known = journal is not None and journal.made(job.target)
    return known and not isinstance(error, OverwriteError) and os.path.isfile(job.target)  # noqa: PTH113


def of_the_picture(job: FileJob, wrong: Exception) -> IsingDenoiseError:
    """Return what went wrong as an error that names the picture."""
    match wrong:
        case ChangeLimitError():
            return wrong
        case ParameterError():
            named = wrong.parameter in ("image", *OUTPUTS)  # the picture itself, and its results
            return ReadError(job.source, wrong.message if named else str(wrong.args[0]), wrong.hint)
        case IsingDenoiseError():
            return wrong
        case _:
            what = f"{type(wrong).__name__}: {wrong}".rstrip(": ")
            error = ReadError(job.source, f"internal error: {what}; please report it")
    error.__cause__ = wrong
    return error


def _note_failure(
    entry: Entry | None, error: IsingDenoiseError, journal: Journal | None
) -> Entry | None:
    """Add a failure to the journal, where it can be written."""
    if entry is None or journal is None:
        return None
    entry = entry.failed(str(error))
    with contextlib.suppress(WriteError):  # the failure itself is told, and done again anyway
        journal.append(entry)
    return entry

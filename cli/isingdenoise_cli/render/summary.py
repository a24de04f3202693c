"""What `batch` prints: before the work, for each picture, and at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import ClusterError, OverwriteError, ReadError, counted, printable

from .. import console
from ..framework.usage import advised, worded
from .forecast import Forecast
from .json import print_json, print_json_rows
from .records import Records

if TYPE_CHECKING:
    from isingdenoise.batch import Journal, Outcome, PassedOver, Plan

_NAMED = 3  # names that are shown of what was passed over


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
        print_json({"pictures": rows, **asdict(jobs.passed)})
    else:
        width = 6 if refused else 4
        for row in rows:
            names = f"{printable(row['input'])} -> {printable(row['output'])}"
            console.result(f"{row['action']:<{width}}  {names}")
        if passed := _passed(jobs.passed, none=not rows):
            console.result(", ".join(passed))
    raise_refused(refused)


class Summary:
    """Prints what went wrong with each picture, and the end of a batch.

    What is kept for the end lies in a file, so that memory does not grow with
    the folder.

    Parameters
    ----------
    as_json : bool
        Whether the end is JSON.
    rows : bool
        Whether `rows` are wanted, for a report.
    reading : mapping, optional
        Arguments of `isingdenoise.io.read_picture`; rows have thumbnails then.
    """

    def __init__(
        self, as_json: bool, *, rows: bool, reading: Mapping[str, Any] | None = None
    ) -> None:
        self.count = self.failed = self.skipped = 0
        self.rows = Records() if rows else None
        self._records = Records() if as_json else None
        self._reading = reading

    def follow(self, outcomes: Iterable[Outcome], total: int) -> ClusterError | None:
        """Add outcomes as they come; return why there are no more, where a cluster has gone.

        Raises
        ------
        ClusterError
            It came before the first outcome.
        """
        forecast = Forecast(total)
        with console.progress(outcomes, total, "cleaning") as progress:
            try:
                for outcome in progress:
                    self.add(outcome)
                    forecast.add(outcome)
            except ClusterError as error:
                if not self.count:
                    raise
                return error
        return None

    def add(self, outcome: Outcome) -> None:
        """Say what went wrong with a picture, or had to be assumed, and count it."""
        from isingdenoise.batch import report_row

        source = outcome.job.source
        self.count += 1
        self.failed += outcome.error is not None
        self.skipped += outcome.skipped
        for advice in outcome.advice:
            console.warning(source, advised(advice))
        if outcome.error is not None:
            console.error(_line(outcome))
            if outcome.error.__cause__ is not None:
                console.trace(outcome.error.__cause__)
        done = "up to date" if outcome.skipped else f"{outcome.seconds:.2f} s"
        console.detail(f"{printable(source)}: {done}")
        if self.rows is not None:
            told = {"error": outcome.error and _line(outcome)}
            self.rows.add(self._pictured({**report_row(outcome), **told}, outcome))
        if self._records is not None:
            self._records.add(_record(outcome))

    def _pictured(self, row: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
        """Return a row of the report with its thumbnails, where they are wanted."""
        from isingdenoise.html import thumbnails

        if self._reading is None:
            return row
        noise = row["noise"] if isinstance(row["noise"], dict) else {}
        target = None if outcome.error else outcome.job.target
        found = thumbnails(
            outcome.job.source, target, self._reading, noise.get("levels"), row["changed"]
        )
        return {**row, "thumbnails": found}

    def finish(self, source: Path, target: Path, passed: PassedOver) -> None:
        """Print the end of a batch."""
        if self._records is not None:
            ends = {"failed": self.failed, "skipped": self.skipped, **asdict(passed)}
            print_json_rows("pictures", self._records, ends)
            return
        done = self.count - self.failed - self.skipped
        parts = [f"{counted(done, 'picture')} cleaned into {printable(target)}"]
        if not self.count:
            parts = [f"no pictures in {printable(source)}"]
        parts += [f"{self.skipped} up to date"] * bool(self.skipped)
        parts += [f"{self.failed} failed"] * bool(self.failed)
        console.result(", ".join(parts + _passed(passed, none=not self.count)))


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
    parts = []
    for kind, what, over in (
        ("links", "link", "passed over"),
        ("others", "other file", "passed over"),
        ("excluded", "name", "excluded"),
    ):
        if count := getattr(passed, kind):
            parts.append(f"{counted(count, what)} {over}{_named(passed.names[kind], count)}")
    if passed.folders and none:
        visits = "visit it" if passed.folders == 1 else "visit them"
        parts.append(f"{counted(passed.folders, 'folder')} below; -r to {visits}")
    return parts


def _named(names: Sequence[str], count: int) -> str:
    """Return the first names in brackets, and how many more there are."""
    shown = ", ".join(map(printable, names[:_NAMED]))
    more = count - _NAMED
    return f" ({shown} and {more} more)" if more > 0 else f" ({shown})"

"""What `batch` asks of the machine and of its folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import WriteError

from .picture import named

if TYPE_CHECKING:
    from isingdenoise.batch import Plan

#: More threads for each core gain nothing, and each takes memory for itself.
_BESIDE = 4


def threads_for(jobs: int | None) -> int:
    """Return how many pictures are cleaned at a time, of so many asked for."""
    cores = available_cores()
    return cores if jobs is None else min(jobs, _BESIDE * cores)


@contextmanager
def short_turns() -> Iterator[None]:
    """Let Python's threads take turns ten times as often as they do by themselves.

    Who comes back from a kernel waits for another thread to finish its turn:
    with turns of 5 ms two threads kept 83 % of two cores busy, now 90 %.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Report:
    """The file of --report: refused before any work where it cannot be written, and made last.

    Parameters
    ----------
    path : Path or None
        The file; None: nobody asked for one.
    target : Path
        The folder of results, which is made if the report lies there.
    jobs : Plan
        Their inputs must survive.
    force : bool
        Whether a file that is no report may be replaced.
    """

    def __init__(self, path: Path | None, target: Path, jobs: Plan, force: bool) -> None:
        from isingdenoise.batch import check_report, make_folder

        self._path, self._force = path, force
        self._failure: WriteError | None = None
        if path is None:
            return
        if jobs and path.parent.resolve() == target.resolve():
            make_folder(target)  # else it is made when nothing is refused any more
        with named(report="--report", output="--report"):
            self._checked = check_report(path, (job.source for job in jobs), overwrite=force)

    @property
    def has_pictures(self) -> bool:
        """Whether it shows thumbnails."""
        return self._path is not None and self._path.suffix.lower() == ".html"

    def write(self, rows: Sequence[dict[str, Any]] | None) -> None:
        """Write the rows; a failure is kept, for the pictures are there all the same."""
        from isingdenoise.batch import write_report
        from isingdenoise.io import sweep

        if self._path is None or rows is None:
            return
        try:
            sweep(self._path.parent)
            write_report(self._path, rows, overwrite=self._force, checked=self._checked)
        except WriteError as error:
            self._failure = error

    def raise_failure(self) -> None:
        """Raise what kept the report from being written.

        Raises
        ------
        WriteError
            As `write_report`.
        """
        if self._failure is not None:
            raise self._failure

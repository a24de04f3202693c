"""What `batch` asks of the machine and of its folder."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from isingdenoise.errors import ParameterError, WriteError

from .picture import named
from .reading import READING, all_of
from .values import Whole

if TYPE_CHECKING:
    from isingdenoise.batch import Cluster, Plan

#: More threads for each core gain nothing, and each takes memory for itself.
_BESIDE = 4


def choosing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --recursive, --include and --exclude, as one argument `choosing` for `plan`."""
    names = ("recursive", "include", "exclude")

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        return command(choosing={name: given.pop(name) for name in names}, **given)

    options = [
        click.option(
            "-r", "--recursive", is_flag=True, help="Clean subfolders too; keep their tree."
        ),
        click.option(
            "--include",
            multiple=True,
            metavar="PATTERN",
            help="Clean only pictures of such names, e.g. '*.tif'; repeatable. A pattern with a "
            "slash is of the name below INPUT, e.g. 'raw/*'. The case counts.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="PATTERN",
            help="Ignore pictures and folders of such names; repeatable, and wins.",
        ),
    ]
    return all_of(options, gathered, READING)


jobs_option = click.option(
    "-j",
    "--jobs",
    "threads",
    type=Whole(1),
    help="Clean so many pictures at a time, at most 4 for each core. Default: 1 for each.",
)


scheduler_option = click.option(
    "--scheduler",
    metavar="local:N|ADDRESS",
    help="Clean on the workers of a Dask cluster: N processes of this machine, or those of the "
    "scheduler at an address, e.g. tcp://10.0.0.1:8786.",
)


def cluster_for(scheduler: str | None, jobs: Plan) -> AbstractContextManager[Cluster | None]:
    """Return what connects to a cluster, where one is named and there is something to do."""
    from isingdenoise.batch import Cluster

    if scheduler is None:
        return nullcontext()
    source = click.get_current_context().get_parameter_source("threads")
    if source is ParameterSource.COMMANDLINE:
        raise ParameterError("--scheduler", "takes the threads of its workers; leave -j out")
    cluster = Cluster(scheduler)
    return cluster if jobs else nullcontext()


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

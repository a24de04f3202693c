"""The pictures of a batch handed out to a cluster, and what comes back, in their order.

The journal and its lock stay in this process. Workers stage complete files; here a line of
the journal is written, and then the files get their names. So the law of the journal holds
whatever workers do: nothing has a result's name that it does not know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._version import __version__
from ..errors import IsingDenoiseError, ReadError
from ..io import sweep
from ..io.atomic import publish_staged
from ..io.pending import Pending
from ..io.targets import Checked
from ..io.temporaries import new_name, new_run
from ..pipeline import FileJob
from .cleaning import Cleaner, failed, of_the_picture
from .cluster import Cluster
from .connecting import Request
from .jobs import Entry, Outcome
from .journal import State
from .places import Places, Seen
from .pool import until
from .remote import Done, Task, Witness, absolute, anchored, renamed

__all__ = ["run_on_cluster"]

#: So many jobs are handed in for each thread of a worker: one at work, one that waits for it,
#: and some that are done and wait for those before them.
_AHEAD = 3
#: So often a picture is handed in beside which workers died, each time until the scheduler gives
#: up. The first time, others that were at work in the same processes may be to blame.
_TRIALS = 2


def run_on_cluster(
    jobs: Iterable[FileJob], work: Cleaner, cluster: Cluster, stopped: Callable[[], bool]
) -> Generator[Outcome]:
    """Do jobs on a cluster, and yield their outcomes in the order of the jobs.

    Parameters
    ----------
    jobs : iterable of FileJob
        Taken as they are needed.
    work : Cleaner
        How, and the journal.
    cluster : Cluster
        An open one.
    stopped : callable
        Asked before each job, and while one is waited for: once it says so, none is begun
        any more. What workers have begun is finished and told.

    Yields
    ------
    Outcome
        One for each job that was begun. `result` is None: pictures stay where they were made.

    Raises
    ------
    ClusterError
        It cannot do the work, or has gone. What was not yielded is left to do.
    """
    desk = _Desk(work, cluster, stopped)
    with desk.open():
        for job in until(stopped, jobs):
            desk.take(job)
            yield from desk.outcomes(down_to=_AHEAD * cluster.threads)
        yield from desk.outcomes(down_to=0)


@dataclass(eq=False)
class _Given:
    """A job that was taken: up to date, refused, or with a worker."""

    job: FileJob
    entry: Entry | None
    outcome: Outcome | None = None
    error: IsingDenoiseError | None = None
    seen: Seen | None = None
    task: Task | None = None
    request: Request | None = None


class _Desk:
    """Takes jobs, hands them out, and settles what comes back."""

    def __init__(self, work: Cleaner, cluster: Cluster, stopped: Callable[[], bool]) -> None:
        self._work, self._journal, self._cluster = work, work.journal, cluster
        self._root = None if work.journal is None else work.journal.root
        self._stopped, self._has_dropped = stopped, False
        self._options = anchored(work.options)
        self._run, self._count = new_run(), 0
        self._waiting: deque[_Given] = deque()
        self._folders: set[Path] = set()  # where there is no journal
        self._witness: Witness | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Sweep at the end what workers left, whichever way it ends."""
        try:
            with self._testified():
                yield
        finally:
            left = [given.request for given in self._waiting if given.request is not None]
            if left:  # cut short: they are at work still
                self._cluster.at_end(self._sweep)
                self._cluster.abandon(left)
            self._sweep()

    def take(self, job: FileJob) -> None:
        """Hand a job in, where there is something to do."""
        given = self._begun(job)
        if given.task is not None:
            if self._count == 0:
                self._cluster.check(self._witness_of(job))
            given.request = self._submitted(given.task)
        self._waiting.append(given)

    def outcomes(self, down_to: int) -> Iterator[Outcome]:
        """Yield what is done at the head, and wait for it while more than `down_to` are taken."""
        while self._waiting and (len(self._waiting) > down_to or self._is_done(self._waiting[0])):
            outcome = self._settled(self._waiting[0])
            self._waiting.popleft()
            if outcome is not None:
                yield outcome

    @staticmethod
    def _is_done(given: _Given) -> bool:
        return given.request is None or given.request.answer.done()

    def _begun(self, job: FileJob) -> _Given:
        """Find what there is to do, as `Cleaner` does, but for reading what nobody asks for."""
        entry = None if self._journal is None else self._journal.blank(job)
        try:
            with Places(self._root, job.targets) as places:
                places.look()
                state = self._work.state(job, entry)
                if state is State.SKIP and self._journal is not None:
                    known = self._journal.entry(job)
                    return _Given(job, entry, Outcome(job, (), None, None, (), 0.0, known))
                places.check(overwrite=state is State.REDO)
                seen = places.seen
        except Exception as wrong:  # whatever it is, the other pictures must not suffer
            return _Given(job, entry, error=of_the_picture(job, wrong))
        root = None if self._root is None else absolute(self._root.path)
        if root is None:
            self._folders |= {target.parent for target in job.targets}
        overwrite = state is State.REDO
        task = Task(_whole(job), self._options, root, overwrite, self._run, self._witness_of(job))
        return _Given(job, entry, seen=seen, task=task)

    def _submitted(self, task: Task) -> Request:
        self._count += 1
        return self._cluster.submit(task, (f"isingdenoise-{self._run}", self._count))

    def _settled(self, given: _Given) -> Outcome | None:
        """Return what became of a job, waited for; None: it was taken back."""
        if given.outcome is not None:
            return given.outcome
        if given.error is not None:
            return failed(given.job, given.error, given.entry, self._journal)
        try:
            done = self._fetched(given)
        except CancelledError:
            return None
        if done is None:
            why = "worker processes died again and again while they cleaned it; try it by 'run'"
            error = ReadError(given.job.source, why)
            return failed(given.job, error, given.entry, self._journal)
        return self._published(given, done)

    def _fetched(self, given: _Given) -> Done | None:
        """Wait for a result; None: the picture is to blame for the end of workers.

        Raises
        ------
        CancelledError
            It was taken back.
        """
        for _ in range(_TRIALS):  # where workers died beside others, which may be to blame
            if given.request is None:
                given.request = self._submitted(_of(given))
            done = self._cluster.result(given.request, self._drop_if_stopped)
            if done is not None:
                return done
            if self._stopped():
                raise CancelledError
            given.request = None
        return None

    def _published(self, given: _Given, done: Done) -> Outcome:
        """Note a result in the journal, and give its files their names."""
        job, entry = given.job, given.entry
        if entry is not None:
            entry = replace(entry, input_sha256=done.input_sha256)
        try:
            if done.error is not None:
                raise self._as_given(job, done.error, done.trace)
            with Places(self._root, job.targets, given.seen) as places:
                places.make()
                named = list(job.places.items())  # the clean picture takes its name last
                files: dict[Checked, str] = {
                    places.checked(Path(place)): done.staged[name]  # type: ignore[arg-type]
                    for name, place in reversed(named)
                }
                if self._journal is not None and entry is not None:
                    entry = entry.settled(done.digests, done.found)
                    self._journal.append(entry)
                publish_staged(files, overwrite=_of(given).overwrite)
        except Exception as wrong:
            error = of_the_picture(job, wrong)
            return failed(job, error, entry, self._journal, done.advice, done.seconds)
        return Outcome(job, done.pages, None, None, done.advice, done.seconds, entry)

    def _as_given(self, job: FileJob, error: IsingDenoiseError, trace: str) -> IsingDenoiseError:
        """Return the error of a worker with the names that the user gave."""
        given = [job.source, *job.targets, *self._work.options.files]
        error = renamed(error, [(absolute(path), path) for path in given])
        if trace:
            error.__cause__ = RuntimeError(f"in a worker\n{trace}")
        return error

    def _drop_if_stopped(self) -> None:
        """Take back, once, what no worker has begun when the batch is told to stop."""
        if self._stopped() and not self._has_dropped:
            self._has_dropped = True
            self._cluster.drop([given.request for given in self._waiting if given.request])

    def _witness_of(self, job: FileJob) -> Witness:
        """Return what workers must find; of the inputs, the first one."""
        if self._witness is None:
            raise RuntimeError("the desk is not open")
        if not self._witness.inputs:
            paths = [job.source, *self._work.options.files]
            sizes = {str(absolute(p)): p.stat().st_size for p in paths if p.is_file()}
            self._witness = replace(self._witness, inputs=sizes)
        return self._witness

    @contextmanager
    def _testified(self) -> Iterator[None]:
        """Keep a file in the folder of results by which workers know it."""
        if self._root is None:
            self._witness = Witness(__version__, "", "", {})
            yield
            return
        self._root.present()
        file = Pending(self._root.path / new_name(), overwrite=False)
        try:
            file.open()
            file.stream.write(self._run.encode("ascii"))
            file.finish()
            name = str(absolute(self._root.path / file.temporary))
            self._witness = Witness(__version__, name, self._run, {})
            yield
        finally:
            file.discard()

    def _sweep(self) -> None:
        """Remove what dead workers left, and what was staged in vain."""
        if self._root is not None:
            sweep(self._root.path, below=True, staged=self._run)
        for folder in self._folders:
            sweep(folder, staged=self._run)


def _of(given: _Given) -> Task:
    if given.task is None:
        raise RuntimeError("there was nothing to do")
    return given.task


def _whole(job: FileJob) -> FileJob:
    """Return a job with absolute names."""
    names = ("source", "target", "probability", "change_map", "animation")
    paths = {name: getattr(job, name) for name in names}
    whole: dict[str, Any] = {name: path and absolute(path) for name, path in paths.items()}
    return replace(job, **whole)

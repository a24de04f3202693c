"""Several jobs at a time, their outcomes in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ..inference import serially
from ..pipeline import FileJob
from .jobs import Outcome

__all__ = ["run_jobs", "until"]

Work = Callable[[FileJob], Outcome]

#: So many jobs are taken for each thread: one at work, and one that waits for its turn, or
#: done for that of those before it. What is in memory does not grow with the folder.
_AHEAD = 2


def run_jobs(
    jobs: Iterable[FileJob],
    work: Work,
    *,
    threads: int,
    is_large: Callable[[FileJob], bool],
    stopped: Callable[[], bool],
) -> Generator[Outcome]:
    """Do jobs on several threads, and yield their outcomes in the order of the jobs.

    Small jobs run side by side on serial kernels. A large one waits until they
    are done, and then has all cores and the memory to itself, in the calling
    thread.

    Parameters
    ----------
    jobs : iterable of FileJob
        Taken as they are needed.
    work : callable
        Does a job; it never raises on account of the job.
    threads : int
        How many at a time; with 1 everything happens in the calling thread.
    is_large : callable
        Whether a job is to run alone.
    stopped : callable
        Asked before each job: once it says so, none is begun any more. What
        has been begun is finished and told.

    Yields
    ------
    Outcome
        One for each job that was begun.
    """
    if threads == 1:
        yield from (work(job) for job in until(stopped, jobs))
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="isingdenoise")
    waiting: deque[Future[Outcome | None]] = deque()

    def work_beside(job: FileJob) -> Outcome | None:
        with serially():
            return None if stopped() else work(job)

    def submitted(job: FileJob) -> Future[Outcome | None]:
        once = _Once(work_beside, job)
        try:
            return pool.submit(once)
        except RuntimeError:  # the system has no thread left: it is done here, with those there are
            done: Future[Outcome | None] = Future()
            done.set_result(once())
            return done

    try:
        for job in until(stopped, jobs):
            if is_large(job):
                yield from _results(waiting, down_to=0)
                if not stopped():
                    yield work(job)
                continue
            waiting.append(submitted(job))
            yield from _results(waiting, down_to=_AHEAD * threads)
        yield from _results(waiting, down_to=0)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Once:
    """A job that is done by the first who calls; the pool keeps what it has refused."""

    def __init__(self, work: Callable[[FileJob], Outcome | None], job: FileJob) -> None:
        self._work, self._job = work, job
        self._turn = threading.Lock()
        self._found: list[Outcome | None] = []

    def __call__(self) -> Outcome | None:
        """Do the job, or wait for the one who does it; return the outcome."""
        with self._turn:
            if not self._found:
                self._found.append(self._work(self._job))
            return self._found[0]


def until(stopped: Callable[[], bool], jobs: Iterable[FileJob]) -> Iterator[FileJob]:
    """Yield jobs until told to stop; none is taken after that."""
    source = iter(jobs)
    while not stopped() and (job := next(source, None)) is not None:
        yield job


def _results(waiting: deque[Future[Outcome | None]], down_to: int) -> Iterator[Outcome]:
    """Yield what is done at the head, and wait for it while more than `down_to` are taken."""
    while waiting and (len(waiting) > down_to or waiting[0].done()):
        if (outcome := waiting.popleft().result()) is not None:
            yield outcome

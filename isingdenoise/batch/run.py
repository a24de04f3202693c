"""One result after another, or several at a time: checked, then done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from ..errors import IsingDenoiseError
from ..io import read_size
from ..pipeline import CleanOptions, FileJob
from ..validation import check_int
from .cleaning import Cleaner
from .cluster import Cluster
from .dispatch import run_on_cluster
from .jobs import Outcome
from .journal import Journal
from .pool import run_jobs

__all__ = ["denoise_many"]

#: From so many pixels on a picture is done alone, on all cores.
LARGE = 4_000_000


def denoise_many(
    jobs: Iterable[FileJob],
    options: CleanOptions | None = None,
    *,
    overwrite: bool = False,
    journal: Journal | None = None,
    threads: int = 1,
    scheduler: str | Cluster | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Generator[Outcome]:
    """Clean pictures, all their pages; a bad file is an outcome, not an end.

    What comes out is the same for any number of threads, bit by bit.

    Parameters
    ----------
    jobs : iterable of FileJob
        What to do. Folders of targets are made as needed.
    options : CleanOptions, optional
        How; by default everything is estimated.
    overwrite : bool
        Whether existing targets are replaced, and all is done once more.
    journal : Journal, optional
        Of the folder of the targets: what it has is skipped, what it knows as
        its own is replaced, and what is done is added to it.
    threads : int
        How many pictures are cleaned at a time. Those of four million pixels
        or more are cleaned alone, on all cores.
    scheduler : str or Cluster, optional
        Have pictures cleaned by the workers of a cluster instead, each on one thread: its
        address or "local:N", as of `Cluster`, or an open cluster. The journal stays here.
    stopped : callable, optional
        Asked before each picture: once it says so, none is begun any more.

    Yields
    ------
    Outcome
        In the order of the jobs, as soon as its picture and those before it
        are written; nothing is kept of it here. Of a cluster, `result` is None.

    Raises
    ------
    ParameterError
        `threads` is out of range, or `scheduler` is none; at once, before the first picture.
    ClusterError
        Of a cluster, while iterating: it cannot be reached, cannot do the work, or has gone.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from isingdenoise.batch import CleanOptions, plan
    >>> from isingdenoise.io import write_bilevel
    >>> folder = tempfile.TemporaryDirectory()
    >>> scans = Path(folder.name)
    >>> write_bilevel(scans / "a.png", np.random.default_rng(0).random((16, 16)) < 0.1)
    >>> jobs = plan(scans, scans / "cleaned")
    >>> options = CleanOptions(noise="flip", coupling=1.0)
    >>> [(outcome.job.target.name, outcome.error) for outcome in denoise_many(jobs, options)]
    [('a.png', None)]
    >>> folder.cleanup()
    """
    work = Cleaner(options or CleanOptions(), overwrite, journal)
    count = check_int("threads", threads, low=1)
    if isinstance(scheduler, str):
        return _alone(jobs, work, Cluster(scheduler), stopped)
    if scheduler is not None:
        return run_on_cluster(jobs, work, scheduler, stopped)
    return run_jobs(jobs, work, threads=count, is_large=is_large, stopped=stopped)


def _alone(
    jobs: Iterable[FileJob], work: Cleaner, cluster: Cluster, stopped: Callable[[], bool]
) -> Generator[Outcome]:
    """Do jobs on a cluster that is entered for them."""
    with cluster:
        yield from run_on_cluster(jobs, work, cluster, stopped)


def is_large(job: FileJob) -> bool:
    """Tell whether a job's picture has all cores to itself; what cannot be read has not."""
    try:
        height, width = read_size(job.source)
    except IsingDenoiseError:
        return False
    return height * width >= LARGE

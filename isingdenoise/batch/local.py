"""Workers of this machine: processes that live as long as a batch does."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..environment import SurroundingsWarning

__all__ = ["kill", "local_cluster"]

#: So many deaths of workers a picture may be beside before it is suspected, less one.
ALLOWED_FAILURES = 2
#: A process does one picture at a time: threads of libraries would only get in their way. These
#: variables are read while a worker is imported, and for that stand in this process meanwhile.
#: Dask's own MALLOC_TRIM_THRESHOLD_ is not among them: every array of a picture would be mapped
#: anew, and take its pages one by one; an estimate took twice the time.
_BEFORE = {
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "DASK_LOGGING__DISTRIBUTED": "critical",
}
#: These are read later, and are set in workers alone.
_IN_WORKERS = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
_SETTINGS = {
    "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
    "distributed.deploy.lost-worker-timeout": "1 hour",  # a busy machine restarts one slowly
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1 s",  # Dask watches itself 50 times a second by default
    "distributed.admin.tick.cycle": "10 s",
    "distributed.admin.system-monitor.interval": "5 s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.nanny.pre-spawn-environ": _BEFORE,
}
#: What is sent to all processes of a terminal or a service: the batch decides what becomes of
#: its workers.
_NOT_FOR_WORKERS = ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM")
#: More processes for each core gain nothing, and each takes memory for itself.
_BESIDE = 4


@contextmanager
def local_cluster(workers: int) -> Iterator[Any]:
    """Start worker processes of one thread each on 127.0.0.1, and end them with the block.

    There are at most four for each core.

    Yields
    ------
    distributed.LocalCluster
        Whose workers are started again when they die.
    """
    import dask
    import distributed

    started: Any = distributed.LocalCluster
    with ExitStack() as stack:
        stack.enter_context(_environment_kept())
        stack.enter_context(dask.config.set(_SETTINGS))
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="isingdenoise-", ignore_cleanup_errors=True)
        )
        with _blocked():
            cluster = started(
                n_workers=min(workers, _BESIDE * _cores()),
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                security=_security(),
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                env=_IN_WORKERS,
                memory_limit=0,  # what a picture takes is estimated before it is read
                local_directory=scratch,
                silence_logs=False,
            )
            stack.callback(cluster.close)  # a signal may come when the block ends
        yield cluster


def kill(cluster: Any) -> None:
    """End the workers at once, whatever they do."""
    for nanny in list(cluster.workers.values()):
        nanny.auto_restart = False
        if nanny.pid is not None:
            with contextlib.suppress(OSError):
                os.kill(nanny.pid, signal.SIGKILL)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _security() -> Any:
    """Return certificates for this cluster alone: who reaches a scheduler runs code as its user."""
    import distributed

    security: Any = distributed.Security

    if importlib.util.find_spec("cryptography") is not None:
        return security.temporary()
    warnings.warn(
        "workers can be reached by other users of this machine, as the package cryptography is "
        "not installed; install it",
        SurroundingsWarning,
        stacklevel=2,
    )
    return security()


@contextmanager
def _blocked() -> Iterator[None]:
    """Keep signals of the terminal from threads and processes that begin in the block.

    They inherit what is blocked, and so do the processes that they start later.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # when it starts, it unblocks them in the thread that asks
    numbers = {getattr(signal, name) for name in _NOT_FOR_WORKERS}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back what starting workers leaves in the environment of this process."""
    before = {name: os.environ.get(name) for name in _BEFORE}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

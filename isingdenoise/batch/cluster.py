"""Dask's distributed, as a batch needs it: workers that are asked, tasks, and clear ends.

With `connecting` and `local` the only module that imports it, and not before it is used.
"""

from __future__ import annotations

import pickle
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, wait
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self

from ..environment import SurroundingsWarning
from ..errors import ClusterError, ParameterError, printable
from .connecting import Request, call, connected, not_on_stderr
from .local import kill, local_cluster
from .remote import Done, Task, Witness, do, look, versions

__all__ = ["Cluster"]

_ANSWER = 10.0  # seconds that a scheduler has for its first answer
_ARRIVAL = 60.0  # seconds until the first worker must be there, and after the last one has gone
_LOOK = 2.0  # seconds between two looks at the workers
_WAIT = 0.25  # seconds between two looks at anything else, while a picture is waited for
_GONE = "the scheduler has gone"
_LOCAL = re.compile(r"local:([1-9]\d{0,3})")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


class Cluster:
    """Workers that clean pictures, reached through a scheduler of Dask's distributed.

    Use it in a `with` statement: it connects there, and starts processes where they are its
    own. What the libraries under it log is heard by the handlers of the root logger alone.

    Parameters
    ----------
    scheduler : str
        "local:4" for so many processes of this machine, of one thread each; or the address of
        a scheduler, such as "tcp://10.0.0.1:8786", as `distributed.Client` takes it.

    Attributes
    ----------
    address : str
        Of the scheduler.

    Raises
    ------
    ParameterError
        `scheduler` is neither, or distributed is not installed.
    """

    def __init__(self, scheduler: str) -> None:
        self.address = scheduler
        local = _LOCAL.fullmatch(scheduler)
        if local is None and not _REMOTE.fullmatch(scheduler):
            message = (
                "must be local:N for N processes, or an address such as tcp://127.0.0.1:8786, "
                f"not {scheduler!r}"
            )
            raise ParameterError("scheduler", message)
        self._workers = 0 if local is None else int(local[1])
        self._stack = ExitStack()
        self._client: Any = None
        self._own: Any = None
        self._threads, self._asked, self._seen = 1, 0.0, 0.0
        try:
            import distributed
        except ImportError as error:
            message = "needs Dask, which cannot be loaded; pip install 'isingdenoise[dask]'"
            raise ParameterError("scheduler", message) from error
        self._distributed: Any = distributed

    def __enter__(self) -> Self:
        """Connect, and wait for a worker.

        Raises
        ------
        ClusterError
            Nobody answers, or no worker comes.
        """
        try:
            self._stack.enter_context(not_on_stderr())
            if self._workers:
                self._own = self._started()
            where = self.address if self._own is None else self._own
            self._client = connected(where, self.address, _ANSWER)
            self._stack.callback(self._leave)
            self._await_worker()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Leave the cluster, and end what was started for it: at once, after an exception."""
        if kind is not None and self._own is not None:
            kill(self._own)
        self._stack.close()
        self._client = self._own = None

    def at_end(self, step: Callable[[], object]) -> None:
        """Do something when no worker of this machine is at work any more."""
        mine = self._stack.pop_all()
        self._stack.callback(step)
        self._stack.push(mine)

    def check(self, witness: Witness) -> None:
        """Ask all workers whether they can do the work.

        Raises
        ------
        ClusterError
            One cannot, and says why.
        """
        with self._alive():
            found = self._client.run(pickle.loads, call(look, witness), on_error="return")
        others: dict[str, str] = {}
        for worker, answer in found.items():
            if isinstance(answer, ImportError):
                raise ClusterError(worker, f"has no isingdenoise of this kind ({answer})")
            if isinstance(answer, Exception):  # it has just gone, and another comes in its place
                continue
            objection, theirs = answer
            if objection is not None:
                raise ClusterError(worker, objection)
            others |= {
                f"{name} {theirs[name]}": own
                for name, own in versions().items()
                if theirs[name] != own
            }
        if others:
            theirs = ", ".join(others)
            ours = ", ".join(others.values())
            text = f"{self.address}: workers have {theirs}, this machine {ours}; bytes may differ"
            warnings.warn(text, SurroundingsWarning, stacklevel=2)

    @property
    def threads(self) -> int:
        """How many tasks its workers can do at a time, looked up now and then.

        Raises
        ------
        ClusterError
            It has gone, or has been without a worker for a minute.
        """
        if time.monotonic() - self._asked > _LOOK:
            with self._alive():
                self._threads = sum(self._client.nthreads().values())
            self._asked = time.monotonic()
            if self._threads:
                self._seen = self._asked
            elif self._asked - self._seen > _ARRIVAL:
                raise ClusterError(self.address, "its last worker has gone, and no other has come")
        return max(self._threads, 1)

    def submit(self, task: Task, key: tuple[str, int]) -> Request:
        """Hand in a task; what becomes of it is fetched as soon as it is there."""
        with self._alive():
            # `loads` calls `do`: the scheduler, which unpacks functions, need not have it
            future = self._client.submit(pickle.loads, call(do, task), key=key, pure=False)

        import asyncio

        async def fetched() -> Any:
            return await self._client.gather(future, asynchronous=True)

        # Not `future.result(timeout)`: a wait that is cut short cuts short those of other tasks.
        loop = self._client.loop.asyncio_loop
        return Request(future, asyncio.run_coroutine_threadsafe(fetched(), loop))

    def result(self, request: Request, meanwhile: Callable[[], object]) -> Done | None:
        """Wait for a task; None: workers died of it again and again.

        Parameters
        ----------
        request : Request
            From `submit`.
        meanwhile : callable
            Is called now and then.

        Raises
        ------
        ClusterError
            The scheduler has gone, or a worker cannot do the work.
        CancelledError
            `drop` has taken it back.
        """
        while not wait([request.answer], _WAIT).done:
            self._raise_gone()
            meanwhile()
            _ = self.threads  # raises where nobody is left to do it
        try:
            found = request.answer.result()
        except self._distributed.KilledWorker:
            return None
        except ClusterError:
            raise
        except CancelledError:
            if request.is_dropped:
                raise
            raise ClusterError(self.address, _GONE) from None
        except Exception as error:
            self._raise_gone()
            what = printable(f"{type(error).__name__}: {error}")[:200]
            reason = f"cannot do the work ({what}); install the same packages everywhere"
            raise ClusterError(self.address, reason) from error
        if not isinstance(found, Done):
            raise ClusterError(self.address, "gave back something else; look who uses it")
        return found

    def drop(self, requests: Iterable[Request]) -> None:
        """Take tasks back that no worker has begun.

        Raises
        ------
        ClusterError
            The scheduler has gone.
        """
        with self._alive():
            begun = {key for keys in self._client.processing().values() for key in keys}
            self._cancel(r for r in requests if r.future.key not in begun and not r.future.done())

    def abandon(self, requests: Iterable[Request]) -> None:
        """Want nothing of some tasks any more; workers end what they have begun."""
        with suppress(ClusterError), self._alive():
            self._cancel(requests)

    def _cancel(self, requests: Iterable[Request]) -> None:
        idle = list(requests)
        for request in idle:
            request.is_dropped = True
        self._client.cancel([request.future for request in idle])

    def _started(self) -> Any:
        try:
            return self._stack.enter_context(local_cluster(self._workers))
        except (OSError, RuntimeError) as error:
            what = printable(str(error) or type(error).__name__)[:200]
            raise ClusterError(self.address, f"no workers can be started ({what})") from error

    def _await_worker(self) -> None:
        with self._alive():
            try:
                self._client.wait_for_workers(1, timeout=_ARRIVAL)
            except TimeoutError as error:
                self._raise_gone()
                reason = f"has no worker; start some with 'dask worker {self.address}'"
                raise ClusterError(self.address, reason) from error
        self._seen = time.monotonic()

    def _leave(self) -> None:
        """Close the client; one that lost its scheduler is not waited for."""
        with suppress(Exception):
            self._client.close(timeout=2 if self._client.status == "running" else 0.1)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Turn what a lost scheduler raises into one error."""
        if self._client is None:
            raise ParameterError("scheduler", "is not open; use it in a with statement")
        try:
            yield
        except (OSError, RuntimeError, CancelledError) as error:
            raise ClusterError(self.address, _GONE) from error
        self._raise_gone()

    def _raise_gone(self) -> None:
        if self._client.status != "running":
            raise ClusterError(self.address, _GONE)

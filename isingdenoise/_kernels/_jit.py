"""How kernels are compiled: one set of flags, one cache, one lock.

Flags. Fast-math is the explicit set below: it lets LLVM reassociate sums and
fuse multiply-adds, and leaves NaN and infinity alone (`nnan` would turn
`isnan` into a constant). The NumPy error model takes the branch for a zero
divisor out of every division, without which no loop is vectorised.

Threads. `pair` compiles a function twice, with and without threads. The
results are equal bit for bit, so a caller may take either; `lease` hands out
the threaded one to one caller at a time, because numba's fallback threading
layer aborts the process when two parallel kernels run at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numba
from numba.core import event

from ..environment import compilation_begins
from ._cache import cache_directory, guard

# GNU OpenMP lets idle threads spin for milliseconds. Two programs that do so on
# the same cores starve one another a hundredfold; a spin of some microseconds
# bridges the gap between two planes just as well. It is read when
# the first parallel kernel loads the library.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

FASTMATH = {"nsz", "arcp", "contract", "afn", "reassoc"}

#: Below this many sites the threads cost more than they bring: a picture of 512 x 512 is
#: solved in 2 ms, and its kernels for threads take twice as long to compile.
PARALLEL_SITES = 3 << 17

_CACHE = cache_directory()
_config: Any = numba.config  # its settings are made at run time
_one_parallel_caller = threading.Lock()
_serially = ContextVar("serially", default=False)
_threads_started = False
_orphaned = False


class _Compilations(event.Listener):
    """Hears of what is compiled, and of nothing that is loaded."""

    def on_start(self, event: event.Event) -> None:
        """Pass it on."""
        del event
        compilation_begins()

    def on_end(self, event: event.Event) -> None:
        """Leave aside that it is done."""


event.register("numba:compile", _Compilations())


def kernel(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile `function` with the project's flags, lazily, into the project's cache."""
    if _CACHE is None:
        return _compiled(function, cache=False, **options)
    try:
        compiled = _compiled(function, cache=True, **options)
    except RuntimeError:  # the folder has gone, or is full
        return _compiled(function, cache=False, **options)
    if hasattr(compiled, "_cache"):
        guard(compiled, _CACHE)
    return compiled


def _compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    before = _config.CACHE_DIR
    # numba reads the setting when it decorates; other packages keep their own.
    _config.CACHE_DIR = "" if _CACHE is None else str(_CACHE)
    try:
        njit: Any = numba.njit  # its stubs do not know of wrappers
        settings = {"fastmath": FASTMATH, **options}
        compiled: Callable[..., Any] = njit(
            nogil=True, error_model="numpy", no_cfunc_wrapper=True, **settings
        )(function)
        return compiled
    finally:
        _config.CACHE_DIR = before


def inner(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a function that only kernels call.

    It is not to be called from Python: it has no entry for that, which would take as long to
    compile as the function itself. Nor is it kept in the cache: kernels hold what they call.
    """
    return _compiled(function, no_cpython_wrapper=True, **options)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an inner function that LLVM has to inline: a call in a loop stops vectorisation."""
    return inner(function, forceinline=True)


def formula(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of numbers that LLVM has to inline, and that Python may call, too."""
    return _compiled(function, forceinline=True)


@dataclass(frozen=True)
class KernelPair:
    """One function compiled twice: `serial` for work on many threads, `parallel` for one."""

    serial: Callable[..., Any]
    parallel: Callable[..., Any]

    def __call__(self, *args: Any, parallel: bool) -> Any:
        """Run the threaded or the serial version."""
        return (self.parallel if parallel else self.serial)(*args)


def pair(function: Callable[..., Any]) -> KernelPair:
    """Compile `function`, whose outer loop is over `prange`, with and without threads."""
    return KernelPair(
        serial=kernel(_renamed(function, "serial")),
        parallel=kernel(_renamed(function, "parallel"), parallel=True),
    )


@contextmanager
def serially() -> Iterator[None]:
    """Keep to serial kernels in this thread: for work that is itself one of several threads."""
    before = _serially.set(True)
    try:
        yield
    finally:
        _serially.reset(before)


@contextmanager
def lease(sites: int, wanted: bool | None) -> Iterator[bool]:
    """Yield whether the caller may use parallel kernels until the block ends.

    Parameters
    ----------
    sites : int
        Size of the problem; small ones run serially.
    wanted : bool or None
        The caller's wish; None leaves it to the size.
    """
    parallel = sites >= PARALLEL_SITES if wanted is None else wanted
    parallel = parallel and not (_serially.get() or _orphaned)
    lock = _one_parallel_caller
    if parallel and lock.acquire(blocking=False):
        try:
            yield _threads_start()
        finally:
            lock.release()
    else:
        yield False


def _threads_start() -> bool:
    """Tell whether numba will get its threads, found out once by starting as many.

    Its fallback threading layer waits for ever for a thread that the system refused, and
    OpenMP ends the process. Limits of address space and of the number of tasks refuse them.
    """
    global _threads_started  # noqa: PLW0603 - numba keeps its threads once it has them
    gate = threading.Event()
    started: list[threading.Thread] = []
    try:
        while not _threads_started and len(started) < _config.NUMBA_NUM_THREADS:
            started.append(threading.Thread(target=gate.wait))
            started[-1].start()
        _threads_started = True
    except (RuntimeError, MemoryError):
        started.pop()
    finally:
        gate.set()
        for thread in started:
            thread.join()
    return _threads_started


def _in_a_forked_child() -> None:
    """Do without threads that stayed behind: GNU OpenMP ends a child that asks for them."""
    global _orphaned, _one_parallel_caller  # noqa: PLW0603 - a process has one of each
    _orphaned = _orphaned or _threads_started
    _one_parallel_caller = threading.Lock()  # its holder stayed behind, too


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_forked_child)


def _renamed(function: Callable[..., Any], suffix: str) -> FunctionType:
    """Copy `function` under a name of its own: numba's cache knows functions by name."""
    name = f"{function.__name__}_{suffix}"
    code = function.__code__.replace(co_name=name, co_qualname=name)
    copy = FunctionType(code, function.__globals__, name, function.__defaults__)
    copy.__module__ = function.__module__
    copy.__qualname__ = name
    copy.__doc__ = function.__doc__
    return copy

"""How kernels for a card are compiled, launched, and told apart from its simulator."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
from numba import cuda
from numba.core.dispatcher import Dispatcher

_config: Any = numba.config

#: Whether numba's simulator stands in for a card: threads of Python, a site at a time.
SIMULATED = bool(_config.ENABLE_CUDASIM)
#: Threads of a block: they share a row of sites, next to one another. The simulator starts
#: a thread of Python for each.
THREADS = 4 if SIMULATED else 256
#: Rows that a thread goes through one after another: what it reads below a row it reads again
#: above the next, from the cache.
ROWS = 4
#: At most about so many blocks are launched, each with a number of its own to give back.
MOST_BLOCKS = 4 if SIMULATED else 4096

_functions: dict[int, tuple[Any, Callable[..., Any]]] = {}


def device(function: Any) -> Callable[..., Any]:
    """Return what a kernel for the CPU calls, as a function for the card, from the same source.

    Parameters
    ----------
    function : callable
        A function of Python, or one that is compiled for the CPU. Those that it calls are
        translated, too. No fast-math: numba knows one kind of it for cards, which takes NaN
        for a number that cannot be; sums and products are fused all the same.
    """
    if id(function) not in _functions:
        source = getattr(function, "py_func", function)
        called = {
            name: device(value)
            for name, value in source.__globals__.items()
            if name in source.__code__.co_names and isinstance(value, Dispatcher)
        }
        copy = FunctionType(
            source.__code__,
            {**source.__globals__, **called},
            source.__name__,
            source.__defaults__,
            source.__closure__,
        )
        # the simulator would swap the globals of each at every call
        translated: Any = copy if SIMULATED else cuda.jit(device=True)(copy)
        _functions[id(function)] = function, translated  # kept, so that no other gets its id
    return _functions[id(function)][1]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel for the card, when it is first launched and anew in each process.

    numba's cache is no good for it: a kernel holds others (`device`), whose keys differ from
    process to process.
    """
    return cuda.jit(function)


def grid(columns: int, rows: int, planes: int = 1) -> tuple[int, int]:
    """Return how many blocks a kernel over so many sites is launched on, along and down."""
    along = -(-columns // THREADS) * planes
    chunks = -(-rows // ROWS)
    return along, max(1, min(chunks, MOST_BLOCKS // along, 65535))

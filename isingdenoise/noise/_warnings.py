"""What had to be assumed of a picture: warned of, or collected by a caller on this thread.

`warnings.catch_warnings` sets filters of the whole process: of two threads
that use it, one can leave with the other's filters in place. What is collected
here is the calling thread's own.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["EstimationWarning", "collected", "warn"]

_collector: ContextVar[list[str] | None] = ContextVar("collector", default=None)


class EstimationWarning(UserWarning):
    """A parameter could not be estimated, so that an assumption stands in for it."""


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect what would be warned of in this thread, instead of warning.

    Yields
    ------
    list of str
        The messages so far, each once.
    """
    messages: list[str] = []
    before = _collector.set(messages)
    try:
        yield messages
    finally:
        _collector.reset(before)


def warn(message: str, *, stacklevel: int = 1) -> None:
    """Warn the caller, or add the message to what is collected.

    Parameters
    ----------
    message : str
        What had to be assumed, and what to do.
    stacklevel : int
        As in `warnings.warn`, counted from the caller of this function.
    """
    messages = _collector.get()
    if messages is None:
        warnings.warn(message, EstimationWarning, stacklevel=stacklevel + 1)
    elif message not in messages:
        messages.append(message)

"""What had to be assumed of a picture: warned of, or collected by a caller on this thread.

`warnings.catch_warnings` sets filters of the whole process: of two threads
that use it, one can leave with the other's filters in place. What is collected
here is the calling thread's own.

What goes on is logged by `LOGGER`, named as the package: nothing is shown unless a program
asks for it, by a handler and a level of its own.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["LOGGER", "ConvergenceWarning", "EstimationWarning", "collected", "heard", "warn"]

_PACKAGE = __name__.partition(".")[0]

#: Says what is done, at level DEBUG.
LOGGER = logging.getLogger(_PACKAGE)
_collector: ContextVar[list[str] | None] = ContextVar("collector", default=None)
_listener: ContextVar[list[str] | None] = ContextVar("listener", default=None)


class EstimationWarning(UserWarning):
    """A parameter could not be estimated, so that an assumption stands in for it."""


class ConvergenceWarning(UserWarning):
    """An engine ended before its answer had settled: what came out may still change."""


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect what would be warned of in this thread, instead of warning.

    That is what had to be assumed. Of solves that did not converge nothing is said then: whoever
    collects has their `Solution`, which tells it.

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


@contextmanager
def heard() -> Iterator[list[str]]:
    """Hear what is warned of in this thread, which is warned of or collected all the same.

    Yields
    ------
    list of str
        The messages so far.
    """
    messages: list[str] = []
    before = _listener.set(messages)
    try:
        yield messages
    finally:
        _listener.reset(before)


def warn(message: str, category: type[UserWarning] = EstimationWarning) -> None:
    """Warn of something, or add the message to what is collected.

    The warning is shown at the line that called this package, however deep in
    it the warning arises.

    Parameters
    ----------
    message : str
        What had to be assumed, and what to do.
    category : type, optional
        `EstimationWarning` or `ConvergenceWarning`.
    """
    listening = _listener.get()
    if listening is not None:
        listening.append(message)
    messages = _collector.get()
    if messages is None:
        warnings.warn(message, category, stacklevel=_levels_to_the_caller())
    elif category is EstimationWarning and message not in messages:
        messages.append(message)


def _levels_to_the_caller() -> int:
    """Return how many frames above `warn` the first one outside this package lies.

    `skip_file_prefixes` does the same from Python 3.12 on, but for code that is
    run from elsewhere than files (zip archives).
    """
    # warnings.warn counts from its own caller, which is `warn`
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and _is_own(frame.f_globals.get("__name__")):
        frame, level = frame.f_back, level + 1
    return level


def _is_own(module: object) -> bool:
    return isinstance(module, str) and (module + ".").startswith(_PACKAGE + ".")

"""A limit on the time that a picture may take, asked at places where it is safe to stop.

Nothing is interrupted: who works for long calls `check_deadline` now and then.
Files do so while they are read, and engines between rounds. One call of a decoder
or of a kernel always ends first; how much it may do is bounded by the pixels.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import TimeLimitError
from .validation import check_real

__all__ = ["check_deadline", "deadline"]

#: When to stop (on `time.monotonic`), what was allowed in seconds, and the picture's name.
_LIMIT: ContextVar[tuple[float, float, object] | None] = ContextVar("limit", default=None)


@contextmanager
def deadline(seconds: float | None, path: object = None) -> Iterator[None]:
    """Bound what is done inside the block, in this thread.

    Parameters
    ----------
    seconds : float or None
        How long it may take; None does not bound it. An outer block that ends
        earlier stays in force.
    path : object, optional
        The picture's name, for the message.

    Raises
    ------
    ParameterError
        `seconds` is not a positive number.
    TimeLimitError
        From inside the block, once the time is over.
    """
    outer = _LIMIT.get()
    limit = outer
    if seconds is not None:
        seconds = check_real("timeout", seconds, low=0, low_open=True)
        own = (time.monotonic() + seconds, seconds, path)
        limit = own if outer is None or own[0] < outer[0] else outer
    token = _LIMIT.set(limit)
    try:
        yield
    finally:
        _LIMIT.reset(token)


def check_deadline() -> None:
    """Raise `TimeLimitError` if the time of the block around is over; else do nothing."""
    limit = _LIMIT.get()
    if limit is not None and time.monotonic() > limit[0]:
        raise TimeLimitError(limit[1], limit[2])

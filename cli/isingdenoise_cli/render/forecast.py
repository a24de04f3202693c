"""How long a batch is going to take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import console

if TYPE_CHECKING:
    from isingdenoise.batch import Outcome

_AFTER = 10.0  # seconds of work from which on what is left can be told
_WORTH = 30.0  # seconds that are worth a line
_AGAIN = 4.0  # times as long as until the line before: few lines for any length


class Forecast:
    """Says on stderr, after ten seconds and now and then later, how long a batch still takes.

    Parameters
    ----------
    total : int
        How many pictures there are.
    clock : callable
        Returns seconds.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock = total, clock
        self._seen = self._worked = 0
        self._started, self._next = clock(), _AFTER

    def add(self, outcome: Outcome) -> None:
        """Count a picture; those that were up to date took no time, and tell nothing."""
        self._seen += 1
        self._worked += not outcome.skipped
        passed = self._clock() - self._started
        if not self._worked or passed < self._next:
            return
        left = passed / self._worked * (self._total - self._seen)
        self._next = _AGAIN * passed
        if left >= _WORTH:
            console.notice(f"{self._seen} of {self._total} pictures, {span(left)} left")


def span(seconds: float) -> str:
    """Return a length of time as a person tells it.

    Examples
    --------
    >>> span(40), span(100), span(5000), span(200000)
    ('about 40 s', 'about 2 min', 'about 1 h 23 min', 'about 2 d 8 h')
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"about {round(seconds)} s"
    if minutes < 60:
        return f"about {minutes} min"
    if minutes < 24 * 60:
        return f"about {minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"about {hours // 24} d {hours % 24} h"

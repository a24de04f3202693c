"""Signals during a batch: noted at once, obeyed between two pictures."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .. import console
from . import process

#: What must not be left half done: files that are about to take their name, and the lock.
_NOT_CUT_SHORT = frozenset({"isingdenoise.io.atomic", "isingdenoise.batch.lock"})


class Stop:
    """Which signal came, or None; and whether a second one ended the batch."""

    number: int | None = None
    at_once = False

    @property
    def code(self) -> int:
        """The exit code that a shell gives to this end."""
        return 128 + (self.number or 0)


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Note SIGINT and SIGTERM in `stop` instead of ending; a second one ends at once.

    Those after it are ignored: tidying up must not be cut short.
    """
    before = {}

    def note(number: int, frame: FrameType | None) -> None:
        if stop.number is None:
            stop.number = number
        elif not stop.at_once and not _is_delicate(frame):
            stop.at_once = True
            raise KeyboardInterrupt if number == signal.SIGINT else process.Terminated(number)

    if threading.current_thread() is threading.main_thread():
        numbers = [signal.SIGINT, signal.SIGTERM]
        hangup = getattr(signal, "SIGHUP", None)  # Windows has none
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup
            numbers.append(hangup)
        before = {n: signal.signal(n, note) for n in numbers}
        stop.number = process.asked  # shortly before, and lost in an import
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_delicate(frame: FrameType | None) -> bool:
    """Tell whether what runs now, or what called it, is done in a moment and must be whole."""
    while frame is not None and frame.f_globals.get("__name__") not in _NOT_CUT_SHORT:
        frame = frame.f_back
    return frame is not None


def tell_the_rest(left: int, why: object = None) -> None:
    """Print how many pictures are left, and how to go on; what cut it short, if no signal did."""
    pictures = "1 picture" if left == 1 else f"{left} pictures"
    console.error(f"{why or 'interrupted'}, {pictures} left; the same command goes on from here")

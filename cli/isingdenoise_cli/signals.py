"""Signals during a batch: noted at once, obeyed between two pictures."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from . import process, talk


class Stop:
    """Which signal came, or None."""

    number: int | None = None

    @property
    def code(self) -> int:
        """The exit code that a shell gives to this end."""
        return 128 + (self.number or 0)


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Note SIGINT and SIGTERM in `stop` instead of ending; a second one ends at once, as ever."""
    before = {}

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.number is not None:
            raise KeyboardInterrupt
        stop.number = number

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


def tell_the_rest(left: int) -> None:
    """Print how many pictures are left, and how to go on."""
    pictures = "1 picture" if left == 1 else f"{left} pictures"
    talk.error(f"interrupted, {pictures} left; the same command goes on from here")

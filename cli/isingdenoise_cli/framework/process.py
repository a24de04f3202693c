"""The signals that end a command."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Terminated(KeyboardInterrupt):
    """A signal asks for the end: as with Ctrl-C, what is in hand is dropped whole.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


#: The signal that asked for the end: imports and finalizers swallow exceptions.
asked: int | None = None


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP, where they would kill, into an orderly end; note Ctrl-C."""
    global asked  # noqa: PLW0603 - of the process, as signals are
    asked = None

    def end(number: int, frame: FrameType | None) -> None:
        global asked  # noqa: PLW0603
        del frame
        asked = number
        for other in before.keys() - {signal.SIGINT}:  # tidying up must not be cut short
            signal.signal(other, signal.SIG_IGN)
        raise Terminated(number)

    def interrupt(number: int, frame: FrameType | None) -> None:
        global asked  # noqa: PLW0603
        asked = number
        signal.default_int_handler(number, frame)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def obey() -> None:
    """End if a signal asked for it and nobody did: between two steps of work.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C came while something ran that swallows exceptions, as imports and finalizers do.
    Terminated
        Another signal did.
    """
    if asked == signal.SIGINT:
        raise KeyboardInterrupt
    if asked is not None:
        raise Terminated(asked)

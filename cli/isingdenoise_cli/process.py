"""The process around a command: its three streams and the signals that end it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


#: The signal that asked for the end: libraries swallow exceptions while they are imported.
asked: int | None = None


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP, where they would kill, into an orderly end."""
    global asked  # noqa: PLW0603 - of the process, as signals are
    asked = None

    def end(number: int, frame: FrameType | None) -> None:
        global asked  # noqa: PLW0603
        del frame
        asked = number
        for other in before:  # one is enough: tidying up must not be cut short
            signal.signal(other, signal.SIG_IGN)
        raise Terminated(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def obey() -> None:
    """End if a signal asked for it and nobody did: between two steps of work.

    Raises
    ------
    Terminated
        The signal came while something was imported that swallows exceptions.
    """
    if asked is not None:
        raise Terminated(asked)


def mend_streams() -> None:
    """Make the standard streams safe to write to.

    A file that is opened while a standard stream is closed would take its
    place, and what libraries print would go into it. And a name may hold
    letters that the terminal's encoding lacks.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def settle_streams() -> None:
    """Write what still waits for the standard streams, and drop what they do not take.

    Python writes once more when it ends; what fails then has lines and an exit
    code of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError):
            continue  # it is closed
        except OSError:  # told where it was printed
            mute(stream)


def mute(stream: Any) -> None:
    """Send what waits for a standard stream, and what is still to come, nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()

"""The standard streams: made safe to write to, flushed, and muted where nobody reads."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any


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

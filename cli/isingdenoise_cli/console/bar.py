"""A progress bar on the terminal: one line, without escape sequences."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN = 0.1
_WIDEST = 30


class Bar(Generic[Item]):
    """An iterable that draws on stderr how far it is.

    Parameters
    ----------
    items : iterable
        What there is to do.
    length : int
        How many there are.
    label : str
        What is being done.
    hidden : bool
        Draw nothing: stderr is no terminal, or nobody wants to see it.
    """

    def __init__(self, items: Iterable[Item], length: int, label: str, hidden: bool) -> None:
        self._items = items
        self._length = length
        self._label = label
        self._hidden = hidden
        self._done = 0
        self._drawn = ""  # what stands on the line now
        self._started = time.monotonic()
        self._next = 0.0

    def __iter__(self) -> Iterator[Item]:
        """Yield the items; each is done when the next one is asked for."""
        self.draw()
        for item in self._items:
            yield item
            self._done += 1
            if time.monotonic() >= self._next:
                self.draw()
        self.draw()

    def draw(self) -> None:
        """Draw the line as it is now."""
        if self._hidden:
            return
        self._next = time.monotonic() + _SECONDS_BETWEEN
        line = self._line(shutil.get_terminal_size().columns - 1)
        self._write("\r" + line.ljust(len(self._drawn)))
        self._drawn = line

    def clear(self) -> None:
        """Take the line away, for another one to be printed."""
        if self._drawn:
            self._write("\r" + " " * len(self._drawn) + "\r")
            self._drawn = ""

    def end(self) -> None:
        """Leave the line as it stands."""
        if self._drawn:
            self._write("\n")
            self._drawn = ""
        self._hidden = True

    def _line(self, room: int) -> str:
        share = self._done / self._length if self._length else 1.0
        text = f" {self._done}/{self._length}{self._left(share)}"
        cells = min(_WIDEST, room - len(self._label) - len(text) - 4)
        if cells < 3:
            return f"{self._label}{text}"[: max(room, 0)]
        filled = int(cells * share)
        return f"{self._label} [{'#' * filled}{'-' * (cells - filled)}]{text}"

    def _left(self, share: float) -> str:
        seconds = time.monotonic() - self._started
        if not 0 < share < 1 or seconds < 1:
            return ""
        left = round(seconds * (1 / share - 1))
        return f", {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"

    @staticmethod
    def _write(text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):  # the terminal has gone
            sys.stderr.write(text)
            sys.stderr.flush()

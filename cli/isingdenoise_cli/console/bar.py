"""A progress bar on the terminal, drawn by rich: it is imported for nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

_SECONDS_BETWEEN = 0.1


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
    """

    def __init__(self, items: Iterable[Item], length: int, label: str) -> None:
        self._items = items
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,  # no thread beside those that work
            transient=True,  # until the end, so that it makes room for lines
            redirect_stdout=False,  # results go where the user sends them
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(label, total=length)
        self._gone = self._progress.console.is_dumb_terminal  # no line is ever taken away there
        self._next = 0.0

    def __iter__(self) -> Iterator[Item]:
        """Yield the items; each is done when the next one is asked for."""
        self.draw()
        for item in self._items:
            yield item
            self._try(lambda: self._progress.advance(self._task))
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _SECONDS_BETWEEN
                self._try(self._progress.refresh)

    def draw(self) -> None:
        """Draw the bar below what was printed."""
        self._try(self._progress.start)

    def clear(self) -> None:
        """Take the bar away, for a line to be printed."""
        self._try(self._progress.stop)

    def end(self) -> None:
        """Leave the bar as it is now."""
        self._progress.live.transient = False
        self._try(self._progress.stop)
        self._gone = True

    def _try(self, step: Callable[[], object]) -> None:
        """Take a step of drawing, unless the terminal has gone."""
        if not self._gone:
            try:
                step()
            except (OSError, ValueError, AttributeError):
                self._gone = True

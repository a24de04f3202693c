"""How `run` shows what the pipeline is doing: progress over pages, and what was warned of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from isingdenoise.inference import Advice
from isingdenoise.io import Picture
from isingdenoise.pipeline import Page, Watcher
from isingdenoise.result import DenoiseResult

from .. import console
from ..framework import process
from ..framework.usage import advised
from ..options.planning import Planned
from ..options.streams import input_name
from . import text
from .webpage import RunReport


class PageProgress(Watcher):
    """Tells of the pages of one input.

    Parameters
    ----------
    planned : Planned
        The input.
    stack : ExitStack
        Ends the progress.
    alone : bool
        Whether progress is that of the pages, and not of several inputs.
    report : RunReport
        Is shown all pages.
    """

    def __init__(
        self, planned: Planned, stack: ExitStack, *, alone: bool, report: RunReport
    ) -> None:
        self._planned, self._report = planned, report
        self.also = report.also
        self._name, self._checked = input_name(planned.source), planned.checked
        self._stack, self._alone = stack, alone
        self._steps: Iterator[int] = iter(())

    def begin(self, pages: int) -> None:
        """Begin to draw, where there is more than one page."""
        text.say_if_cold()
        process.obey()  # a signal that came meanwhile, and was lost in an import
        if self._alone and pages > 1:
            drawn = self._stack.enter_context(console.progress(range(pages), pages, "cleaning"))
            self._steps = iter(drawn)
            next(self._steps, None)

    def page(self, page: Page, result: DenoiseResult) -> None:
        """Go on to the next page, unless a signal that something swallowed asks for the end."""
        del result
        process.obey()
        if page.number + 1 < page.count:
            next(self._steps, None)

    def show(self, page: Page, picture: Picture, result: DenoiseResult) -> None:
        """Add it to the report."""
        self._report.show(self._planned, page, picture, result)

    def open(self, places: dict[str, Any]) -> dict[str, Any]:
        """Hold the files to what was seen of them."""
        return places | self._checked

    def end(self) -> None:
        """Say that the last page is written."""
        next(self._steps, None)

    def warn(self, page: int, pages: int, messages: Sequence[Advice]) -> None:
        """Print what was warned of."""
        name = self._name if pages == 1 else f"{self._name} page {page + 1} of {pages}"
        for message in messages:
            console.warning(name, advised(message))

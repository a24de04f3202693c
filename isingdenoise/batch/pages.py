"""What is kept of the pages of one file while they are cleaned."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ..messages import collected
from ..result import DenoiseResult
from .records import figures

__all__ = ["Pages"]

_WARNINGS = 100  # of a picture, in the journal


class Pages:
    """What is kept of the pages of one file; `messages` grows by what is warned of."""

    def __init__(
        self, describe: Callable[[DenoiseResult], Any] | None, messages: list[str]
    ) -> None:
        self._describe = describe
        self._messages = messages
        self.kept: list[Any] = []
        self.figures: list[dict[str, Any]] = []
        self.only: DenoiseResult | None = None
        self.seconds = 0.0

    @property
    def warnings(self) -> list[str]:
        """What the journal keeps of the messages: a line of it must not grow without end."""
        left = len(self._messages) - _WARNINGS
        return self._messages[:_WARNINGS] + [f"{left} more warnings"] * (left > 0)

    @contextlib.contextmanager
    def telling(self, page: int | None) -> Iterator[None]:
        """Name the page, counted from 0, in what is warned of in the block."""
        where = "" if page is None else f"page {page + 1}: "
        with collected() as found:
            try:
                yield
            finally:
                self._messages += [where + message for message in found]

    def add(self, result: DenoiseResult) -> None:
        """Add the result of a page."""
        self.figures.append(figures(result))
        self.kept.append(self._describe(result) if self._describe else self.figures[-1])
        self.only = result if len(self.kept) == 1 else None

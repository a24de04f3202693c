"""Pages as they come: all at hand, to be had once more, or once only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...errors import IsingDenoiseError

__all__ = ["Source"]


class Source:
    """Pages with their numbers; one that cannot be had comes as its error.

    Parameters
    ----------
    pages : iterable
        With `len` and indices they come in any order; else in their own.
    """

    def __init__(self, pages: Iterable[Any]) -> None:
        self._pages: Any = pages
        self._at_hand = hasattr(pages, "__len__") and hasattr(pages, "__getitem__")
        self._iterator = None if self._at_hand else iter(pages)
        #: Whether they can be had once more.
        self.again = self._at_hand or self._iterator is not pages

    @property
    def length(self) -> int | None:
        """How many there are, where that is known beforehand."""
        return len(self._pages) if hasattr(self._pages, "__len__") else None

    def visit(self, rng: np.random.Generator) -> Iterator[tuple[int, Any]]:
        """Yield (number, page or error) of each page, in a random order where that is possible."""
        if not self._at_hand:
            iterator, self._iterator = self._iterator, None
            yield from enumerate(iter(self._pages) if iterator is None else iterator)
            return
        for k in rng.permutation(len(self._pages)).tolist():
            try:
                page = self._pages[k]
            except IsingDenoiseError as error:
                page = error
            yield k, page

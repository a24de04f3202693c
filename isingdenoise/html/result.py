"""The page of results: each picture before and after, what was changed, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import printable
from ..pipeline import plain
from ..result import DenoiseResult
from .charts import HEIGHT, WIDTH, charts_of
from .pictures import certainty_uri, changes_uri, factor_for, grey_uri
from .template import page

__all__ = ["ResultReport", "Told"]

STYLES, SCRIPTS = ("style.css", "viewer.css"), ("viewer.js", "result.js")
_KIND = "report"
_PIXELS = 24_000_000  # of all pictures of a page together
_MOST, _LEAST = 4_000_000, 250_000  # of one picture
_WITH_PICTURES = 100  # sections; those that follow are told in figures
_STEPS = 50  # of the threshold between 1/2 and 1


@dataclass(frozen=True)
class _Shown:
    """One engine's result as pictures of the page; addresses are data."""

    name: str
    number: int
    clean: str
    changes: str
    changed: str
    sure: str | None
    doubtful: list[float] | None


@dataclass(frozen=True)
class _View:
    """What can be looked at of one picture, all of one size."""

    width: int
    height: int
    factor: int
    size: str
    noisy: str
    reference: str | None
    results: list[_Shown]


@dataclass(frozen=True)
class Told:
    """What is told of a picture beside what is shown.

    Attributes
    ----------
    target : str or None
        Where the clean picture went.
    facts : sequence of (str, str)
        What was assumed and estimated: of what, in words.
    warnings : sequence of str
        What did not go well.
    record : object
        All figures, shown as JSON; None: none are.
    table : sequence of mapping of str to str
        Rows with the same keys.
    """

    target: str | None = None
    facts: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()
    record: Any = None
    table: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class _Section:
    """One picture of the report."""

    title: str
    view: _View | None = None
    told: Told = Told()
    charts: Mapping[str, Any] = field(default_factory=dict)
    record: str | None = None
    error: str | None = None


class ResultReport:
    """A report that is told of one picture after the other; encoded pictures are what it holds.

    Parameters
    ----------
    title : str
        Of the page.
    pictures : int
        How many are expected: the more, the smaller each is shown.
    """

    def __init__(self, title: str, pictures: int = 1) -> None:
        self.title = printable(title)
        self._expected = max(1, pictures)
        self._sections: list[_Section] = []

    def add(
        self,
        title: str,
        noisy: NDArray[Any],
        results: Mapping[str, DenoiseResult],
        told: Told,
        *,
        clean: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add a picture.

        Parameters
        ----------
        title : str
            What it is called.
        noisy : ndarray, shape (H, W)
            As it was read.
        results : mapping of str to DenoiseResult
            By the names of the engines; of one, or of several to compare.
        told : Told
            What is told of it.
        clean : ndarray of bool, shape (H, W), optional
            What is known to be true.
        """
        few = len(self._sections) < _WITH_PICTURES
        record = None if told.record is None else json.dumps(plain(told.record), indent=2)
        self._sections.append(
            _Section(
                printable(title),
                self._view(noisy, results, clean) if few else None,
                told,
                charts_of({name: r.solution for name, r in results.items()}),
                record,
            )
        )

    def expect(self, pictures: int) -> None:
        """Expect so many pictures from now on."""
        self._expected = max(1, pictures)

    def fail(self, title: str, why: str) -> None:
        """Add a picture that came to nothing."""
        self._sections.append(_Section(printable(title), error=printable(why)))

    def render(self) -> bytes:
        """Return the page."""
        more = len([s for s in self._sections if s.view is None and s.error is None])
        parts = page(
            "result.html.j2",
            _KIND,
            styles=STYLES,
            scripts=SCRIPTS,
            title=self.title,
            sections=self._sections,
            without=more,
            chart_width=WIDTH,
            chart_height=HEIGHT,
        )
        return "".join(parts).encode()

    def _view(
        self,
        noisy: NDArray[Any],
        results: Mapping[str, DenoiseResult],
        clean: NDArray[np.bool_] | None,
    ) -> _View:
        share = _PIXELS // (self._expected * max(1, len(results)))
        factor = factor_for(noisy.shape, min(max(share, _LEAST), _MOST))
        height, width = noisy.shape
        return _View(
            -(-width // factor),
            -(-height // factor),
            factor,
            f"{width} x {height}",
            grey_uri(noisy, factor),
            None if clean is None else grey_uri(clean, factor),
            [_shown(i, name, r, factor) for i, (name, r) in enumerate(results.items())],
        )


def _shown(number: int, name: str, result: DenoiseResult, factor: int) -> _Shown:
    to_white, to_black = result.changes
    changed = f"{result.changed:.2%} of the pixels: {to_white} to white, {to_black} to black"
    p = result.probability
    certainty = None if p is None else np.abs(p - np.float32(0.5))
    if certainty is not None:
        certainty += np.float32(0.5)
    return _Shown(
        name,
        number,
        grey_uri(result.image, factor),
        changes_uri(result.image, result.change_map, factor),
        changed,
        None if certainty is None else certainty_uri(certainty, factor),
        None if certainty is None else shares_below(certainty),
    )


def shares_below(certainty: NDArray[np.float32]) -> list[float]:
    """Return the shares of pixels less sure than 0.5, 0.51, ... 1, on the whole picture."""
    edges = np.linspace(0.5, 1.0, _STEPS + 1)
    counts = np.histogram(certainty, bins=edges)[0]
    return [0.0, *np.round(np.cumsum(counts) / certainty.size, 6).tolist()]

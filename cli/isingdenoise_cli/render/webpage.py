"""Pages of --report: what `run` and `compare` show of pictures, in one file for a browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..framework.usage import advised
from ..options.planning import Planned
from ..options.streams import input_name, output_name
from . import table, text

if TYPE_CHECKING:
    from isingdenoise.io import Checked, Picture
    from isingdenoise.pipeline import Page
    from isingdenoise.result import DenoiseResult


class RunReport:
    """The page of `run`, or nothing where nobody asked for one.

    Parameters
    ----------
    place : Checked or None
        Where it goes, as it was checked.
    planned : sequence of Planned
        What there is to do.
    force : bool
        Whether an existing file may be replaced.
    """

    def __init__(self, place: Checked | None, planned: Sequence[Planned], force: bool) -> None:
        from isingdenoise.html import ResultReport

        self._place, self._force = place, force
        names = [Path(input_name(job.source)).name for job in planned]
        title = names[0] if len(names) == 1 else f"{len(names)} pictures"
        self._several = len(names)
        self._page = ResultReport(title, len(names))

    @property
    def also(self) -> tuple[str, ...]:
        """What memory is kept for."""
        return () if self._place is None else ("probability",)

    def show(self, planned: Planned, page: Page, picture: Picture, result: DenoiseResult) -> None:
        """Add a page of an input."""
        from isingdenoise.html import Told

        if self._place is None:
            return
        number = f", page {page.number + 1} of {page.count}" if page.count > 1 else ""
        self._page.expect(self._several * page.count)
        self._page.add(
            f"{input_name(planned.source)}{number}",
            picture.pixels,
            {result.solution.engine: result},
            Told(
                output_name(planned.place),
                list(text.page_lines(page.record)),
                [*map(advised, page.warnings)],
                page.record,
            ),
        )

    def fail(self, planned: Planned, why: str) -> None:
        """Add an input that came to nothing."""
        self._page.fail(input_name(planned.source), why)

    def write(self) -> None:
        """Write the page."""
        if self._place is not None:
            _write(self._place, self._page.render(), self._force)


def write_comparison(
    place: Checked | None,
    name: str,
    pixels: Any,
    clean: Any,
    rows: Iterable[Any],
    facts: Sequence[tuple[str, str]],
    force: bool,
    levels: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write the page of `compare`, where it was asked for.

    Parameters
    ----------
    place : Checked or None
        Where it goes.
    name : str
        Of the picture.
    pixels, clean : ndarray
        The noisy picture, and the true one or None.
    rows : iterable of Comparison
        Of `isingdenoise.experiments.compare`.
    facts : sequence of (str, str)
        What was assumed and estimated.
    force : bool
        Whether an existing file may be replaced.
    levels : sequence of mapping
        The table of all levels and seeds, in the place of the one of this picture.
    """
    from isingdenoise.html import ResultReport, Told

    if place is None:
        return
    every = list(rows)
    records = [row.record() for row in every]
    results: Mapping[str, Any] = {row.label: row.result for row in every if row.result is not None}
    page = ResultReport(f"{Path(name).name}: engines compared")
    page.add(
        name,
        pixels,
        results,
        Told(
            facts=facts,
            warnings=[f"{row.label} left out: it {row.refusal}" for row in every if row.refusal],
            record=records,
            table=levels or table.rows_of(records, measured=clean is not None),
        ),
        clean=clean,
    )
    _write(place, page.render(), force)


def _write(place: Checked, content: bytes, force: bool) -> None:
    from isingdenoise.io import sweep, write_bytes_atomically

    sweep(Path(place.name).parent)
    write_bytes_atomically(place, content, overwrite=force)

"""Engines side by side: pictures, errors, doubt, and the course of each solve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .palette import MISSING, TO_DARK, TO_WHITE, styles
from .pictures import draw_doubt, draw_errors, draw_picture
from .rendering import PANEL
from .series import draw_series
from .traces import AGAINST, QUANTITIES, draw_trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from ..inference import Trace

__all__ = ["comparison_figure", "picture_table"]

_COLUMNS = 5  # engines side by side: more are too small to compare
_MANY = 0.75  # of a panel's width, where there are several lines of engines
_HEAD, _TITLE, _LEGEND = 0.5, 0.3, 0.5  # inches
_COURSE = 2.6  # inches a panel of the traces is high
_MEASURES = {"bit_error_rate": "wrong pixels", "seconds": "seconds"}
_TITLES = {"residual": "residual (of labels: how many changed)"}
_RESULTS = "the engines, and what each one found"


class _Row(NamedTuple):
    """A row of panels, and whether it is a legend's."""

    words: str
    draw: Any
    places: list[tuple[str, Any]]


def comparison_figure(
    inputs: Mapping[str, NDArray[Any]],
    results: Sequence[Mapping[str, Any]],
    *,
    clean: NDArray[np.bool_] | None = None,
    known: NDArray[np.bool_] | None = None,
    courses: Mapping[str, Trace] | None = None,
    summary: Sequence[Mapping[str, Any]] = (),
    heading: str = "",
) -> Figure:
    """Return a figure of what several engines made of one picture.

    The picture stands on the left, apart from the engines. Below what an engine found stand
    its errors, where the clean picture is known, and its doubt, where it has probabilities.

    Parameters
    ----------
    inputs : mapping of str to ndarray, shape (H, W)
        Titles and pictures that the engines had, such as the noisy and the clean one.
    results : sequence of mapping
        `title`, `image` (bool, H x W) and `probability` (P(bright), or None) of each engine.
    clean : ndarray of bool, shape (H, W), optional
        The clean picture.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    courses : mapping of str to Trace, optional
        Labels and traces: bound, energy, residual and, of a `Course`, error, over site
        updates and over seconds. What none of them has gets no panel.
    summary : sequence of mapping, optional
        Means over seeds of each engine at each level of noise: `label`, `level`,
        `bit_error_rate` and `seconds`, with standard errors (`experiments.summarise`). Drawn
        above the rest.
    heading : str, optional
        Text above the pictures.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    sheet = _Sheet(inputs, results, clean, known)
    parts: list[tuple[float, Any]] = [(sheet.height, sheet.draw)]
    wide = sheet.width
    if summary:
        parts.insert(0, (_COURSE + _HEAD, partial(_draw_levels, summary=summary)))
        wide = max(wide, 3 * PANEL)
    drawn = _quantities(courses or {})
    if drawn:
        draw = partial(_draw_courses, courses=courses or {}, drawn=drawn)
        parts.append((2 * _COURSE + _HEAD, draw))
        wide = max(wide, 2.4 * len(drawn) + 2)
    heights = [height for height, _ in parts]
    figure = Figure(figsize=(wide, sum(heights)), layout="constrained", dpi=150)
    stack = figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for place, (_, draw) in zip(stack, parts, strict=True):
        draw(place)
    if heading:
        stack[int(bool(summary))].suptitle(heading, fontsize=11)
    return figure


def picture_table(
    rows: Sequence[Mapping[str, NDArray[Any]]], probabilities: Sequence[NDArray[Any] | None] = ()
) -> Figure:
    """Return a figure of titled pictures: those of the last row apart from those before.

    Parameters
    ----------
    rows : sequence of mapping of str to ndarray, shape (H, W)
        Titles and pictures of each row, in order; all of one size.
    probabilities : sequence of ndarray, shape (H, W), or None
        P(bright) for the pictures of the last row, whose doubt is drawn below each five of
        them; None leaves a place empty.

    Returns
    -------
    matplotlib.figure.Figure
    """
    inputs = {title: picture for row in rows[:-1] for title, picture in row.items()}
    beside = [*probabilities, *[None] * (len(rows[-1]) - len(probabilities))]
    results = [
        {"title": title, "image": picture, "probability": probability}
        for (title, picture), probability in zip(rows[-1].items(), beside, strict=True)
    ]
    return comparison_figure(inputs, results)


class _Sheet:
    """The pictures: those that the engines had on the left, those that they found on the right."""

    def __init__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        results: Sequence[Mapping[str, Any]],
        clean: NDArray[np.bool_] | None,
        known: NDArray[np.bool_] | None,
    ) -> None:
        lines = [list(results[k : k + _COLUMNS]) for k in range(0, len(results), _COLUMNS)]
        self.inputs = inputs
        self.rows = [row for line in lines for row in _rows(line, clean, known)]
        self.columns = max((len(line) for line in lines), default=0)
        self.errors = clean is not None and bool(results)
        self.doubt = any(row.draw is draw_doubt for row in self.rows)
        height, width = (next(iter(inputs.values())) if inputs else results[0]["image"]).shape
        across = PANEL * (_MANY if len(lines) > 1 else 1)
        panel = across * min(max(height / width, 0.25), 4.0) + _TITLE
        self.stacked = max(len(self.rows), len(inputs) if self.columns else 1)
        self.width = across * (self.columns + bool(inputs) if self.columns else len(inputs))
        self.width += self.doubt
        self.height = self.stacked * panel + _LEGEND * self.errors
        self.height += _HEAD if inputs and results else 0.0

    def draw(self, figure: SubFigure) -> None:
        """Draw them."""
        if not self.columns:
            _draw_line(figure.subplots(1, len(self.inputs), squeeze=False)[0], self.inputs)
        elif not self.inputs:
            self._draw_results(figure)
        else:
            ratios = [1.05, self.columns + 0.3 * self.doubt]
            left, right = figure.subfigures(1, 2, width_ratios=ratios, squeeze=False)[0]
            left.suptitle("the picture", fontsize=10)
            left.set_facecolor(MISSING)
            _draw_line(left.subplots(self.stacked, 1, squeeze=False)[:, 0], self.inputs)
            right.suptitle(_RESULTS, fontsize=10)
            self._draw_results(right)

    def _draw_results(self, figure: SubFigure) -> None:
        """Draw what the engines found, rows named on the left, and what colours mean."""
        from matplotlib.patches import Patch

        grid = figure.subplots(self.stacked, self.columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        doubt = None
        for places, row in zip(grid, self.rows, strict=False):
            for axes, (title, picture) in zip(places, row.places, strict=False):
                if picture is not None:
                    row.draw(axes, picture, title)
            first = next(axes for axes in places if axes.images)
            first.set_ylabel(row.words, fontsize=9)
            doubt = first.images[0] if row.draw is draw_doubt else doubt
        if doubt is not None:
            bar = figure.colorbar(doubt, ax=list(grid.flat), fraction=0.02, pad=0.01, aspect=40)
            bar.set_label("doubt: probability that a pixel is wrong", fontsize=9)
        if self.errors:
            patches = [
                Patch(facecolor=TO_WHITE, label="white, should be black"),
                Patch(facecolor=TO_DARK, label="black, should be white"),
            ]
            figure.legend(handles=patches, loc="outside lower center", ncols=2, fontsize=8)


def _rows(
    line: Sequence[Mapping[str, Any]],
    clean: NDArray[np.bool_] | None,
    known: NDArray[np.bool_] | None,
) -> list[_Row]:
    """Return the rows of panels of engines side by side."""
    rows = [_Row("", draw_picture, [(r["title"], r["image"]) for r in line])]
    if clean is not None:

        def errors(axes: Axes, image: Any, title: str) -> Axes:
            return draw_errors(axes, image, clean, title, known)

        rows.append(_Row("wrong pixels", errors, [("", r["image"]) for r in line]))
    if any(r["probability"] is not None for r in line):
        rows.append(_Row("doubt", draw_doubt, [("", r["probability"]) for r in line]))
    return rows


def _draw_line(places: Any, pictures: Mapping[str, NDArray[Any]]) -> None:
    for axes in places:
        axes.set_axis_off()
    for axes, (title, picture) in zip(places, pictures.items(), strict=False):
        draw_picture(axes, picture, title)


def _draw_levels(figure: SubFigure, summary: Sequence[Mapping[str, Any]]) -> None:
    """Draw errors and time over the levels of noise."""
    records = [row for row in summary if row["level"] is not None]
    labels = [row["label"] for row in records]
    grid: Any = figure.subplots(1, 2, squeeze=False)
    for axes, (measure, words) in zip(grid[0], _MEASURES.items(), strict=True):
        draw_series(axes, records, "level", measure, "label", title=words, every=labels)
        axes.set_yscale("log")
        axes.set_xticks(sorted({row["level"] for row in records}))
        axes.set_xlabel("level of noise", fontsize=8)
        axes.tick_params(labelsize=7)
    handles, names = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper", fontsize=8)
    figure.suptitle("means over seeds, with standard errors", fontsize=10)


def _quantities(courses: Mapping[str, Trace]) -> list[str]:
    """Return the quantities that some trace has."""
    order = ("lower_bound", "upper_bound", "energy", "residual", "error")
    return [name for name in order if any(_has(course, name) for course in courses.values())]


def _has(course: Trace, name: str) -> bool:
    values = getattr(course, name, None)
    if values is None:
        return False
    return bool(np.any(values > 0) if name == "residual" else np.any(~np.isnan(values)))


def _draw_courses(figure: SubFigure, courses: Mapping[str, Trace], drawn: Sequence[str]) -> None:
    """Draw all traces: a column for each quantity, a row for each axis."""
    from matplotlib.ticker import NullFormatter

    figure.suptitle("the course of each solve", fontsize=10)
    looks = styles(courses)
    grid = figure.subplots(len(AGAINST), len(drawn), squeeze=False)
    for row, against in zip(grid, AGAINST, strict=True):
        for axes, quantity in zip(row, drawn, strict=True):
            for label, course in courses.items():
                if _has(course, quantity):
                    style = {**looks[label], "ms": 3, "lw": 1.1, "marker": ""}
                    if np.count_nonzero(~np.isnan(getattr(course, quantity))) < 3:
                        style["marker"] = looks[label]["marker"]
                    draw_trace(axes, course, quantity, label, against=against, **style)
            axes.set_xscale("log")
            low, high = axes.get_xlim()
            if high > 10 * low:  # within a decade only the marks between are there to be named
                axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_title(_TITLES.get(quantity, QUANTITIES[quantity]), fontsize=9)
            axes.set_ylabel("")
            axes.tick_params(labelsize=7)
            axes.xaxis.label.set_fontsize(8)
    found: dict[str, Any] = {}
    for axes in grid[0]:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    labels = [label for label in courses if label in found]
    handles = [found[label] for label in labels]
    figure.legend(handles, labels, loc="outside right upper", fontsize=8)

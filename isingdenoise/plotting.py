"""Drawing on matplotlib Axes: functions that draw and return, no pyplot state."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._fit_axes import draw_fit, draw_residual
from ._gradient_axes import draw_gradients
from ._label_axes import draw_labels
from ._vae_axes import draw_bounds, draw_elbo
from .validation import check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .inference import Trace
    from .learning import Estimate

__all__ = [
    "bounds_figure",
    "draw_bounds",
    "draw_elbo",
    "draw_fit",
    "draw_gradients",
    "draw_labels",
    "draw_picture",
    "draw_probability",
    "draw_residual",
    "draw_scores",
    "draw_trace",
    "fit_figure",
    "gradient_figure",
    "load_unswayed",
    "picture_table",
    "render",
    "score_figure",
    "vae_figure",
]

_PANEL = 3.2  # inches a panel is wide
_COLUMNS = 5  # pictures side by side: more are too small to compare
#: Kinds of couplings, their marks, and the nats that they must earn before they are taken: those
#: of `learning`, all hidden pixels together.
_KINDS = {
    "4 neighbours": ("o-", 0),
    "unequal": ("s", 10),
    "negative diagonals": ("v", 8),
    "positive diagonals": ("^", 20),
}
_QUANTITIES = ("residual", "lower_bound", "upper_bound", "energy")
_TICKS = (1, 1.5, 2, 3, 4, 5, 6, 8)  # labels that fit side by side

#: What matplotlib reads from the surroundings beside the file `matplotlibrc` of the current folder.
_SWAYING = ("MPLBACKEND", "MATPLOTLIBRC")


def load_unswayed() -> None:
    """Load matplotlib with the settings that it comes with, for a program that is alone.

    It reads `matplotlibrc` of the current folder before any other, and whatever
    variables name: they may be damaged, or belong to other work. The current
    folder and these variables are others meanwhile, so that no other thread
    should run. Where matplotlib is loaded already nothing happens: its
    settings are somebody's own.
    """
    found = importlib.util.find_spec("matplotlib") if "matplotlib" not in sys.modules else None
    if found is None or not found.submodule_search_locations:
        return
    home = found.submodule_search_locations[0]
    data = os.path.join(home, "mpl-data")  # noqa: PTH118
    before = {name: os.environ.pop(name) for name in _SWAYING if name in os.environ}
    try:
        with _folder(data if os.path.isdir(data) else home):  # noqa: PTH112
            importlib.import_module("matplotlib.figure")
    finally:
        os.environ.update(before)


@contextlib.contextmanager
def _folder(path: str) -> Iterator[None]:
    """Make a folder the current one until the block ends; the way back needs no name."""
    if not hasattr(os, "fchdir"):
        with contextlib.chdir(path):
            yield
        return
    here = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
    try:
        os.chdir(path)
        yield
    finally:
        os.fchdir(here)
        os.close(here)


def draw_picture(axes: Axes, image: NDArray[Any], title: str = "") -> Axes:
    """Draw a picture in grey, its own range from black to white.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    image : ndarray, shape (H, W)
        bool, integer or float; NaN is left blank.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    known = image[~np.isnan(image)] if image.dtype.kind == "f" else image
    low, high = (0, 1) if image.dtype == np.bool_ or not known.size else (known.min(), known.max())
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    return _finish(axes, title)


def draw_probability(axes: Axes, probability: NDArray[Any], title: str = "") -> Axes:
    """Draw P(bright): sure pixels in black and white, doubtful ones in orange.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    probability : ndarray, shape (H, W)
        In [0, 1].
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("doubt", ["black", "darkorange", "white"])
    axes.imshow(probability, cmap=colours, vmin=0, vmax=1, interpolation="nearest")
    return _finish(axes, title)


def draw_trace(axes: Axes, trace: Trace, quantity: str = "residual", label: str = "") -> Axes:
    """Draw one quantity of a trace over the site updates.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    trace : Trace
        Of a solution.
    quantity : {"residual", "lower_bound", "upper_bound", "energy"}
        What to draw; rounds where it was not computed are left out. The
        residual gets a logarithmic scale.
    label : str, optional
        For the legend.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    ParameterError
        There is no such quantity.
    """
    check_choice("quantity", quantity, _QUANTITIES)
    values = getattr(trace, quantity)
    known = ~np.isnan(values if values.ndim == 1 else values[:, 0])
    lines = axes.plot(trace.site_updates[known], values[known])
    lines[0].set_label(label)  # one entry in the legend for all chains
    if quantity == "residual":
        axes.set_yscale("log")
    axes.set_xlabel("site updates")
    axes.set_ylabel(quantity.replace("_", " "))
    return axes


def draw_scores(axes: Axes, record: Estimate | Mapping[str, Any], title: str = "") -> Axes:
    """Draw the score of each coupling that was tried, and the strength that is in use.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    record : Estimate or mapping
        An estimate, or what its `record` returns: `curve`, `score` (of the
        best coupling, which gets a ring: others may score higher and not earn
        their place) and `coupling` (in use, `factor` times the best, which
        gets a line: it need not be one of those tried). A coupling stands at
        the geometric mean of its horizontal and its vertical strength.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    record = record if isinstance(record, Mapping) else record.record()
    if not record["curve"]:
        axes.set_title(title)
        axes.set_axis_off()
        words = "left alone: no coupling was tried"
        axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)
        return axes
    for kind, (mark, price) in _KINDS.items():
        points = [point for point in record["curve"] if _kind(point) == kind]
        if points:
            points.sort(key=_strength)
            label = f"{kind} (must earn {price} nats in all)" if price else kind
            scores = [point["score"] for point in points]
            axes.plot([_strength(p) for p in points], scores, mark, label=label)
    best = [point for point in record["curve"] if point["score"] == record["score"]][:1]
    ring: dict[str, Any] = {"mfc": "none", "mec": "black", "ms": 13, "label": "best"}
    axes.plot([_strength(p) for p in best], [p["score"] for p in best], "o", **ring)
    factor = record.get("factor", 1)
    used = "in use" if factor == 1 else f"in use ({factor:g} times the best)"
    axes.axvline(_strength(record["coupling"]), color="black", linestyle="dashed", label=used)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=_TICKS))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel("strength (geometric mean of horizontal and vertical)")
    axes.set_ylabel("log likelihood of a hidden pixel, nats")
    axes.set_title(title, fontsize=8, loc="right")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return axes


def score_figure(record: Estimate | Mapping[str, Any], title: str = "") -> Figure:
    """Return a figure of the scores alone; parameters as in `draw_scores`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * _PANEL, 1.4 * _PANEL), layout="constrained", dpi=150)
    draw_scores(figure.subplots(), record, title)
    return figure


def fit_figure(
    fit: Mapping[str, Any],
    residual: Mapping[str, Any],
    record: Estimate | Mapping[str, Any],
    title: str = "",
) -> Figure:
    """Return a figure of an estimate: the fit, what it leaves, and the scores of couplings.

    Parameters
    ----------
    fit, residual : mapping
        Arguments of `draw_fit` and of `draw_residual` after the axes, by name.
    record, title
        As in `draw_scores`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * _PANEL, 1.5 * _PANEL), layout="constrained", dpi=150)
    grid = figure.subplots(1, 3)
    draw_fit(grid[0], **fit)
    draw_residual(grid[1], **residual)
    draw_scores(grid[2], record, title)
    return figure


def gradient_figure(panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return a figure of the variance of gradients, panel by panel.

    Parameters
    ----------
    panels : mapping of str to sequence of mapping
        Titles, and records as for `draw_gradients`.
    """
    from matplotlib.figure import Figure

    size = (1.6 * _PANEL * len(panels), 1.6 * _PANEL)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    for axes, (title, records) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        draw_gradients(axes, records, title=title)
    return figure


def bounds_figure(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a figure of bounds on log p(x) over their samples (`draw_bounds`)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.8 * _PANEL, 1.4 * _PANEL), layout="constrained", dpi=150)
    draw_bounds(figure.subplots(), records)
    return figure


def vae_figure(trace: Sequence[Mapping[str, Any]], pictures: Mapping[str, NDArray[Any]]) -> Figure:
    """Return a figure of how a variational autoencoder learned, and of pictures beside it.

    Parameters
    ----------
    trace : sequence of mapping
        As for `draw_elbo`; none is drawn where it is empty.
    pictures : mapping of str to ndarray, shape (H, W)
        Titles and pictures.
    """
    from matplotlib.figure import Figure

    panels = bool(trace) + len(pictures)
    columns = min(panels, 2)
    rows = -(-panels // columns)
    size = (1.5 * _PANEL * columns, 1.3 * _PANEL * rows)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    every = list(figure.subplots(rows, columns, squeeze=False).flat)
    if trace:
        draw_elbo(every.pop(0), trace)
    for axes, (title, picture) in zip(every, pictures.items(), strict=False):
        draw_picture(axes, picture, title)
    for axes in every[len(pictures) :]:
        axes.set_axis_off()
    return figure


def picture_table(
    rows: Sequence[Mapping[str, NDArray[Any]]], probabilities: Sequence[NDArray[Any] | None] = ()
) -> Figure:
    """Return a figure of titled pictures, one row above the other, at most five side by side.

    Parameters
    ----------
    rows : sequence of mapping of str to ndarray, shape (H, W)
        Titles and pictures of each row, in order; all of one size.
    probabilities : sequence of ndarray, shape (H, W), or None
        P(bright) for the pictures of the last row, drawn below each five of them;
        None leaves a place empty.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    height, width = next(iter(rows[0].values())).shape
    lines: list[Sequence[tuple[str, NDArray[Any] | None]]] = []
    sure: set[int] = set()
    for number, row in enumerate(rows):
        below = list(probabilities) if number == len(rows) - 1 else []
        for first in range(0, len(row), _COLUMNS):
            lines.append(list(row.items())[first : first + _COLUMNS])
            part = below[first : first + _COLUMNS]
            if any(p is not None for p in part):
                sure.add(len(lines))
                lines.append([("how sure", p) for p in part])
    columns = max(map(len, lines))
    panel = _PANEL * min(max(height / width, 0.25), 4.0) + 0.3
    size = (columns * _PANEL + bool(sure), len(lines) * panel)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    grid = figure.subplots(len(lines), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for number, (places, line) in enumerate(zip(grid, lines, strict=True)):
        draw = draw_probability if number in sure else draw_picture
        for axes, (title, picture) in zip(places, line, strict=False):
            if picture is not None:
                draw(axes, picture, title)
    if sure:
        last = list(grid[max(sure)])
        drawn = next(axes for axes in last if axes.images)
        bar = figure.colorbar(drawn.images[0], ax=last, fraction=0.03, pad=0.01)
        bar.set_label("P(bright)")
    return figure


def render(figure: Figure, format: str) -> bytes:  # noqa: A002 - matplotlib's own word
    """Return a figure as the bytes of a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to render.
    format : str
        "png", "pdf", "svg" or whatever else matplotlib writes.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=format)
    return buffer.getvalue()


def _strength(coupling: Mapping[str, float]) -> float:
    return math.sqrt(abs(coupling["horizontal"] * coupling["vertical"]))


def _kind(coupling: Mapping[str, float]) -> str:
    if coupling["diagonal"] or coupling["antidiagonal"]:
        return "positive diagonals" if coupling["diagonal"] > 0 else "negative diagonals"
    return "4 neighbours" if coupling["horizontal"] == coupling["vertical"] else "unequal"


def _finish(axes: Axes, title: str) -> Axes:
    axes.set_title(title, fontsize=9)
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    return axes

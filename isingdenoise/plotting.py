"""Drawing on matplotlib Axes: functions that draw and return, no pyplot state."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .inference import Trace

__all__ = ["draw_picture", "draw_probability", "draw_trace", "picture_table", "render"]

_PANEL = 3.2  # inches a panel is wide


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
    quantity : {"residual", "bound", "energy"}
        What to draw; rounds where it was not computed are left out. The
        residual gets a logarithmic scale.
    label : str, optional
        For the legend.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    values = getattr(trace, quantity)
    known = ~np.isnan(values if values.ndim == 1 else values[:, 0])
    lines = axes.plot(trace.site_updates[known], values[known])
    lines[0].set_label(label)  # one entry in the legend for all chains
    if quantity == "residual":
        axes.set_yscale("log")
    axes.set_xlabel("site updates")
    axes.set_ylabel(quantity)
    return axes


def picture_table(
    rows: Sequence[Mapping[str, NDArray[Any]]], probabilities: Sequence[NDArray[Any] | None] = ()
) -> Figure:
    """Return a figure of titled pictures, one row above the other.

    Parameters
    ----------
    rows : sequence of mapping of str to ndarray, shape (H, W)
        Titles and pictures of each row, in order; all of one size.
    probabilities : sequence of ndarray, shape (H, W), or None
        P(bright) for the pictures of the last row, drawn below them; None
        leaves a place empty.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    height, width = next(iter(rows[0].values())).shape
    columns = max(len(row) for row in rows)
    lines = len(rows) + any(p is not None for p in probabilities)
    panel = _PANEL * min(max(height / width, 0.25), 4.0) + 0.3
    size = (columns * _PANEL + (lines > len(rows)), lines * panel)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for line, row in zip(grid, rows, strict=False):
        for axes, (title, picture) in zip(line, row.items(), strict=False):
            draw_picture(axes, picture, title)
    for axes, probability in zip(grid[-1], probabilities, strict=False):
        if probability is not None:
            draw_probability(axes, probability, "how sure")
    drawn = [axes for axes in grid[-1] if axes.images]
    if lines > len(rows):
        bar = figure.colorbar(drawn[0].images[0], ax=list(grid[-1]), fraction=0.03, pad=0.01)
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


def _finish(axes: Axes, title: str) -> Axes:
    axes.set_title(title, fontsize=9)
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    return axes

"""What came out of a picture: the clean one, doubt, what changed, and the course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..io import CHANGE_COLOURS
from .pictures import draw_doubt, draw_picture, shown, shrink
from .rendering import PANEL
from .traces import draw_trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..inference import Trace

__all__ = ["draw_changes", "result_figure"]


def draw_changes(
    axes: Axes, image: NDArray[np.bool_], changes: NDArray[np.int8], title: str = ""
) -> Axes:
    """Draw which pixels changed, in the colours of the change maps that are written as files.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    image : ndarray of bool, shape (H, W)
        The clean picture.
    changes : ndarray of int8, shape (H, W)
        +1 from black to white, -1 from white to black, 0 where unchanged.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes, with a legend below.
    """
    kinds = np.where(changes > 0, 2, np.where(changes < 0, 3, image.astype(np.int8)))
    colours = np.array([*CHANGE_COLOURS.values()], np.float32) / 255
    planes = [shrink(colours[:, channel][kinds]) for channel in range(3)]
    shown(axes, np.stack(planes, axis=-1), title)
    for name in ("black to white", "white to black"):
        colour = tuple(part / 255 for part in CHANGE_COLOURS[name])
        axes.plot([], [], "s", color=colour, label=name)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, frameon=False)
    return axes


def result_figure(
    image: NDArray[np.bool_],
    changes: NDArray[np.int8],
    trace: Trace,
    probability: NDArray[np.float32] | None = None,
) -> Figure:
    """Return a figure of a result: the clean picture, doubt, what changed, and the course.

    Parameters
    ----------
    image : ndarray of bool, shape (H, W)
        The clean picture.
    changes : ndarray of int8, shape (H, W)
        As in `draw_changes`.
    trace : Trace
        Of its solution: the residual is drawn, the energy where there is none, and nothing
        where there was but one round.
    probability : ndarray, shape (H, W), optional
        P(bright).

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    drawn = next((q for q in ("residual", "energy") if _is_told(trace, q)), None)
    panels = 2 + (probability is not None) + (drawn is not None)
    panel = PANEL * min(max(image.shape[0] / image.shape[1], 0.4), 2.5) + 0.5
    figure = Figure(figsize=(panels * PANEL, panel), layout="constrained", dpi=150)
    every: list[Any] = list(figure.subplots(1, panels))
    draw_picture(every.pop(0), image, "clean")
    if probability is not None:
        draw_doubt(every.pop(0), probability, "doubt")
    draw_changes(every.pop(0), image, changes, "what changed")
    if drawn is not None:
        draw_trace(every[0], trace, drawn).set_box_aspect(image.shape[0] / image.shape[1])
        every[0].tick_params(labelsize=7)
        every[0].xaxis.set_major_locator(MaxNLocator(4))
        every[0].ticklabel_format(axis="x", scilimits=(-3, 4))
        every[0].xaxis.get_offset_text().set_fontsize(7)
        every[0].set_title("how it converged", fontsize=9)
    return figure


def _is_told(trace: Trace, quantity: str) -> bool:
    """Return whether a line of a quantity can be drawn: of two values, and positive residuals."""
    values = getattr(trace, quantity)
    seen = values > 0 if quantity == "residual" else ~np.isnan(values)
    return int(np.count_nonzero(seen)) > 1

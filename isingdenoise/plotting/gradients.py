"""What gradient estimators cost, drawn on Axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..validation import check_choice
from .rendering import PANEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_gradients", "gradient_figure"]

_LABELS = {
    "variance": "variance of a site's gradient",
    "variance_worst": "variance at the worst site",
    "mse": "mean squared error",
    "seconds": "seconds a gradient",
}
_MARKS = "ovs^D<P>X*"


def draw_gradients(
    axes: Axes,
    records: Sequence[Mapping[str, Any]],
    quantity: str = "variance",
    title: str = "",
) -> Axes:
    """Draw what estimators of a gradient cost over their samples, both logarithmic.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    records : sequence of mapping
        As `gradients` returns them: `estimator`, `samples` and the quantity. One line for
        each estimator; values of 0 have no place on it.
    quantity : {"variance", "variance_worst", "mse", "seconds"}
        What to draw.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    ParameterError
        There is no such quantity.
    """
    check_choice("quantity", quantity, _LABELS)
    for number, name in enumerate(dict.fromkeys(row["estimator"] for row in records)):
        own = [row for row in records if row["estimator"] == name and row[quantity] > 0]
        mark = _MARKS[number % len(_MARKS)]
        axes.plot(
            [row["samples"] for row in own],
            [row[quantity] for row in own],
            f"{mark}-",
            ms=4,
            lw=1,
            label=name,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    numbers = sorted({row["samples"] for row in records})
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("samples")
    axes.set_ylabel(_LABELS[quantity])
    axes.set_title(title, fontsize=9)
    if records:
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    return axes


def gradient_figure(panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return a figure of the variance of gradients, panel by panel.

    Parameters
    ----------
    panels : mapping of str to sequence of mapping
        Titles, and records as for `draw_gradients`.
    """
    from matplotlib.figure import Figure

    size = (1.6 * PANEL * len(panels), 1.6 * PANEL)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    for axes, (title, records) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        draw_gradients(axes, records, title=title)
    return figure

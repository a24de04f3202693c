"""The course of solves, drawn on Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ParameterError
from ..validation import check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..inference import Trace

__all__ = ["draw_trace"]

#: Quantities of a trace, and what their axis says.
QUANTITIES = {
    "residual": "residual",
    "lower_bound": "lower bound",
    "upper_bound": "upper bound",
    "energy": "energy",
    "error": "wrong pixels",
}
AGAINST = {"site_updates": "site updates", "seconds": "seconds"}


def draw_trace(
    axes: Axes,
    trace: Trace,
    quantity: str = "residual",
    label: str = "",
    *,
    against: str = "site_updates",
    **style: Any,
) -> Axes:
    """Draw one quantity of a trace over the site updates, or over the time.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    trace : Trace
        Of a solution, or a `Course` of `isingdenoise.experiments`.
    quantity : {"residual", "lower_bound", "upper_bound", "energy", "error"}
        What to draw; rounds where it was not computed are left out. The
        residual gets a logarithmic scale. Errors are those of a `Course`.
    label : str, optional
        For the legend.
    against : {"site_updates", "seconds"}
        What the horizontal axis is.
    **style
        Of the lines, as `palette.styles` gives it.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    ParameterError
        There is no such quantity, or the trace has none.
    """
    check_choice("quantity", quantity, QUANTITIES)
    check_choice("against", against, AGAINST)
    values = getattr(trace, quantity, None)
    if values is None:
        raise ParameterError("quantity", f"{quantity} is not in this trace")
    known = ~np.isnan(values if values.ndim == 1 else values[:, 0])
    lines = axes.plot(getattr(trace, against)[known], values[known], **style)
    if lines:
        lines[0].set_label(label)  # one entry in the legend for all chains
    if quantity == "residual" and np.any(values[known] > 0):
        axes.set_yscale("log")
    axes.set_xlabel(AGAINST[against])
    axes.set_ylabel(QUANTITIES[quantity])
    return axes

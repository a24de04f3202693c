"""Label maps, drawn on Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .pictures import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_labels"]


def draw_labels(axes: Axes, labels: NDArray[Any], count: int, title: str = "") -> Axes:
    """Draw a label map, a colour for each label.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    labels : ndarray of int, shape (H, W)
        0 to `count` - 1; what is below 0 is left blank.
    count : int
        How many labels there are.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    # light to dark, so that labels are told apart in print too; a mean of labels is none
    known = np.ma.masked_less(labels, 0)
    how = {"cmap": "viridis", "vmin": 0, "vmax": max(count - 1, 1), "interpolation": "nearest"}
    return shown(axes, known, title, **how)

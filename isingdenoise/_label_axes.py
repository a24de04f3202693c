"""Label maps drawn on Axes: `isingdenoise.plotting` has this function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Axes = Any  # of matplotlib, which only `plotting` knows

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
    shown = np.ma.masked_less(labels, 0)
    # light to dark, so that labels are told apart in print too
    axes.imshow(shown, cmap="viridis", vmin=0, vmax=max(count - 1, 1), interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes

"""What came out of a picture, drawn on Axes: `isingdenoise.plotting` makes the figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Axes = Any  # of matplotlib, which only `plotting` knows

__all__ = ["draw_changes"]


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
    from .io import CHANGE_COLOURS

    kinds = np.where(changes > 0, 2, np.where(changes < 0, 3, image.astype(np.int8)))
    colours = np.array([*CHANGE_COLOURS.values()], np.uint8)
    axes.imshow(colours[kinds], interpolation="nearest")
    for name in ("black to white", "white to black"):
        colour = tuple(part / 255 for part in CHANGE_COLOURS[name])
        axes.plot([], [], "s", color=colour, label=name)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, frameon=False)
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes

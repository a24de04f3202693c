"""Pictures, doubt and errors, drawn on Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .palette import DOUBT, KEPT_DARK, MISSING, TO_DARK, TO_WHITE, shaded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "draw_doubt",
    "draw_errors",
    "draw_picture",
    "draw_probability",
    "shown",
    "shrink",
]

#: Pixels on the longer side up to which each is drawn as a square of its own.
_SQUARES = 256
#: Pixels on the longer side that no panel has: larger pictures are shrunk before.
_MOST = 1024


def draw_picture(axes: Axes, image: NDArray[Any], title: str = "") -> Axes:
    """Draw a picture in grey, its own range from black to white.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    image : ndarray, shape (H, W)
        bool, integer or float; NaN is left blank. A large one is shrunk to means
        over areas, so that no stroke is lost between two pixels of the figure.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    known = image[~np.isnan(image)] if image.dtype.kind == "f" else image
    low, high = (0, 1) if image.dtype == np.bool_ or not known.size else (known.min(), known.max())
    return shown(axes, shrink(image), title, cmap="gray", vmin=low, vmax=high)


def draw_probability(axes: Axes, probability: NDArray[Any], title: str = "") -> Axes:
    """Draw P(bright): sure pixels in black and white, doubtful ones in the colour of doubt.

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
    colours = shaded("black", DOUBT, "white")
    return shown(axes, shrink(probability), title, cmap=colours, vmin=0, vmax=1)


def draw_doubt(axes: Axes, probability: NDArray[Any], title: str = "") -> Axes:
    """Draw min(P, 1 - P), how likely each pixel is wrong: 0 is white, 1/2 the colour of doubt.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    probability : ndarray, shape (H, W)
        P(bright), in [0, 1].
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    doubt = shrink(np.minimum(probability, 1 - probability))
    return shown(axes, doubt, title, cmap=shaded("white", DOUBT), vmin=0, vmax=0.5)


def draw_errors(
    axes: Axes,
    image: NDArray[np.bool_],
    clean: NDArray[np.bool_],
    title: str = "",
    known: NDArray[np.bool_] | None = None,
) -> Axes:
    """Draw where a picture is wrong: orange is white for black, purple black for white.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    image, clean : ndarray of bool, shape (H, W)
        What was found, and what is true; right pixels are pale.
    title : str, optional
        Text above.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel does not count.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    from matplotlib.colors import to_rgb

    colours = np.array([KEPT_DARK, (1, 1, 1), TO_WHITE, TO_DARK, to_rgb(MISSING)], np.float32)
    index = np.where(image == clean, clean.astype(np.uint8), np.where(image, 2, 3).astype(np.uint8))
    if known is not None:
        index[~known] = 4
    planes = [shrink(colours[:, channel][index]) for channel in range(3)]
    return shown(axes, np.stack(planes, axis=-1), title)


def shrink(image: NDArray[Any], most: int = _MOST) -> NDArray[Any]:
    """Return a picture of at most so many pixels on its longer side, by means over squares.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        bool, integer or float; NaN does not count, and is left where a square has nothing else.
    most : int
        Pixels on the longer side.

    Returns
    -------
    ndarray
        The picture itself where it is small enough; else float32 of shape
        (ceil(H / k), ceil(W / k)), k the least whole number that does. Squares at the
        right and lower border may be cut.
    """
    k = -(-max(image.shape) // most)
    if k <= 1:
        return image
    starts = np.arange(0, image.shape[1], k)
    out = np.empty((-(-image.shape[0] // k), starts.size), np.float32)
    for row in range(out.shape[0]):
        part = image[row * k : (row + 1) * k].astype(np.float64)
        seen = ~np.isnan(part)
        total = np.add.reduceat(np.where(seen, part, 0).sum(axis=0), starts)
        count = np.add.reduceat(seen.sum(axis=0), starts)
        out[row] = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return out


def shown(axes: Axes, pixels: NDArray[Any], title: str, **more: Any) -> Axes:
    """Draw pixels: few as squares, many as means over what a pixel of the figure covers."""
    few = max(pixels.shape[:2]) <= _SQUARES
    axes.imshow(pixels, **{"interpolation": "nearest" if few else "antialiased", **more})
    axes.set_title(title, fontsize=9)
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    return axes

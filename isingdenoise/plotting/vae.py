"""How an ELBO rose, drawn on Axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .palette import MISSING
from .pictures import draw_picture
from .rendering import PANEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bounds_figure", "draw_bounds", "draw_elbo", "vae_figure"]

_LINES = {
    "reconstruction": ("reconstruction E log p(x|z)", "C0"),
    "divergence": ("- divergence KL(q||p)", "C1"),
    "elbo": ("ELBO", "k"),
}


def draw_elbo(axes: Axes, trace: Sequence[Mapping[str, Any]], title: str = "") -> Axes:
    """Draw the ELBO over the steps, and both of its terms: the upper two add up to the lowest.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    trace : sequence of mapping
        `step`, `reconstruction`, `divergence`, `elbo` and `weight` of each row, in nats a
        patch. Where the weight is below 1 the background is grey.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    steps = [row["step"] for row in trace]
    for key, (label, colour) in _LINES.items():
        sign = -1 if key == "divergence" else 1
        axes.plot(steps, [sign * row[key] for row in trace], color=colour, lw=1.2, label=label)
    annealed = [row["step"] for row in trace if row["weight"] < 1]
    if annealed:
        axes.axvspan(0, max(annealed), color=MISSING, label="KL annealed")
    lowest = np.quantile([row["elbo"] for row in trace], 0.05) if trace else -1.0
    axes.set_ylim(1.1 * min(float(lowest), -1.0), 0)
    axes.set_xlabel("step")
    axes.set_ylabel("nats a patch")
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=7, loc="lower right")
    return axes


def draw_bounds(axes: Axes, records: Sequence[Mapping[str, Any]], title: str = "") -> Axes:
    """Draw lower bounds on log p(x) over their samples, a line for each model.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    records : sequence of mapping
        `model`, `active_units`, `latent`, and `bound_K` in nats a patch for each K.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    sizes: set[int] = set()
    for row in records:
        own = sorted(int(key.removeprefix("bound_")) for key in row if key.startswith("bound_"))
        label = f"{row['model']}: {row['active_units']} of {row['latent']} active"
        axes.plot(own, [row[f"bound_{size}"] for size in own], "o-", ms=4, lw=1, label=label)
        sizes.update(own)
    axes.set_xscale("log")
    axes.set_xticks(sorted(sizes), [str(size) for size in sorted(sizes)])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("samples K")
    axes.set_ylabel("bound on log p(x), nats a patch")
    axes.set_title(title, fontsize=9)
    if records:
        axes.legend(fontsize=7, loc="lower right")
    return axes


def bounds_figure(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a figure of bounds on log p(x) over their samples (`draw_bounds`)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.8 * PANEL, 1.4 * PANEL), layout="constrained", dpi=150)
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
    size = (1.5 * PANEL * columns, 1.3 * PANEL * rows)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    every = list(figure.subplots(rows, columns, squeeze=False).flat)
    if trace:
        draw_elbo(every.pop(0), trace)
    for axes, (title, picture) in zip(every, pictures.items(), strict=False):
        draw_picture(axes, picture, title)
    for axes in every[len(pictures) :]:
        axes.set_axis_off()
    return figure

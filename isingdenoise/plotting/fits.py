"""How well a noise model fits, drawn on Axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .palette import DARKER, DIVERGING, LIMIT, MISSING, WHITER
from .rendering import PANEL
from .scores import draw_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..learning import Estimate
    from ..noise import NoiseModel

__all__ = ["draw_fit", "draw_residual", "fit_figure"]

_VALUES = 1 << 20  # of larger pictures as many are counted
_BINS = 128
_FEW = 8  # values that are drawn one by one
_SIGMAS = 4.0
_COLOURS = {"black": DARKER, "white": WHITER, "both": "black"}


def draw_fit(
    axes: Axes,
    image: NDArray[Any],
    noise: NoiseModel,
    labels: NDArray[np.bool_],
    mask: NDArray[np.bool_] | None = None,
    title: str = "",
    *,
    log: bool = True,
) -> Axes:
    """Draw the histogram of a picture, and the fitted densities of black and white.

    Densities are those of the noise model, weighed by the shares of black and
    white pixels, and their sum, which is the histogram's where the model fits.
    A dashed line stands half way between the levels, where the picture is
    thresholded. Values at an end of the scale are piled up there.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    image : ndarray, shape (H, W)
        The noisy picture; NaN is left out.
    noise : NoiseModel
        As fitted.
    labels : ndarray of bool, shape (H, W)
        The clean picture, True where white.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    title : str, optional
        Text above.
    log : bool
        Whether shares have a logarithmic scale.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    seen = np.ones(image.shape, bool) if mask is None else mask
    if image.dtype.kind == "f":
        seen = seen & ~np.isnan(image)
    values = image[seen]
    share = float(np.mean(labels[seen])) if values.size else 0.5
    values = values[:: max(1, values.size // _VALUES)]
    low, high = noise.levels
    met = np.unique(values[:: max(1, values.size // 4096)])
    few = met.size <= _FEW and bool(np.isin(values, met).all())
    grid, edges = _grid(values, met if few else None)
    dark, bright = (np.exp(part) for part in noise.log_likelihood(grid[None]))
    parts = {"black": (1 - share) * dark[0], "white": share * bright[0]}
    parts["both"] = parts["black"] + parts["white"]
    at = np.where(grid, 1.0, -1.0) if grid.dtype == np.bool_ else grid.astype(np.float64)
    if few:
        seen_shares = [float(np.mean(values == value)) for value in grid]
        width = 0.3 * (float(np.min(np.diff(at))) if at.size > 1 else 1.0)
        axes.bar(at, seen_shares, width, color="lightgrey", label="picture")
    else:
        counts, _ = np.histogram(values, edges)
        heights = counts / max(values.size, 1) / np.diff(edges)
        axes.stairs(heights, edges, fill=True, color="lightgrey", label="picture")
    for what, density in parts.items():
        style: dict[str, Any] = {"ms": 22} if few else {"lw": 1}
        style |= {"color": _COLOURS[what], "label": what}
        axes.plot(at, density, "_" if few else "-", **style)
    axes.axvline((low + high) / 2, color=LIMIT, linestyle="dashed", label="threshold")
    if log and values.size:
        least = 0.5 / values.size / (1.0 if few else float(np.max(np.diff(edges))))
        axes.set_yscale("log")
        axes.set_ylim(bottom=least)
    axes.set_xlabel("grey value")
    axes.set_ylabel("share of the pixels" if few else "share of the pixels for each grey value")
    axes.set_title(title, fontsize=8)
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    return axes


def draw_residual(
    axes: Axes, residual: NDArray[Any], correlation: float = float("nan"), unit: str = "sigma"
) -> Axes:
    """Draw what is left of a picture without its levels, in units of the noise.

    Blue is darker than its level, red brighter, grey what is missing. Where
    the model fits it looks like noise; edges, letters and light that can be
    seen in it were taken for noise.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw; its figure gets a colour bar beside them.
    residual : ndarray, shape (H, W)
        In these units; NaN is left blank.
    correlation : float
        Of residuals side by side, for the title; NaN where there is none.
    unit : str
        Of the residual.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    axes.set_facecolor(MISSING)
    drawn = axes.imshow(
        residual, cmap=DIVERGING, vmin=-_SIGMAS, vmax=_SIGMAS, interpolation="nearest"
    )
    bar = axes.figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.02, extend="both")
    bar.set_label(unit)
    said = "" if np.isnan(correlation) else f", lag-1 correlation {correlation:.2f}"
    axes.set_title(f"picture minus the level of its label{said}", fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def _grid(
    values: NDArray[Any], few: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return grey values to ask the model at, of the picture's type, and edges of bins."""
    if few is not None or values.size == 0:
        grid = values[:1] if few is None else few
        return grid, np.zeros(0)
    least, most = values.min(), values.max()
    whole = values.dtype.kind in "iu" or bool(np.all(values == np.rint(values)))
    if whole and float(most) - float(least) < 2**31:
        step = max(1, -(-(int(most) - int(least) + 1) // (2 * _BINS)))
        starts = np.arange(int(least), int(most) + 1, step)
        grid = (starts + step // 2).clip(int(least), int(most)).astype(values.dtype)
        return grid, np.append(starts, starts[-1] + step) - 0.5
    edges = np.linspace(float(least), float(most), _BINS + 1)
    return ((edges[1:] + edges[:-1]) / 2).astype(values.dtype), edges


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

    figure = Figure(figsize=(5 * PANEL, 1.5 * PANEL), layout="constrained", dpi=150)
    grid = figure.subplots(1, 3)
    draw_fit(grid[0], **fit)
    draw_residual(grid[1], **residual)
    draw_scores(grid[2], record, title)
    return figure

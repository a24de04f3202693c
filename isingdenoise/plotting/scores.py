"""The scores of couplings that were tried, drawn on Axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .palette import CHOSEN
from .rendering import PANEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..learning import Estimate

__all__ = ["draw_scores", "score_figure"]

#: Kinds of couplings, their marks, and the nats that they must earn before they are taken: those
#: of `learning`, all hidden pixels together.
_KINDS = {
    "4 neighbours": ("o-", 0),
    "unequal": ("s", 10),
    "negative diagonals": ("v", 8),
    "positive diagonals": ("^", 20),
}
_TICKS = (1, 1.5, 2, 3, 4, 5, 6, 8)  # labels that fit side by side


def draw_scores(axes: Axes, record: Estimate | Mapping[str, Any], title: str = "") -> Axes:
    """Draw the score of each coupling that was tried, and the strength that is in use.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    record : Estimate or mapping
        An estimate, or what its `record` returns: `curve`, `score` (of the
        best coupling, which gets a ring: others may score higher and not earn
        their place) and `coupling` (in use, `factor` times the best, which
        gets a line: it need not be one of those tried). A coupling stands at
        the geometric mean of its horizontal and its vertical strength.
    title : str, optional
        Text above.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    record = record if isinstance(record, Mapping) else record.record()
    if not record["curve"]:
        axes.set_title(title)
        axes.set_axis_off()
        words = "left alone: no coupling was tried"
        axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)
        return axes
    for kind, (mark, price) in _KINDS.items():
        points = [point for point in record["curve"] if _kind(point) == kind]
        if points:
            points.sort(key=_strength)
            label = f"{kind} (must earn {price} nats in all)" if price else kind
            scores = [point["score"] for point in points]
            axes.plot([_strength(p) for p in points], scores, mark, label=label)
    best = [point for point in record["curve"] if point["score"] == record["score"]][:1]
    ring: dict[str, Any] = {"mfc": "none", "mec": CHOSEN, "ms": 13, "label": "best"}
    axes.plot([_strength(p) for p in best], [p["score"] for p in best], "o", **ring)
    factor = record.get("factor", 1)
    used = "in use" if factor == 1 else f"in use ({factor:g} times the best)"
    axes.axvline(_strength(record["coupling"]), color=CHOSEN, linestyle="dashed", label=used)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=_TICKS))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel("strength (geometric mean of horizontal and vertical)")
    axes.set_ylabel("log likelihood of a hidden pixel, nats")
    axes.set_title(title, fontsize=8, loc="right")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return axes


def score_figure(record: Estimate | Mapping[str, Any], title: str = "") -> Figure:
    """Return a figure of the scores alone; parameters as in `draw_scores`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * PANEL, 1.4 * PANEL), layout="constrained", dpi=150)
    draw_scores(figure.subplots(), record, title)
    return figure


def _strength(coupling: Mapping[str, float]) -> float:
    return math.sqrt(abs(coupling["horizontal"] * coupling["vertical"]))


def _kind(coupling: Mapping[str, float]) -> str:
    if coupling["diagonal"] or coupling["antidiagonal"]:
        return "positive diagonals" if coupling["diagonal"] > 0 else "negative diagonals"
    return "4 neighbours" if coupling["horizontal"] == coupling["vertical"] else "unequal"

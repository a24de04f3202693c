"""Figures of the lecture's examples; each takes what its experiment found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .gradients import gradient_figure
from .palette import LIMIT, MISSING, TO_DARK, TO_WHITE, TRUTH
from .pictures import draw_errors, draw_picture, draw_probability
from .rendering import PANEL
from .series import draw_series
from .vae import bounds_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "bounds_figure_of",
    "damping_figure",
    "gradients_figure",
    "levels_figure",
    "samples_figure",
    "sandwich_figure",
    "states_figure",
    "strengths_figure",
    "stuck_figure",
]

Records = Sequence[Mapping[str, Any]]


class Found(Protocol):
    """What an experiment found: its tables, and what the figure shows beside them."""

    @property
    def tables(self) -> Mapping[str, Records]:
        """Means and standard errors, by their heading."""
        ...

    @property
    def pictures(self) -> Mapping[str, Any]:
        """Pictures, by names that the experiment knows."""
        ...


def states_figure(found: Found) -> Figure:
    """Draw each picture after some iterations, and how errors and bound went."""
    heading, table = _only(found)
    lines = found.pictures
    columns = 2 + max(len(line["states"]) - 1 for line in lines.values())
    heights = [_height(line["clean"]) for line in lines.values()]
    figure = _figure((columns * 0.62 * PANEL, sum(heights) + 2.6), f"Mean field: {heading}")
    parts = figure.subfigures(len(lines) + 1, 1, height_ratios=[*heights, 2.6], squeeze=False)
    for part, (name, line) in zip(parts[:, 0], lines.items(), strict=False):
        row = part.subplots(1, columns, squeeze=False)[0]
        draw_picture(row[0], line["clean"], f"{name}, clean")
        draw_picture(row[1], line["noisy"], "noisy")
        after = [n for n in line["states"] if n]
        for axes, number in zip(row[2:], after, strict=True):
            words = f"after {number} iteration{'s' if number > 1 else ''}"
            draw_probability(axes, (1 + line["states"][number]) / 2, words)
    row = parts[-1, 0].subplots(1, 3, squeeze=False)[0]
    measures = {
        "bit_error_rate": "wrong pixels",
        "bound": "lower bound, nats a pixel",
        "moved": "mean distance of means from the start",
    }
    for axes, (measure, words) in zip(row, measures.items(), strict=True):
        draw_series(axes, table, "iterations", measure, "picture", title=words)
        axes.set_xlabel("iterations")
    row[0].set_ylim(bottom=0)
    row[0].legend(fontsize=8, loc="upper right")
    return figure


def stuck_figure(found: Found) -> Figure:
    """Draw what engines found, and where it differs from the picture of least energy."""
    from matplotlib.patches import Patch

    heading, _ = _only(found)
    lines = found.pictures
    columns = 2 + 2 * max(len(line["found"]) for line in lines.values())
    heights = [_height(line["best"]) for line in lines.values()]
    size = (columns * 0.62 * PANEL, sum(heights) + 0.8)
    figure = _figure(size, f"Where descent gets stuck: {heading}")
    grid = figure.subplots(len(lines), columns, squeeze=False, height_ratios=heights)
    for row, (name, line) in zip(grid, lines.items(), strict=True):
        draw_picture(row[0], line["noisy"], f"{name}, noisy")
        draw_picture(row[1], line["best"], "least energy (minimum cut)")
        for axes, (engine, image) in zip(_pairs(row[2:]), line["found"].items(), strict=True):
            wrong, off = np.mean(image != line["clean"]), np.mean(image != line["best"])
            draw_picture(axes[0], image, f"{engine}: {wrong:.1%} wrong")
            draw_errors(axes[1], image, line["best"], f"{off:.1%} differ from that")
    patches = [
        Patch(facecolor=TO_WHITE, label="white, where least energy is black"),
        Patch(facecolor=TO_DARK, label="black, where it is white"),
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def samples_figure(found: Found) -> Figure:
    """Draw errors of marginals and of bits over site updates, a column for each coupling."""
    heading, table = _only(found)
    rows = {"marginal_error": "mean abs(P - exact)", "bit_error_rate": "wrong pixels"}
    grid, couplings, figure = _grid(table, "coupling", rows, f"Means or samples? {heading}")
    for line, (measure, words) in zip(grid, rows.items(), strict=True):
        for axes, coupling in zip(line, couplings, strict=True):
            own = [row for row in table if row["coupling"] == coupling]
            draw_series(axes, own, "site_updates", measure, "engine", title=f"J = {coupling:g}")
            axes.set_xscale("log")
            axes.set_yscale("log" if measure == "marginal_error" else "linear")
            if measure == "bit_error_rate":
                ideal, label = own[0]["ideal_bit_error_rate"], "from exact marginals"
                axes.axhline(ideal, color=TRUTH, linestyle="dashed", label=label)
            axes.set_xlabel("site updates")
        line[0].set_ylabel(words)
    grid[1][0].legend(fontsize=8, loc="upper right")
    return figure


def damping_figure(found: Found) -> Figure:
    """Draw sweeps to converge and cycles over the damping, a column for each coupling."""
    heading, table = _only(found)
    rows = {"sweeps": "sweeps to converge", "cycles": "share of pictures that cycle"}
    grid, couplings, figure = _grid(table, "coupling", rows, f"Damping: {heading}")
    for line, (measure, words) in zip(grid, rows.items(), strict=True):
        for axes, coupling in zip(line, couplings, strict=True):
            own = [row for row in table if row["coupling"] == coupling]
            draw_series(axes, own, "damping", measure, "schedule", title=f"J = {coupling:g}")
            axes.set_xlabel("damping (weight of the new value)")
        line[0].set_ylabel(words)
    for axes in grid[0]:
        axes.set_yscale("log")
    for axes in grid[1]:
        axes.set_ylim(-0.05, 1.05)
    grid[0][0].legend(fontsize=8, loc="upper right")
    return figure


def strengths_figure(found: Found) -> Figure:
    """Draw errors, bounds and prediction over the coupling, and pictures below."""
    heading, table = _only(found)
    shown, truth = found.pictures["shown"], found.pictures["truth"]
    every = sorted({coupling for own in shown.values() for coupling in own})
    chosen = [every[k] for k in np.linspace(0, len(every) - 1, min(5, len(every))).astype(int)]
    height = _height(next(iter(shown.values()))[every[0]], wide=0.92)
    size = (4.6 * PANEL, len(shown) * height + 3.4)
    figure = _figure(size, f"How strong a coupling? {heading}")
    parts = figure.subfigures(2, 1, height_ratios=[3.0, len(shown) * height], squeeze=False)
    _draw_strengths(parts[0, 0].subplots(1, 4, squeeze=False)[0], table, truth)
    grid = parts[1, 0].subplots(len(shown), len(chosen), squeeze=False)
    for line, (engine, pictures) in zip(grid, shown.items(), strict=True):
        for axes, coupling in zip(line, chosen, strict=True):
            draw_picture(axes, pictures[coupling], f"{engine}, J = {coupling:g}")
    return figure


def _draw_strengths(places: Sequence[Axes], table: Records, truth: float) -> None:
    """Draw measures over the coupling, and set apart where everything is one colour."""
    measures = {
        "bit_error_rate": "wrong pixels",
        "minority": "share of the rarer colour",
        "bound_less_prior": "lower bound less log Z0, nats a pixel",
        "held_out": "log likelihood of hidden pixels, nats",
    }
    one = [row["coupling"] for row in table if row["minority"] < truth / 10]
    most = max(row["coupling"] for row in table)
    for axes, (measure, words) in zip(places, measures.items(), strict=True):
        draw_series(axes, table, "coupling", measure, "engine", title=words)
        axes.set_xscale("log")
        axes.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("coupling J")
        if one:
            label = "most probable picture: nearly one colour"
            axes.axvspan(min(one), most, color=MISSING, zorder=0, label=label)
        if measure == "minority":
            axes.axhline(truth, color=LIMIT, linestyle="dashed", label="clean picture")
            places[0].legend(*axes.get_legend_handles_labels(), fontsize=8, loc="upper right")


def levels_figure(found: Found) -> Figure:
    """Draw errors of all engines over the level of noise, and the limits."""
    heading, table = _only(found)
    figure = _figure((4.2 * PANEL, 2.0 * PANEL), f"All engines, the exact ones thick: {heading}")
    labels = [row["engine"] for row in table]
    panels = figure.subplots(1, 2, sharey=True)
    noises = {"sigma": "sigma of normal noise", "p": "probability of a flip"}
    for axes, (noise, words) in zip(panels, noises.items(), strict=True):
        own = [row for row in table if row["noise"] == noise]
        for thick in (False, True):
            some = [row for row in own if (row["engine"] in found.pictures["thick"]) is thick]
            wide: dict[str, Any] = {"lw": 2.6} if thick else {}
            draw_series(axes, some, "level", "bit_error_rate", "engine", every=labels, **wide)
        axes.set_ylim(bottom=-0.02)
        axes.axhline(0.5, color=LIMIT, linestyle="dotted", label="chance")
        ink = found.pictures["ink"]
        axes.axhline(ink, color=LIMIT, linestyle="dashed", label="all paper")
        axes.axhline(0, color=LIMIT, lw=0.8)
        axes.set_xlabel(words)
    panels[0].set_ylabel("wrong pixels")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    return figure


def sandwich_figure(found: Found) -> Figure:
    """Draw all bounds, less the log evidence, over the coupling."""
    heading, table = _only(found)
    figure = _figure((2.6 * PANEL, 1.8 * PANEL), f"Bounds on the log evidence: {heading}")
    axes = figure.subplots()
    draw_series(axes, table, "coupling", "gap", "engine")
    axes.axhline(0, color=TRUTH, lw=0.8)
    axes.set_yscale("symlog", linthresh=1e-3)
    axes.set_xlabel("coupling J")
    axes.set_ylabel("bound less log evidence, nats a pixel")
    axes.text(0.02, 0.97, "upper bounds", transform=axes.transAxes, va="top", fontsize=8)
    axes.text(0.02, 0.03, "lower bounds", transform=axes.transAxes, fontsize=8)
    figure.legend(loc="outside right upper", fontsize=8)
    return figure


def gradients_figure(found: Found) -> Figure:
    """Draw the variance of gradients."""
    return gradient_figure(found.tables)


def bounds_figure_of(found: Found) -> Figure:
    """Draw bounds on log p(x)."""
    return bounds_figure(_only(found)[1])


def _only(found: Found) -> tuple[str, Records]:
    """Return heading and rows of the only table."""
    ((heading, table),) = found.tables.items()
    return heading, table


def _figure(size: tuple[float, float], heading: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained", dpi=150)
    figure.suptitle(heading, fontsize=11)
    return figure


def _grid(
    table: Records, key: str, rows: Mapping[str, str], heading: str
) -> tuple[Any, list[Any], Figure]:
    """Return panels, a column for each value of a key and a row for each measure."""
    values = list(dict.fromkeys(row[key] for row in table))
    figure = _figure((len(values) * 1.25 * PANEL, len(rows) * 0.95 * PANEL), heading)
    grid = figure.subplots(len(rows), len(values), squeeze=False, sharey="row", sharex=True)
    return grid, values, figure


def _height(picture: Any, wide: float = 0.62) -> float:
    """Return the inches that a row of such pictures is high, each so many panels wide."""
    height, width = map(float, picture.shape)
    return wide * PANEL * height / width + 0.35


def _pairs(places: Sequence[Axes]) -> list[tuple[Axes, Axes]]:
    return list(zip(places[::2], places[1::2], strict=True))

"""Numbers over a setting, drawn on Axes as lines with error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .palette import styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_series"]


def draw_series(
    axes: Axes,
    records: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    by: str | None = None,
    *,
    title: str = "",
    every: Sequence[str] | None = None,
    **style: Any,
) -> Axes:
    """Draw means over a setting, one line for each value of a key, and their standard errors.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    records : sequence of mapping
        As `isingdenoise.experiments.summarise` returns them: `x`, `y` and, where there are
        several seeds, `y` with `_se`, its standard error. None and NaN have no place.
    x, y : str
        Keys of the axes.
    by : str, optional
        Key that tells the lines apart; without it there is one.
    title : str, optional
        Text above.
    every : sequence of str, optional
        All values of that key which the figure has, so that a line looks the same in each of
        its panels.
    **style
        Of all lines, in place of what `palette.styles` gives.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    names = [None] if by is None else list(dict.fromkeys(row[by] for row in records))
    looks = styles(map(str, every or names))
    for name in names:
        own = [row for row in records if by is None or row[by] == name]
        own = [row for row in own if row[y] is not None and row[y] == row[y]]
        if not own:
            continue
        errors = [row.get(f"{y}_se") or 0.0 for row in own]
        label = "" if name is None else str(name)
        look = {**looks[str(name)], "ms": 4, "lw": 1.2, "capsize": 2, "elinewidth": 0.8, **style}
        values = [row[y] for row in own]
        axes.errorbar([row[x] for row in own], values, errors, label=label, **look)
    axes.set_title(title, fontsize=9)
    return axes

"""The colours of all figures: one colour has one meaning.

Maps of pixels have colours of their own, and lines of engines others: nobody takes a doubtful
pixel for an engine. `CHANGE_COLOURS` of `isingdenoise.io` has those of changed pixels, which
wrong pixels share: orange became white and should not have, purple became black.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..inference import ENGINES
from ..io import CHANGE_COLOURS

__all__ = [
    "CHOSEN",
    "DARKER",
    "DIVERGING",
    "DOUBT",
    "KEPT_DARK",
    "LIMIT",
    "MISSING",
    "TO_DARK",
    "TO_WHITE",
    "TRUTH",
    "WHITER",
    "Colour",
    "shaded",
    "styles",
]

Colour = str | tuple[float, float, float]


def _change(what: str) -> tuple[float, float, float]:
    red, green, blue = CHANGE_COLOURS[what]
    return red / 255, green / 255, blue / 255


#: Pixels: became, or are wrongly, white or black; are black and as they should be.
TO_WHITE, TO_DARK, KEPT_DARK = map(_change, ("black to white", "white to black", "black kept"))
#: Pixels, and their number: not sure.
DOUBT = "#00868b"
#: Pixels: not known. Also what lies behind lines: a part of the axis that is set apart.
MISSING = "#e4e8ee"
#: Grey values: darker than, or of, black; brighter than, or of, white.
DARKER, WHITER = "#3b4cc0", "#b40426"
#: Grey values less their level, from darker to brighter: its ends are those two.
DIVERGING = "coolwarm"
#: Lines: the exact answer; what was chosen; what nothing goes beyond.
TRUTH, CHOSEN, LIMIT = "black", "black", "#7f7f7f"

#: Lines of engines and of other series: none of the colours above, and no two of one luminance
#: side by side.
_SERIES = (
    *("#1f77b4", "#d62728", "#2ca02c", "#e6ab02", "#8c564b", "#e377c2", "#56b4e9", "#17375e"),
    "#a6a61d",
)
_DASHES: tuple[Any, ...] = ("solid", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
_MARKS = "osv^D<P>X*"


def styles(labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return how each of several series is drawn: colour, dashes and mark, by its label.

    An engine has the same colour in every figure, whatever others there are; with settings of
    its own (behind the first colon of a label) it has other dashes.

    Parameters
    ----------
    labels : iterable of str
        In the order of the legend.

    Returns
    -------
    dict of str to dict
        `color`, `linestyle` and `marker`, as matplotlib takes them.
    """
    known = list(ENGINES)
    found: dict[str, dict[str, Any]] = {}
    alike: dict[str, int] = {}
    for label in dict.fromkeys(labels):
        name = label.partition(":")[0]
        place = known.index(name) if name in known else len(alike)
        times = alike[name] = alike.get(name, -1) + 1
        found[label] = {
            "color": _SERIES[place % len(_SERIES)],
            "linestyle": _DASHES[(place // len(_SERIES) + times) % len(_DASHES)],
            "marker": _MARKS[(place + times) % len(_MARKS)],
        }
    return found


def shaded(*colours: Colour) -> Any:
    """Return a colour map of matplotlib that goes evenly through these colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shaded", list(colours))

"""Charts of traces as points and ticks of an inline SVG: small, sharp, in the page's colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference import Solution

__all__ = ["HEIGHT", "WIDTH", "Chart", "Line", "charts_of"]

WIDTH, HEIGHT = 320.0, 180.0  # of the part that is drawn on, in units of the SVG
_POINTS = 240  # of a line; more do not show
_TICKS = 5
_SPAN = 1.04  # so that no line runs along the frame

Number = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One engine's line.

    Attributes
    ----------
    name : str
        Of the engine.
    number : int
        Its place among the engines, which its colour follows.
    points : str
        As SVG has them.
    last : str
        The value at the end, in words.
    """

    name: str
    number: int
    points: str
    last: str


@dataclass(frozen=True)
class Chart:
    """One quantity against what it cost.

    Attributes
    ----------
    title, against : str
        What is drawn, and against what.
    lines : list of Line
    across, up : list of (float, str)
        Ticks: where they are, and their labels.
    """

    title: str
    against: str
    lines: list[Line]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]

    @property
    def told(self) -> str:
        """The chart in one sentence, for who does not see it."""
        ends = ", ".join(f"{line.name} {line.last}" for line in self.lines)
        return f"{self.title} against {self.against}; at the end: {ends}"


#: Quantities of a trace, whether they are of the whole picture, and whether their axis is
#: logarithmic.
_QUANTITIES: Mapping[str, tuple[str, bool, bool]] = {
    "lower_bound": ("lower bound, nats a pixel", True, False),
    "upper_bound": ("upper bound, nats a pixel", True, False),
    "energy": ("energy a pixel", True, False),
    "residual": ("residual, as each engine measures it", False, True),
}
_AGAINST: Mapping[str, Callable[[Any, int], Number]] = {
    "updates": lambda trace, sites: np.asarray(trace.site_updates / sites, np.float64),
    "seconds": lambda trace, sites: np.asarray(trace.seconds, np.float64),
}
_WORDS = {"updates": "site updates a pixel"}  # sweeps, times the chains


def charts_of(solutions: Mapping[str, Solution]) -> dict[str, list[Chart]]:
    """Return the charts of what engines say of their course.

    Parameters
    ----------
    solutions : mapping of str to Solution
        By the names of the engines.

    Returns
    -------
    dict of str to list of Chart
        By what they are drawn against: "updates" (site updates over sites), "seconds".
    """
    return {
        against: [
            chart
            for name, (title, whole, log) in _QUANTITIES.items()
            if (chart := _chart(solutions, name, title, against, whole=whole, log=log)) is not None
        ]
        for against in _AGAINST
    }


def _chart(
    solutions: Mapping[str, Solution],
    quantity: str,
    title: str,
    against: str,
    *,
    whole: bool,
    log: bool,
) -> Chart | None:
    """Return one chart, None where no engine has two points of it."""
    courses = []
    for number, (name, solution) in enumerate(solutions.items()):
        sites = solution.labels.size
        x = _AGAINST[against](solution.trace, sites)
        y = np.asarray(getattr(solution.trace, quantity), np.float64)
        y = y.mean(axis=1) if y.ndim == 2 else y
        seen = np.isfinite(x) & np.isfinite(y) & ((y > 0) | (not log))
        if np.count_nonzero(seen) > 1:
            courses.append((name, number, x[seen], y[seen] / (sites if whole else 1)))
    if not courses:
        return None
    to_x = _Scale.of([x for *_, x, _ in courses], WIDTH, least=0.0)
    to_y = _Scale.of([y for *_, y in courses], -HEIGHT, log=log)
    lines = [
        Line(name, number, _points(to_x(x), to_y(y)), f"{y[-1]:.4g}")
        for name, number, x, y in courses
    ]
    return Chart(title, _WORDS.get(against, against), lines, to_x.ticks(), to_y.ticks())


def _points(x: Number, y: Number) -> str:
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(int))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[keep], y[keep], strict=True))


@dataclass(frozen=True)
class _Scale:
    """From values to places; a negative length runs upwards from the bottom."""

    low: float
    high: float
    length: float
    log: bool

    @classmethod
    def of(
        cls,
        values: Sequence[Number],
        length: float,
        *,
        log: bool = False,
        least: float | None = None,
    ) -> _Scale:
        joined = np.concatenate(values)
        joined = np.log10(joined) if log else joined
        low, high = float(joined.min()), float(joined.max())
        room = (high - low or abs(high) or 1.0) * (_SPAN - 1)
        return cls(low - room if least is None else least, high + room, length, log)

    def __call__(self, values: Number) -> Number:
        share = ((np.log10(values) if self.log else values) - self.low) / (self.high - self.low)
        start = 0.0 if self.length > 0 else -self.length
        return np.asarray(start + share * self.length, np.float64)

    def ticks(self) -> list[tuple[float, str]]:
        """Return a few round numbers, and where they stand."""
        step = _round_step((self.high - self.low) / _TICKS)
        if self.log:
            step = max(1.0, round(step))
        first = math.ceil(self.low / step)
        marks = [k * step for k in range(first, math.floor(self.high / step) + 1)]
        values = np.power(10.0, marks) if self.log else np.asarray(marks, np.float64)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        labels = [f"{v:g}" if self.log else f"{v:.{digits}f}" for v in values]
        return list(zip(self(values).tolist(), labels, strict=True)) if marks else []


def _round_step(step: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= step * (1 - 1e-9))

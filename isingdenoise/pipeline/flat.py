"""Figures of a result as the cells of a table: one number or one text each, rounded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..noise import NOISE_MODELS, Parameter
from .summary import reported

__all__ = ["cells", "columns", "rounded"]

_LEVELS = "levels"
_DIGITS = 4
_STRENGTHS = {
    "coupling_horizontal": "horizontal",
    "coupling_vertical": "vertical",
    "coupling_diagonal": "diagonal",
}


def columns() -> tuple[str, ...]:
    """Return the names of the cells that `cells` fills.

    A parameter of the noise has the name of its option, the same in all
    models; where there is one for black and one for white, that of white has
    a column of its own.
    """
    found: dict[str, None] = dict.fromkeys(("noise", "level_black", "level_white"))
    for kind in NOISE_MODELS.values():
        for known in _told(kind):
            found[str(known.option)] = None
            if known.pair or known.part is not None:
                found[f"{known.option}_white"] = None
    fit = ("assumed", "nats", "kept", "notes")
    return (*found, *_STRENGTHS, *fit)


def cells(noise: Any, coupling: Any, fit: Any = None) -> dict[str, Any]:
    """Return the cells of one picture; of several pages the means, and all names.

    Parameters
    ----------
    noise, coupling, fit : mapping, sequence of mappings, or None
        As `figures` has them, or `combined`. What is not there stays empty.
    """
    row: dict[str, Any] = dict.fromkeys(columns())
    row |= _joined([_noise(page) for page in _pages(noise)])
    strengths = [
        {cell: page.get(name) for cell, name in _STRENGTHS.items()} for page in _pages(coupling)
    ]
    row |= _joined(strengths)
    row |= _joined([_fit(page) for page in _pages(fit)])
    return row


def _told(kind: Any) -> list[Parameter]:
    """Return the parameters with a column of their own."""
    return [p for p in reported(kind).values() if p.option is not None and p.option != _LEVELS]


def _pages(value: Any) -> list[Mapping[str, Any]]:
    pages = value if isinstance(value, list) else [value]
    return [page for page in pages if isinstance(page, Mapping)]


def _noise(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of one noise model; what a journal lacks stays empty."""
    row = {"noise": record.get("name")}
    kind = NOISE_MODELS.get(str(record.get("name")))
    if kind is None:
        return row
    for name, known in reported(kind).items():
        value = record.get(name)
        if known.option == _LEVELS and isinstance(value, Sequence) and len(value) == 2:
            row |= {"level_black": value[0], "level_white": value[1]}
    for known in _told(kind):
        value = record.get(known.name)
        numbers = value if isinstance(value, Sequence) else [value]
        first = known.part or 0
        for place, number in enumerate(numbers, first):
            cell = f"{known.option}_white" if place else str(known.option)
            row[cell] = number / known.factor if isinstance(number, (int, float)) else None
    return row


def _fit(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of what was assumed."""
    evidence, assumed = record.get("evidence"), record.get("assumed")
    nats = evidence.get(assumed) if isinstance(evidence, Mapping) else None
    notes = record.get("notes")
    said = "; ".join(map(str, notes)) if isinstance(notes, Sequence) else None
    return {"assumed": assumed, "nats": nats, "kept": record.get("kept"), "notes": said}


def _joined(pages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one row of several: texts side by side, each once, and means of numbers."""
    row: dict[str, Any] = {}
    for name in dict.fromkeys(name for page in pages for name in page):
        values = [page[name] for page in pages if page.get(name) is not None]
        numbers = [value for value in values if type(value) in (int, float)]
        if numbers and len(numbers) == len(values):
            row[name] = rounded(math.fsum(numbers) / len(numbers))
        else:
            row[name] = ", ".join(dict.fromkeys(map(str, values))) or None
    return row


def rounded(value: float | None, digits: int = _DIGITS) -> float | None:
    """Return a number in few digits, whole numbers as they are."""
    if value is None or not math.isfinite(value):
        return None
    return value if float(value).is_integer() else float(f"{value:.{digits}g}")

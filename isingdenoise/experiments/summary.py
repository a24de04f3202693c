"""Tidy records over seeds: means, standard errors, and a table for other programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["summarise", "to_csv"]


def summarise(
    records: Iterable[Mapping[str, Any]], by: Sequence[str], measures: Sequence[str]
) -> list[dict[str, Any]]:
    """Return means and standard errors of records that agree in some keys.

    Parameters
    ----------
    records : iterable of mapping
        Tidy records, one for each seed.
    by : sequence of str
        Keys that tell groups apart; groups stand in the order in which they first come.
    measures : sequence of str
        Keys of numbers. None and NaN do not count.

    Returns
    -------
    list of dict
        `by`; `seeds`, how many records there are; each measure, its mean, and with `_se`
        behind it the standard error of that: the sample standard deviation over the square
        root of the number of records that have it. Both are None where nothing is known, and
        the error where it is known once, or a number is infinite.

    Examples
    --------
    >>> rows = [{"engine": "a", "error": 0.1}, {"engine": "a", "error": 0.3}]
    >>> [found] = summarise(rows, ["engine"], ["error"])
    >>> found["engine"], found["seeds"], round(found["error"], 3), round(found["error_se"], 3)
    ('a', 2, 0.2, 0.1)
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault(tuple(record[key] for key in by), []).append(record)
    rows = []
    for names, members in groups.items():
        row: dict[str, Any] = {**dict(zip(by, names, strict=True)), "seeds": len(members)}
        for measure in measures:
            row[measure], row[f"{measure}_se"] = _mean([m[measure] for m in members])
        rows.append(row)
    return rows


def _mean(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return mean and standard error of the values that there are."""
    known = [float(v) for v in values if v is not None and not math.isnan(v)]
    if not known:
        return None, None
    mean = float(np.mean(known))
    if len(known) < 2 or not math.isfinite(mean):
        return mean, None
    return mean, float(np.std(known, ddof=1) / math.sqrt(len(known)))


def to_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Return records as CSV, the keys of the first one on top; None is an empty cell."""
    text = io.StringIO()
    if records:
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return text.getvalue().encode()

"""The report of a batch: one row for each picture, those to look at first on top."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..errors import ParameterError, printable
from ..io import check_output, write_bytes_atomically
from .jobs import Outcome

__all__ = ["REPORT_FORMATS", "check_report", "report_row", "write_report"]

REPORT_FORMATS = (".json", ".csv")

Row = dict[str, Any]

_FIGURES = (
    *("pages", "pixels", "changed_to_white", "changed_to_black", "changed", "uncertainty"),
    *("status", "seconds"),
)
_COLUMNS = (
    *("rank_changed", "rank_uncertainty", "input", "output", "error", "skipped"),
    *_FIGURES,
    *("noise", "coupling"),
)
_JSON_HEAD = b'{\n  "report": "isingdenoise batch",\n'
_CSV_HEAD = ",".join(_COLUMNS).encode() + b"\n"


def report_row(outcome: Outcome) -> Row:
    """Return the figures of one picture, also of one that was up to date.

    Parameters
    ----------
    outcome : Outcome
        Of a run with a journal: the figures are those of its line.

    Returns
    -------
    dict
        Plain values. `changed` is the share of the observed pixels that
        changed, `uncertainty` the mean of min(p, 1 - p) over all pixels.
    """
    found = (outcome.entry and outcome.entry.result) or {}
    return {
        "input": printable(outcome.job.source),
        "output": None if outcome.error else printable(outcome.job.target),
        "error": None if outcome.error is None else str(outcome.error),
        "skipped": outcome.skipped,
        **{name: found.get(name) for name in _FIGURES},
        "noise": found.get("noise"),
        "coupling": found.get("coupling"),
    }


def check_report(path: Path, inputs: Iterable[Path] = (), *, overwrite: bool = False) -> None:
    """Refuse a report that could not be written, before any work.

    An older report is replaced, so that the same command can go on; any other
    file only with `overwrite`.

    Raises
    ------
    ParameterError
        The name ends neither in .json nor in .csv, or is an input's.
    OverwriteError, WriteError
        As `check_output`.
    """
    if path.suffix.lower() not in REPORT_FORMATS:
        raise ParameterError("report", f"must end in one of {' '.join(REPORT_FORMATS)}")
    check_output(path, list(inputs), overwrite=overwrite or _is_report(path))


def write_report(path: Path, rows: Iterable[Row], *, overwrite: bool = False) -> None:
    """Write the report, whole or not at all.

    Failed pictures come first; then the better of two ranks decides, that by
    the share of changed pixels and that by the mean uncertainty.

    Parameters
    ----------
    path : pathlib.Path
        A name that ends in .json or .csv.
    rows : iterable of dict
        From `report_row`.
    overwrite : bool
        Whether a file that is no report may be replaced.

    Raises
    ------
    OverwriteError, WriteError
        As `write_bytes_atomically`.
    """
    ordered = _look_first(list(rows))
    if path.suffix.lower() == ".csv":
        data = _csv(ordered)
    else:
        body = json.dumps({"pictures": ordered}, indent=2, allow_nan=False)
        data = _JSON_HEAD + body.removeprefix("{\n").encode("ascii") + b"\n"
    write_bytes_atomically(path, data, overwrite=overwrite or _is_report(path))


def _look_first(rows: list[Row]) -> list[Row]:
    by_change = _ranks(rows, lambda row: row["changed"])
    by_doubt = _ranks(rows, lambda row: row["uncertainty"])
    ranked = [
        {"rank_changed": by_change.get(i), "rank_uncertainty": by_doubt.get(i), **row}
        for i, row in enumerate(rows)
    ]

    def key(row: Row) -> tuple[bool, int, int]:
        ranks = [rank for name in _COLUMNS[:2] if (rank := row[name]) is not None]
        return row["error"] is None, min(ranks, default=0), sum(ranks)

    return sorted(ranked, key=key)


def _ranks(rows: list[Row], value: Callable[[Row], float | None]) -> dict[int, int]:
    """Return {index: rank} of the rows that have the value, the largest as 1."""
    having = [(-v, i) for i, row in enumerate(rows) if (v := value(row)) is not None]
    return {i: rank for rank, (_, i) in enumerate(sorted(having), start=1)}


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        nested = {k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()}
        writer.writerow(nested)
    return text.getvalue().encode()


def _is_report(path: Path) -> bool:
    """Tell whether a file is a report of ours."""
    try:
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read(len(_CSV_HEAD) + len(_JSON_HEAD))
    except OSError:
        return False
    return head.startswith((_JSON_HEAD, _CSV_HEAD))

"""The report of a batch: one row for each picture, those to look at first on top."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import ParameterError, printable
from ..html import BATCH_HEAD, batch_page
from ..io import Checked, check_output
from ..io.atomic import atomic_file
from ..pipeline import cells, columns, rounded
from .jobs import Outcome

__all__ = ["REPORT_FORMATS", "check_report", "report_row", "write_report"]

REPORT_FORMATS = (".json", ".csv", ".html")

Row = dict[str, Any]

_FIGURES = (
    *("pages", "pixels", "changed_to_white", "changed_to_black", "changed", "uncertainty"),
    *("status", "seconds"),
)
_PARTS = ("noise", "coupling", "fit")
#: Of a table; flat cells of noise and coupling follow.
_COLUMNS = (
    *("rank_changed", "rank_uncertainty", "input", "output", "error", "stale", "skipped"),
    *("warnings", "pages", "pixels", "changed_percent", "changed_to_white", "changed_to_black"),
    *("uncertainty", "status", "seconds"),
)
_BETWEEN = " | "  # warnings
_JSON_HEAD = b'{\n  "report": "isingdenoise batch",\n'
_CSV_HEAD = ",".join(_COLUMNS[:4]).encode() + b","  # columns may come to be added
_HEADS = (_JSON_HEAD, _CSV_HEAD, BATCH_HEAD)
#: What a spreadsheet would run, at the start of a cell, or behind a semicolon: where numbers have
#: a decimal comma, that is what divides the cells. Some read the wide forms too.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+@\-\uff1d\uff0b\uff20\uff0d])")


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
        changed, `uncertainty` the mean of min(p, 1 - p) over all pixels,
        `warnings` are those of the run that made the result.
    """
    found = (outcome.entry and outcome.entry.result) or {}
    return {
        "input": printable(outcome.job.source),
        "output": None if outcome.error else printable(outcome.job.target),
        "error": outcome.line,
        "stale": outcome.stale,
        "skipped": outcome.skipped,
        "warnings": list(found.get("warnings", outcome.warnings)),
        **{name: found.get(name) for name in _FIGURES},
        **{name: found.get(name) for name in _PARTS},
    }


def check_report(path: Path, inputs: Iterable[Path] = (), *, overwrite: bool = False) -> Checked:
    """Refuse a report that could not be written, before any work.

    An older report is replaced, so that the same command can go on; any other
    file only with `overwrite`.

    Returns
    -------
    Checked
        As `check_output`, for `write_report`.

    Raises
    ------
    ParameterError
        The name ends neither in .json nor in .csv nor in .html, or is an input's.
    OverwriteError, WriteError
        As `check_output`.
    """
    if path.suffix.lower() not in REPORT_FORMATS:
        raise ParameterError("report", f"must end in one of {' '.join(REPORT_FORMATS)}")
    return check_output(path, list(inputs), overwrite=overwrite or _is_report(path))


def write_report(
    path: Path, rows: Iterable[Row], *, overwrite: bool = False, checked: Checked | None = None
) -> None:
    """Write the report, whole or not at all.

    Failed pictures come first, then those with warnings; among them, and
    after them, the share of changed pixels decides, and then the mean
    uncertainty. JSON holds the figures as they are; a table has flat cells,
    rounded to four digits, with the share of changed pixels in percent; a page
    for the browser has `thumbnails` too, where rows have them.

    Parameters
    ----------
    path : pathlib.Path
        A name that ends in .json, .csv or .html.
    rows : iterable of dict
        From `report_row`. Of a sequence, one is held at a time; of a page for the
        browser, all but the thumbnails.
    overwrite : bool
        Whether a file that is no report may be replaced.
    checked : Checked, optional
        What `check_report` saw: nothing else is replaced.

    Raises
    ------
    OverwriteError, WriteError
        As `isingdenoise.io.write_bytes_atomically`.
    """
    known = rows if isinstance(rows, Sequence) else list(rows)
    parts = {".csv": _csv, ".json": _json, ".html": _html}[path.suffix.lower()](known)
    with atomic_file(checked or path, overwrite=overwrite or _is_report(path)) as stream:
        for part in parts:
            stream.write(part.encode())


def _look_first(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with their ranks, in the order of the report."""
    keys = [
        (row["changed"], row["uncertainty"], row["error"] is None, not row.get("warnings"))
        for row in rows
    ]
    by_change = _ranks([changed for changed, *_ in keys])
    by_doubt = _ranks([doubt for _, doubt, *_ in keys])

    def key(i: int) -> tuple[bool, bool, float, float]:
        changed, doubt, good, silent = keys[i]
        return good, silent, -(changed or 0.0), -(doubt or 0.0)

    for i in sorted(range(len(rows)), key=key):
        yield {"rank_changed": by_change.get(i), "rank_uncertainty": by_doubt.get(i), **rows[i]}


def _ranks(values: Sequence[float | None]) -> dict[int, int]:
    """Return {index: rank} of the values that there are, the largest as 1."""
    having = [(-v, i) for i, v in enumerate(values) if v is not None]
    return {i: rank for rank, (_, i) in enumerate(sorted(having), start=1)}


def _html(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the page for a browser in parts."""
    return batch_page(partial(_look_first, rows), "Look at these first")


def _json(rows: Sequence[Row]) -> Iterator[str]:
    """Yield {"report": ..., "pictures": [...]} in parts."""
    yield _JSON_HEAD.decode() + '  "pictures": ['
    comma = ""
    for row in _look_first(rows):
        body = json.dumps(row, indent=2, allow_nan=False)
        yield f"{comma}\n{textwrap.indent(body, '    ')}"
        comma = ","
    yield "\n  ]\n}\n" if comma else "]\n}\n"


def _csv(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table, the names first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, (*_COLUMNS, *columns()), lineterminator="\n")
    writer.writeheader()
    for row in _look_first(rows):
        writer.writerow({name: _cell(value) for name, value in _flat(row).items()})
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _flat(row: Row) -> Row:
    """Return a row with one number or text in each cell."""
    changed = row.get("changed")
    flat = {name: row.get(name) for name in _COLUMNS}
    flat |= {
        "warnings": _BETWEEN.join(map(str, row.get("warnings") or [])),
        "changed_percent": rounded(None if changed is None else 100 * changed),
        "uncertainty": rounded(row.get("uncertainty")),
        "seconds": rounded(row.get("seconds")),
    }
    return flat | cells(*(row.get(name) for name in _PARTS))


def _cell(value: Any) -> Any:
    """Return a value as a table holds it: no text of it is a formula, numbers stay numbers."""
    return _FORMULA.sub(r"\1'", printable(value)) if isinstance(value, str) else value


def _is_report(path: Path) -> bool:
    """Tell whether a file is a report of ours."""
    try:
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read(max(map(len, _HEADS)))
    except OSError:
        return False
    return head.startswith(_HEADS)

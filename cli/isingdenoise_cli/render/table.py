"""The table of `compare`: one row for each engine."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from isingdenoise.inference import Traits

from .. import console

if TYPE_CHECKING:
    from isingdenoise.experiments import Sandwich

#: Columns, keys of the record, and traits of the engines that have them.
_BOUNDS = (("bound", "bound", "lower_bound"), ("upper bound", "upper_bound", "upper_bound"))


def print_engines(
    records: Sequence[Mapping[str, Any]], traits: Sequence[Traits], *, measured: bool
) -> None:
    """Print one row for each engine.

    Parameters
    ----------
    records : sequence of mapping
        Of `experiments.compare`.
    traits : sequence of Traits
        Of the engines: a bound that none of them has gets no column.
    measured : bool
        Whether the clean picture is known.
    """
    bounds = _bounds_of(traits)
    print_table([_row(record, measured, bounds) for record in records])


def print_levels(summary: Sequence[Mapping[str, Any]], traits: Sequence[Traits], head: str) -> None:
    """Print one row for each level of noise and each engine: means and their standard errors.

    Parameters
    ----------
    summary : sequence of mapping
        Of `experiments.summarise`, with `status` in words.
    traits : sequence of Traits
        As in `print_engines`.
    head : str
        What the levels are of.
    """
    print_table(_level_rows(summary, _bounds_of(traits), head))


def levels_of(summary: Sequence[Mapping[str, Any]], head: str) -> list[dict[str, str]]:
    """Return the same rows as text, with a column for each bound that one of them has."""
    return _level_rows(summary, _bounds_in(summary), head)


def _level_rows(
    summary: Sequence[Mapping[str, Any]], bounds: Mapping[str, str], head: str
) -> list[dict[str, str]]:
    forms = {"bit error rate": ("bit_error_rate", ".3%"), "PSNR dB": ("psnr", ".2f")}
    forms["energy"] = ("energy", ".1f")
    forms |= {words: (key, ".1f") for words, key in bounds.items()}
    forms |= {"sweeps": ("sweeps", ".1f"), "seconds": ("seconds", ".4f")}
    rows = []
    for record in summary:
        row = {head: _text(record["level"], "g"), "engine": record["label"]}
        row |= {words: _with_error(record, key, form) for words, (key, form) in forms.items()}
        rows.append(row | {"status": record["status"]})
    return rows


def _bounds_of(traits: Sequence[Traits]) -> dict[str, str]:
    return {
        words: key
        for words, key, trait in _BOUNDS
        if any(getattr(known, trait) for known in traits)
    }


def _with_error(record: Mapping[str, Any], key: str, form: str) -> str:
    """Return a mean and its standard error, where several seeds tell it."""
    error = record[f"{key}_se"]
    told = "" if error is None else f" ± {error:{form}}"
    return _text(record[key], form) + told


def rows_of(records: Sequence[Mapping[str, Any]], *, measured: bool) -> list[dict[str, str]]:
    """Return the same rows as text, with a column for each bound that one of them has."""
    return [_row(record, measured, _bounds_in(records)) for record in records]


def _bounds_in(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the bounds that some row has."""
    return {words: key for words, key, _ in _BOUNDS if any(row[key] is not None for row in records)}


def sandwich_line(between: Sandwich) -> str:
    """Return the bounds on the log evidence and what their distance says, in one or two lines."""
    low, high = between.lower, between.upper
    parts = [] if low is None else [f"{low:.6f} ({between.lower_engine})"]
    parts.append("log evidence" + ("" if between.exact is None else f" {between.exact:.6f}"))
    if high is not None:
        parts.append(f"{high:.6f} ({between.upper_engine})")
    line = f"sandwich  {' <= '.join(parts)}, in nats a pixel"
    if low is None or between.total is None:
        return line
    return (
        f"{line}\n          {between.lower_engine} is at most {between.total:.4g} nats of "
        f"Kullback-Leibler divergence, for the whole picture, from the posterior"
    )


def _row(record: Mapping[str, Any], measured: bool, bounds: dict[str, str]) -> dict[str, str]:
    """Return one row of the table as text, with a column for each bound that some engine has."""
    row = {"engine": record["label"]}
    if measured:
        row["bit error rate"] = _text(record["bit_error_rate"], ".4%")
        row["PSNR dB"] = _text(record["psnr"], ".2f")
    row["energy"] = _text(record["energy"], ".1f")
    for words, key in bounds.items():
        row[words] = _text(record[key], ".1f")
    row |= {"sweeps": _text(record["sweeps"], "d"), "seconds": _text(record["seconds"], ".4f")}
    return row | {"status": record["status"]}


def _text(number: Any, form: str) -> str:
    return "-" if number is None else f"{number:{form}}"


def print_records(records: Sequence[Mapping[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print some columns of records, means with their standard errors where there are any.

    Parameters
    ----------
    records : sequence of mapping
        Rows of a table.
    columns : sequence of str
        Keys.
    form : str
        Of numbers that are not whole.
    """
    print_table([{key: _number(record, key, form) for key in columns} for record in records])


def _number(record: Mapping[str, Any], key: str, form: str) -> str:
    value, error = record[key], record.get(f"{key}_se")
    if not isinstance(value, float):
        return "-" if value is None else str(value)
    return f"{value:{form}}" + ("" if error is None else f" ± {error:.1g}")


def print_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows as aligned columns, numbers to the right; on a terminal with a head that shows."""
    if not rows:
        return
    names = list(rows[0])
    widths = {n: max(len(n), *(len(row[n]) for row in rows)) for n in names}
    to_right = {n for n in names if all(_is_number(row[n]) for row in rows)}
    lines = []
    for row in [dict(zip(names, names, strict=True)), *rows]:
        cells = (
            row[n].rjust(widths[n]) if n in to_right else row[n].ljust(widths[n]) for n in names
        )
        lines.append("  ".join(cells).rstrip())
    draw = partial(_draw, rows, to_right, max(map(len, lines)))
    console.result("\n".join(lines), draw=draw if console.is_terminal(sys.stdout) else None)


def _draw(rows: Sequence[Mapping[str, str]], to_right: Set[str], width: int) -> None:
    """Draw the table on a terminal; lines that are too long for it are left to it to wrap."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in rows[0]:
        justify: Literal["left", "right"] = "right" if name in to_right else "left"
        table.add_column(name, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row.values()))
    screen = Console()
    screen.size = max(width, screen.width), screen.height  # both, or a dumb one has 80 columns
    screen.print(table)


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:2].lstrip("-")[:1].isdigit() or text in {"-", "inf"}

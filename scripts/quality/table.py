"""Tables and goals out of the records, as markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import fmean, median

from quality.columns import CLEAN, COLUMNS, OWN
from quality.goals import Cells, Record, goals
from quality.pictures import SETTINGS

TITLES = {
    "noisy": "noisy", **{column: f"`{engine}`" for column, engine in OWN.items()},
    "zero": "**nothing told**", "told": "`mf`, told",
    "oracle": "`mf`, led", "cut": "exact MAP, told", "median": "median",
    "blur": "Gaussian blur", "tv": "TV", "nlm": "non-local means", "bm3d": "BM3D",
}  # fmt: skip
NOTES = """\
"Nothing told" is `denoise` with the name of the noise and nothing else: the picture chooses the
prior. Engines by their names are given the name of the noise, too. All others know the
clean picture when they choose their parameter, for every cell anew. `mf, told` is `denoise`
with the true noise and the best coupling; `mf, led` the same model, but solved along a rising
coupling, each solution the start of the next. MAP has the true noise, too. `mf`, median and
blur are tuned on all seeds; MAP, TV and non-local means on the first, and judged on all; BM3D
on the middle 256 x 256 pixels of the first in its low-complexity profile, and judged on that
seed alone in its normal one. Small parts: components of at most 6 pixels, kept if half of
their pixels come out right; only pictures that have ten or more count. ECE: expected
calibration error."""


def report(records: Iterable[Record], *, cells: bool = False) -> str:
    """Return the tables, the goals and, if asked for, every cell."""
    noisy: Cells = {}
    clean: dict[str, Record] = {}
    for record in records:
        if record["setting"] == CLEAN:
            clean[record["picture"]] = record
        else:
            cell = noisy.setdefault((record["picture"], record["setting"]), {})
            cell[record["column"]] = record
    shown = [c for c in COLUMNS if any("ber" in cell.get(c, ()) for cell in noisy.values())]
    parts = [NOTES, by_setting(noisy, shown), by_method(noisy, shown)]
    if cells:
        parts.append(every_cell(noisy, shown))
    parts.append(edges(noisy))
    rows = [goal.row() for goal in goals(noisy, clean)]
    parts.append("\n".join(["| goal | found | holds |", "|---|---|---|", *rows]))
    return "\n\n".join(part for part in parts if part)


def has(column: str) -> Callable[[dict[str, Record]], bool]:
    """Return whether a cell has scores of a column: an engine may have refused."""
    return lambda cell: "ber" in cell.get(column, ())


def by_setting(cells: Cells, shown: list[str]) -> str:
    """Return the bit error rates in percent, averaged over pictures."""
    lines = [_row("bit errors, %", [TITLES[c] for c in shown]), "|---|" + "---:|" * len(shown)]
    for setting in SETTINGS:
        own = [cell for (_, s), cell in cells.items() if s == setting]
        if own:
            means = (  # of a column that is not there yet in all cells there is none
                _mean(own, column, "ber")
                if all("ber" in cell.get(column, ()) for cell in own)
                else None
                for column in shown
            )
            lines.append(_row(setting, [_percent(m) for m in means]))
    return "\n".join(lines)


def by_method(cells: Cells, shown: list[str]) -> str:
    """Return one row a method: all scores, averaged over all cells they apply to."""
    own = list(cells.values())
    heads = [
        "bit errors, %",
        "small parts kept, %",
        "codes read, %",
        "ECE",
        "worst ECE",
        "Brier",
        "solve, s a Mpx",
    ]
    lines = [_row("method", heads), "|---|" + "---:|" * len(heads)]
    for column in shown:
        eces = [fmean(cell[column]["ece"]) for cell in own if "ece" in cell.get(column, ())]
        scores = [_percent(_mean(own, column, name)) for name in ("ber", "small", "codes")]
        scores += [f"{x:.4f}" if eces else "" for x in (fmean(eces or [0]), max(eces, default=0))]
        brier = _mean(own, column, "brier")
        count = sum(map(has(column), own))
        title = TITLES[column] + ("" if count == len(own) else f" ({count} of {len(own)} cells)")
        scores.append("" if brier is None else f"{brier:.4f}")
        lines.append(_row(title, [*scores, _seconds(own, column)]))
    return "\n".join(lines)


def every_cell(cells: Cells, shown: list[str]) -> str:
    """Return the bit error rate in percent of each cell, and its couplings."""
    heads = [*(TITLES[c] for c in shown), "oracle coupling"]
    lines = [_row("cell: bit errors, %", heads), "|---|" + "---:|" * len(heads)]
    for (picture, setting), cell in sorted(cells.items()):
        scores = [_percent(_mean([cell], column, "ber")) for column in shown]
        oracle = cell.get("oracle", {}).get("parameter", "")
        lines.append(_row(f"{picture}, {setting}", [*scores, str(oracle)]))
    return "\n".join(lines)


def edges(cells: Cells) -> str:
    """Name the cells whose chosen parameter ends its grid; a median of 1 pixel is a true end."""
    found = [
        f"{TITLES[column]} ({picture}, {setting}: {record['parameter']})"
        for (picture, setting), cell in cells.items()
        for column, record in cell.items()
        if record.get("edge") and not (column == "median" and record["parameter"] == 1)
    ]
    return f"At the end of its grid: {'; '.join(found)}." if found else ""


def _mean(cells: Iterable[dict[str, Record]], column: str, name: str) -> float | None:
    """Return the mean of a score over the cells that have it, None where none has."""
    means = [fmean(c[column][name]) for c in cells if name in c.get(column, ())]
    return fmean(means) if means else None


def _seconds(cells: Iterable[dict[str, Record]], column: str) -> str:
    """Return the seconds of the solve alone, by the million pixels, one thread."""
    found = [
        (c[column]["solve"], c[column]["pixels"]) for c in cells if "solve" in c.get(column, ())
    ]
    if not found:
        return ""
    return f"{median(fmean(seconds) / pixels for seconds, pixels in found) * 1e6:.2g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.3g}"


def _row(head: str, cells: Iterable[str]) -> str:
    return f"| {head} | {' | '.join(cells)} |"

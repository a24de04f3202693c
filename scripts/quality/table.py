"""Tables and goals out of the records, as markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from quality.columns import CLEAN, COLUMNS, OWN
from quality.pictures import SETTINGS

Record = dict[str, Any]
Cells = dict[tuple[str, str], dict[str, Record]]  # (picture, setting) to column to record

TITLES = {
    "noisy": "noisy", **{column: f"`{engine}`" for column, engine in OWN.items()},
    "told": "`mf`, told", "oracle": "`mf`, led", "cut": "exact MAP, told", "median": "median",
    "blur": "Gaussian blur", "tv": "TV", "nlm": "non-local means", "bm3d": "BM3D",
}  # fmt: skip
RIVALS = ("median", "blur", "tv", "nlm")
LARGE = 512 * 512  # pixels from which estimates are judged
NOTES = """\
Engines by their names are given the name of the noise and nothing else. All others know the
clean picture when they choose their parameter, for every cell anew. `mf, told` is `denoise`
with the true noise and the best coupling; `mf, led` the same model, but solved along a rising
coupling, each solution the start of the next. MAP has the true noise, too. `mf`, median and
blur are tuned on all seeds; MAP, TV and non-local means on the first, and judged on all; BM3D
on the middle 256 x 256 pixels of the first in its low-complexity profile, and judged on that
seed alone in its normal one. Small parts: components of at most 6 pixels, kept if half of
their pixels come out right; only pictures that have ten or more count. ECE: expected
calibration error."""


@dataclass(frozen=True)
class Goal:
    """One goal, its figures, and whether it holds (None: nothing to judge by)."""

    words: str
    found: str
    holds: bool | None

    def row(self) -> str:
        verdict = {True: "yes", False: "**no**", None: "not measured"}[self.holds]
        return f"| {self.words} | {self.found} | {verdict} |"


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


def goals(cells: Cells, clean: dict[str, Record]) -> list[Goal]:
    """Return the goals with their figures."""
    return [
        *_close_to("told", cells),
        *_close_to("oracle", cells),
        *_beside_rivals(cells),
        _worst("calibration error of `mf`, each cell", cells, 0.03, _calibration),
        _worst("noise level, 512 x 512 and more, each seed", cells, 0.05, _noise_error, True),
        _worst("grey levels, by their distance, each seed", cells, 0.02, _level_error, True),
        _unchanged(clean),
    ]


def _close_to(column: str, cells: Cells) -> list[Goal]:
    """Judge the bit errors of the column `zero` by those of an oracle."""
    ratios = {
        name: _ratio(_ber(cell, "zero"), _ber(cell, column))
        for name, cell in cells.items()
        if "zero" in cell and column in cell
    }
    words = f"bit errors, `mf` / {TITLES[column]}"
    if not ratios:
        return [Goal(words, "", None)]
    mean = fmean(ratios.values())
    over = [name for name, ratio in ratios.items() if ratio > 1.2]
    return [
        Goal(f"{words}: mean at most 1.05", f"{mean:.3f}", mean <= 1.05),
        Goal(f"{words}: every cell at most 1.20", _tally(over, ratios), not over),
    ]


def _beside_rivals(cells: Cells) -> list[Goal]:
    ratios = {}
    for name, cell in cells.items():
        rivals = [_ber(cell, rival) for rival in RIVALS if rival in cell]
        if "zero" in cell and rivals:
            ratios[name] = _ratio(_ber(cell, "zero"), min(rivals))
    words = "`mf` / best of median, blur, TV, non-local means"
    if not ratios:
        return [Goal(words, "", None)]
    over = [name for name, ratio in ratios.items() if ratio > 1.1]
    below = sum(ratio < 1 for ratio in ratios.values()) / len(ratios)
    return [
        Goal(f"{words}: every cell at most 1.10", _tally(over, ratios), not over),
        Goal(f"{words}: below 1 in 80 % of the cells", f"{below:.1%}", below >= 0.8),
    ]


def _worst(
    words: str,
    cells: Cells,
    limit: float,
    figure: Callable[[Record], float | None],
    large: bool = False,
) -> Goal:
    """Judge the worst figure of the column `zero`, if asked for only of large pictures."""
    found = {}
    for name, cell in cells.items():
        if "zero" in cell and (not large or cell["zero"]["pixels"] >= LARGE):
            value = figure(cell["zero"])
            if value is not None:
                found[name] = value
    words = f"{words}: at most {limit:g}"
    if not found:
        return Goal(words, "", None)
    over = [name for name, value in found.items() if value > limit]
    return Goal(words, _tally(over, found), not over)


def _calibration(record: Record) -> float | None:
    return fmean(record["ece"])


def _noise_error(record: Record) -> float | None:
    return max(abs(one["relative"]) for one in record["estimates"])


def _level_error(record: Record) -> float | None:
    return max((one["levels"] for one in record["estimates"] if "levels" in one), default=None)


def _unchanged(clean: dict[str, Record]) -> Goal:
    found = {
        (picture, kind): share
        for picture, record in clean.items()
        for kind, share in record["changed"].items()
    }
    words = "pixels of a clean picture that change: at most 0.05 %"
    if not found:
        return Goal(words, "", None)
    over = [name for name, share in found.items() if share > 0.0005]
    return Goal(words, _tally(over, found), not over)


def _tally(over: list[tuple[str, str]], figures: dict[tuple[str, str], float]) -> str:
    """Say how many of the figures are over their limit, and which is the worst."""
    worst = max(figures, key=lambda name: figures[name])
    return f"{len(over)} of {len(figures)} over; worst {figures[worst]:.4g} ({', '.join(worst)})"


def _ratio(a: float, b: float) -> float:
    """Return a / b; 1 where both are 0, infinite where only b is."""
    return a / b if b else 1.0 if a == 0 else float("inf")


def _ber(cell: dict[str, Record], column: str) -> float:
    return fmean(cell[column]["ber"])


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

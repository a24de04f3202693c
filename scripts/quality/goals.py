"""What the benchmark is to show, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import Any

Record = dict[str, Any]
Cells = dict[tuple[str, str], dict[str, Record]]  # (picture, setting) to column to record

RIVALS = ("median", "blur", "tv", "nlm")
FLIPPED = ("flip 10 %", "flip 20 %")
_HALF = 0.5  # of a pixel, added to wrong ones: no ratio is 0, and none is taken by 0
LARGE = 512 * 512  # pixels from which estimates are judged


@dataclass(frozen=True)
class Goal:
    """One goal, its figures, and whether it holds (None: nothing to judge by)."""

    words: str
    found: str
    holds: bool | None

    def row(self) -> str:
        verdict = {True: "yes", False: "**no**", None: "not measured"}[self.holds]
        return f"| {self.words} | {self.found} | {verdict} |"


def goals(cells: Cells, clean: dict[str, Record]) -> list[Goal]:
    """Return the goals with their figures."""
    return [
        *_close_to("told", cells),
        *_close_to("oracle", cells),
        *_beside(("bm3d",), "BM3D", cells, 0.7),
        *_beside(RIVALS, "best of median, blur, TV, non-local means", cells),
        _codes(cells),
        *_small_parts(cells),
        _worst("expected calibration error, each cell", cells, 0.02, _calibration),
        _worst("noise level, 512 x 512 and more, each seed", cells, 0.05, _noise_error, True),
        _worst("grey levels, by their distance, each seed", cells, 0.02, _level_error, True),
        _unchanged(clean),
    ]


def _close_to(column: str, cells: Cells) -> list[Goal]:
    """Judge the bit errors of mean field by those of an oracle."""
    ratios = {
        name: _ratio(_ber(cell, "mf"), _ber(cell, column))
        for name, cell in cells.items()
        if "mf" in cell and column in cell
    }
    words = f"bit errors, `mf` / `mf`, {'led' if column == 'oracle' else column}"
    if not ratios:
        return [Goal(words, "", None)]
    mean = fmean(ratios.values())
    over = [name for name, ratio in ratios.items() if ratio > 1.2]
    return [
        Goal(f"{words}: mean at most 1.05", f"{mean:.3f}", mean <= 1.05),
        Goal(f"{words}: every cell at most 1.20", _tally(over, ratios), not over),
    ]


def _beside(rivals: Sequence[str], title: str, cells: Cells, most: float = 1.0) -> list[Goal]:
    """Judge the bit errors of the column `zero` by the best of others, tuned in hindsight."""
    ratios = {}
    for name, cell in cells.items():
        errors = [_wrong(cell, rival) for rival in rivals if rival in cell]
        if "zero" in cell and errors:
            ratios[name] = (_wrong(cell, "zero") + _HALF) / (min(errors) + _HALF)
    words = f"bit errors, nothing told / {title}"
    if not ratios:
        return [Goal(words, "", None)]
    over = [name for name, ratio in ratios.items()
            if ratio >= 1 and _wrong(cells[name], "zero") > 0]  # fmt: skip
    mean = exp(fmean(map(log, ratios.values())))
    return [
        Goal(f"{words}: geometric mean at most {most:g}", f"{mean:.3f}", mean <= most),
        Goal(f"{words}: below 1 in every cell", _tally(over, ratios), not over),
    ]


def _codes(cells: Cells) -> Goal:
    """Judge which share of the codes is read after many flips."""
    own = [
        cell for (_, s), cell in cells.items() if s in FLIPPED and "codes" in cell.get("zero", ())
    ]
    words = "codes read after 10 and 20 % flips: at least BM3D's share"
    both = [cell for cell in own if "codes" in cell.get("bm3d", ())]
    if not both:
        return Goal(words, "", None)
    ours, other = (fmean(fmean(c[k]["codes"]) for c in both) for k in ("zero", "bm3d"))
    return Goal(words, f"{ours:.1%}, BM3D {other:.1%}", ours >= other)


def _small_parts(cells: Cells) -> list[Goal]:
    """Judge which share of small parts is kept."""
    own = {name: cell for name, cell in cells.items() if "small" in cell.get("zero", ())}
    if not own:
        return [Goal("small parts kept", "", None)]
    kept = {name: fmean(cell["zero"]["small"]) for name, cell in own.items()}
    mean = fmean(kept.values())
    lost = {name: fmean(cell["mf"]["small"]) - kept[name] for name, cell in own.items()
            if "small" in cell.get("mf", ())}  # fmt: skip
    fewer = [name for name, share in lost.items() if share > 1e-9]
    words = "small parts, never fewer kept than `mf` keeps (share lost)"
    return [
        Goal("small parts kept, mean of the cells: at least 60 %", f"{mean:.1%}", mean >= 0.6),
        Goal(words, _tally(fewer, lost), not fewer) if lost else Goal(words, "", None),
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


def _wrong(cell: dict[str, Record], column: str) -> float:
    """Return the wrong pixels of a picture, averaged over seeds."""
    return _ber(cell, column) * float(cell[column]["pixels"])


def _ber(cell: dict[str, Record], column: str) -> float:
    return fmean(cell[column]["ber"])

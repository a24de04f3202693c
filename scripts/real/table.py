"""Tables and goals out of the records, as markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from quality.goals import Goal

Record = dict[str, Any]

WORDS_KEPT = 0.97  # of Otsu's, on every page
UNCHANGED = 0.0005
SPECKS_GONE = 0.9
DOTS_KEPT = 0.99
GAINED = 5


def report(records: Sequence[Record]) -> str:
    """Return a table for each section, and all goals."""
    parts = []
    for section, table in TABLES.items():
        own = [record for record in records if record["section"] == section]
        if own:
            parts.append(f"{section}\n\n{table(own)}")
    found = goals(records)
    if found:
        rows = [goal.row() for goal in found]
        parts.append("\n".join(["| goal | found | holds |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def goals(records: Iterable[Record]) -> list[Goal]:
    """Return the goals of those sections that were measured."""
    by_section: dict[str, list[Record]] = {}
    for record in records:
        by_section.setdefault(record["section"], []).append(record)
    return [goal for name, own in by_section.items() if name in GOALS for goal in GOALS[name](own)]


def _of_pages(records: list[Record]) -> list[Goal]:
    out = []
    read = [r for r in records if r["kind"] == "quiet" and "grey" in r]
    total = "words shared with the grey page, quiet pages, run / Otsu: at least 1.0"
    each = f"the same, on each page: at least {WORDS_KEPT}"
    if not read:
        return [Goal(total, "no Tesseract", None), Goal(each, "no Tesseract", None)]
    ratio = _sum(read, "run") / max(_sum(read, "otsu"), 1)
    worst = min(read, key=_kept)
    below = sum(_kept(r) < WORDS_KEPT for r in read)
    tally = f"{below} of {len(read)} below; worst {_kept(worst):.3f} ({worst['name']})"
    out.append(Goal(total, f"{ratio:.3f}", ratio >= 1))
    out.append(Goal(each, tally, not below))
    for kind in ("noisy", "light"):
        own = [r for r in records if r["kind"] == kind and "grey" in r]
        if own:
            ratio = _sum(own, "run") / max(_sum(own, "otsu"), 1)
            out.append(Goal(f"{KINDS[kind]}, run / Otsu: above 1", f"{ratio:.3f}", ratio > 1))
    return out


KINDS = {
    "noisy": "words of the drawing, noisy pages",
    "light": "words of the drawing, pages in uneven light",
}


def _of_codes(records: list[Record]) -> list[Goal]:
    lost, gained = ([r["name"] for r in records if r[a] and not r[b]]
                    for a, b in (("otsu", "run"), ("run", "otsu")))  # fmt: skip
    names = f": {'; '.join(lost)}" if lost else ""
    return [
        Goal(f"codes lost against Otsu, of {len(records)}: 0", f"{len(lost)}{names}", not lost),
        Goal(f"codes gained: at least {GAINED}", str(len(gained)), len(gained) >= GAINED),
    ]


def _of_clean(records: list[Record]) -> list[Goal]:
    worst = max(records, key=lambda r: r["changed"])
    over = sum(r["changed"] > UNCHANGED for r in records)
    tally = f"{over} of {len(records)} over; worst {worst['changed']:.3%} ({worst['name']})"
    words = f"clean pictures, pixels changed against Otsu: at most {UNCHANGED:.2%}"
    return [Goal(words, tally, not over)]


def _of_specks(records: list[Record]) -> list[Goal]:
    out = []
    for words, part, whole, limit in (
        ("specks gone", "gone", "specks", SPECKS_GONE),
        ("dots of the text kept", "kept", "dots", DOTS_KEPT),
    ):
        worst = min(records, key=lambda r: r[part] / r[whole])
        share = worst[part] / worst[whole]
        found = f"worst {share:.1%} ({worst['name']})"
        out.append(Goal(f"{words}, on each page: at least {limit:.0%}", found, share >= limit))
    return out


def _of_blanks(records: list[Record]) -> list[Goal]:
    wrong = [r["name"] for r in records if r["white"] < 1 or not r["warnings"]]
    found = "; ".join(wrong) or f"all {len(records)}"
    return [Goal("blank pages come out white, with a warning: all", found, not wrong)]


GOALS = {
    "pages": _of_pages,
    "codes": _of_codes,
    "clean": _of_clean,
    "specks": _of_specks,
    "blank": _of_blanks,
}


def _kept(record: Record) -> float:
    return record["run"] / record["otsu"] if record["otsu"] else 1.0


def _sum(records: Iterable[Record], key: str) -> int:
    return sum(record[key] for record in records)


def _pages_table(records: list[Record]) -> str:
    rows = []
    for r in records:
        counts = (str(r.get(key, "")) for key in ("right", "grey", "otsu", "run"))
        errors = " / ".join(f"{100 * share:.2f}" for share in r["errors"])
        rows.append([r["name"], *counts, errors, *_common(r)])
    heads = ["page", "words", "in grey", "after Otsu", "after run", "bit errors, %: Otsu / run"]
    return _table([*heads, *COMMON], rows)


def _codes_table(records: list[Record]) -> str:
    """Count by kind of picture; name the codes that are read after one alone, and never."""
    rows, notes = [], []
    for kind in dict.fromkeys(r["kind"] for r in records):
        own = [r for r in records if r["kind"] == kind]
        lost = [r for r in own if r["otsu"] and not r["run"]]
        gained = [r for r in own if r["run"] and not r["otsu"]]
        counts = (len(own), _sum(own, "otsu"), _sum(own, "run"), len(lost), len(gained))
        seconds = f"{sum(r['seconds'] for r in own):.1f}"
        rows.append([kind, *map(str, counts), str(_sum(own, "light")), seconds])
        for word, some in (("lost", lost), ("gained", gained)):
            if some:
                notes.append(f"{word}: " + "; ".join(r["name"] for r in some))
    heads = ["codes", "read in grey", "after Otsu", "after run", "lost", "gained", "light", "s"]
    return "\n\n".join([_table(heads, rows), *notes])


def _clean_table(records: list[Record]) -> str:
    return _table(["picture", *COMMON], [[r["name"], *_common(r)] for r in records])


def _specks_table(records: list[Record]) -> str:
    rows = [
        [r["name"], f"{r['gone']} of {r['specks']}", f"{r['kept']} of {r['dots']}",
         str(r["text_changed"]), *_common(r)]
        for r in records
    ]  # fmt: skip
    heads = ["page", "specks gone", "dots kept", "px wrong beside specks", *COMMON]
    return _table(heads, rows)


def _blank_table(records: list[Record]) -> str:
    rows = [[r["name"], f"{r['white']:.2%}", *_common(r)] for r in records]
    return _table(["page", "white", *COMMON], rows)


def _folder_table(records: list[Record]) -> str:
    rows = []
    for r in records:
        if "error" in r:
            rows.append([r["name"], "", "", "", "", "", r["error"]])
            continue
        triples = (" / ".join(map(str, r.get(key, ()))) for key in ("codes", "words"))
        rows.append([r["name"], *triples, *_common(r), " ".join(r["warnings"])])
    heads = ["picture", "codes: grey / Otsu / run", "words", *COMMON, "warnings"]
    return _table(heads, [row + [""] * (len(heads) - len(row)) for row in rows])


COMMON = ("changed, %", "assumed", "s")


def _common(record: Record) -> list[str]:
    light = ", light" if record["light"] else ""
    warned = ", warned" if record["warnings"] else ""
    changed = f"{100 * record['changed']:.3f}"
    return [changed, f"{record['assumed']}{light}{warned}", f"{record['seconds']:.2f}"]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES = {
    "pages": _pages_table,
    "codes": _codes_table,
    "clean": _clean_table,
    "specks": _specks_table,
    "blank": _blank_table,
    "folder": _folder_table,
}

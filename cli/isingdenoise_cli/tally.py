"""What a batch tells: of each picture, before it and after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import OverwriteError, ReadError, printable

from . import report, talk

if TYPE_CHECKING:
    from isingdenoise.batch import Journal, Outcome, Plan


def show_plan(jobs: Plan, journal: Journal, force: bool, as_json: bool) -> None:
    """Print what would be done with each picture; nothing is written."""
    rows = []
    for job in jobs:
        try:
            state = "redo" if force and job.target.exists() else "do"
            state = state if force else str(journal.state(job))
        except (ReadError, OverwriteError):  # told when its turn comes
            state = "do"
        rows.append({"action": state, "input": job.source, "output": job.target})
    if as_json:
        report.print_json({"pictures": rows, "links": jobs.links})
        return
    for row in rows:
        talk.result(f"{row['action']:<4}  {printable(row['input'])} -> {printable(row['output'])}")
    if jobs.links:
        talk.result(_links(jobs.links))


def warn(outcome: Outcome) -> None:
    """Say on stderr what went wrong with a picture, or had to be assumed."""
    for message in outcome.warnings:
        talk.warning(outcome.job.source, message)
    if outcome.error is not None:
        talk.error(str(outcome.error))
    elif outcome.result is not None:
        report.warn_if_not_converged(outcome.job.source, outcome.result)


def record(outcome: Outcome, *, chosen: bool, background: str | None) -> dict[str, Any]:
    """Return what became of a picture as plain values with stable keys."""
    found = outcome.result and report.result_record(
        outcome.result, chosen=chosen, background=background
    )
    return {
        "input": outcome.job.source,
        "output": None if outcome.error else outcome.job.target,
        "error": None if outcome.error is None else str(outcome.error),
        "warnings": list(outcome.warnings),
        "result": found,
        "skipped": outcome.skipped,
        "figures": outcome.entry and outcome.entry.result,
    }


def finish(
    records: list[dict[str, Any]], links: int, source: Path, target: Path, as_json: bool
) -> int:
    """Print the end of a batch; return how many pictures failed."""
    failed = sum(row["error"] is not None for row in records)
    skipped = sum(row["skipped"] for row in records)
    if as_json:
        ends = {"failed": failed, "skipped": skipped, "links": links}
        report.print_json({"pictures": records, **ends})
        return failed
    done = len(records) - failed - skipped
    pictures = "1 picture" if done == 1 else f"{done} pictures"
    parts = [f"{pictures} cleaned into {printable(target)}"]
    if not records:
        parts = [f"no pictures in {printable(source)}"]
    parts += [f"{skipped} up to date"] * bool(skipped) + [f"{failed} failed"] * bool(failed)
    parts += [_links(links)] * bool(links)
    talk.result(", ".join(parts))
    return failed


def _links(count: int) -> str:
    return "1 link passed over" if count == 1 else f"{count} links passed over"

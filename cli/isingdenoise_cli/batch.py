"""`isingdenoise batch`: every picture of a folder."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError, printable
from isingdenoise.inference import Engine

from . import options as o

SOME_FAILED = 1


@click.command()
@click.argument("source", metavar="INPUT", type=o.PATH)
@click.argument("target", metavar="OUTPUT", type=o.PATH)
@click.option("-r", "--recursive", is_flag=True, help="Visit folders below, and keep the tree.")
@o.max_change_option
@o.noise_options
@o.solver_options
@o.engine_options
@o.force_option
@click.option("--resume", is_flag=True, help="Insist that there is a journal to continue.")
@click.option(
    "--report",
    "report_file",
    type=o.PATH,
    help="Write figures of all pictures (.json, .csv), those to look at first on top.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@o.json_option
def batch(
    source: Path,
    target: Path,
    recursive: bool,
    max_change: float | None,
    prepare: o.Preparation,
    coupling: str | Coupling,
    seed: int,
    engine: Engine,
    force: bool,
    resume: bool,
    dry_run: bool,
    report_file: Path | None,
    as_json: bool,
) -> int:
    """Clean every picture of a folder.

    Each picture becomes a 1-bit PNG of the same name in OUTPUT, its noise and
    coupling estimated by itself. A bad file, or one in which more than --max-change
    would change, is reported and the rest goes on; the exit code is then 1.

    A journal in OUTPUT tells what was done, so that the same command goes on where
    it was cut off: what is up to date is skipped, what changed is done again.
    Files that the journal does not know stay as they are; --force replaces them,
    and does everything once more.

    \b
    isingdenoise batch scans/ cleaned/ --noise flip
    """
    from isingdenoise.batch import (
        Journal,
        check_report,
        denoise_many,
        describe_settings,
        locked,
        make_folder,
        plan,
        report_row,
        write_report,
    )

    from . import report, signals, tally

    settings = describe_settings(
        prepare.noise,
        engine=engine,
        coupling=coupling,
        max_change=max_change,
        seed=seed,
        background=prepare.background,
    )
    with o.named(output="OUTPUT"):
        journal = Journal(target, settings)
        jobs = plan(source, target, recursive=recursive, overwrite=force, journal=journal)
    if resume and not journal.exists:
        raise ParameterError(
            "--resume", f"there is no journal to continue in {printable(target)}; leave it out"
        )
    if dry_run:
        tally.show_plan(jobs, journal, force, as_json)
        return 0
    records: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    outcomes = denoise_many(
        jobs,
        prepare=lambda x: prepare(x).arguments,
        engine=engine,
        coupling=coupling,
        max_change=max_change,
        rng=seed,
        overwrite=force,
        journal=journal,
    )
    if jobs:
        make_folder(target)
        report.say_if_cold()
    if report_file:
        with o.named(report="--report", output="--report"):
            check_report(report_file, (job.source for job in jobs), overwrite=force)
    with (
        locked(target) if jobs else nullcontext(),
        signals.stop_on_signals() as stop,
        click.progressbar(
            outcomes, length=len(jobs), label="cleaning", file=sys.stderr, hidden=not _on_terminal()
        ) as progress,
    ):
        journal.reload()
        for outcome in progress:
            tally.warn(outcome)
            records.append(tally.record(outcome, **prepare.told))
            rows.append(report_row(outcome))
            if stop.number is not None:
                break
    if report_file:
        write_report(report_file, rows, overwrite=force)
    failed = tally.finish(records, jobs.links, source, target, as_json)
    if len(records) < len(jobs):
        signals.tell_the_rest(len(jobs) - len(records))
        return stop.code
    return SOME_FAILED if failed else 0


def _on_terminal() -> bool:
    return sys.stderr.isatty()

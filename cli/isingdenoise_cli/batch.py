"""`isingdenoise batch`: every picture of a folder."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError, WriteError, printable

from . import options as o
from . import talk
from .folder import Work, available_cores, check_report, short_turns
from .options.writing import Writing, writing_options

SOME_FAILED = 1


@click.command()
@click.argument("source", metavar="INPUT", type=o.PATH)
@click.argument("target", metavar="OUTPUT", type=o.PATH)
@click.option("-r", "--recursive", is_flag=True, help="Visit folders below, and keep the tree.")
@click.option(
    "-j",
    "--jobs",
    "threads",
    type=click.IntRange(1),
    help="Pictures cleaned at a time, at most 4 for each core; by default as many as cores.",
)
@click.option(
    "--probability",
    type=click.Choice(["tif", "png", "npy"]),
    help="Also write P(bright) of each picture, as NAME.probability.tif (float32), .png or .npy.",
)
@o.max_change_option
@writing_options
@o.reading_options
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
@click.option(
    "--verify", is_flag=True, help="Compare what a batch wrote with its journal, and do nothing."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@o.json_option
def batch(
    source: Path,
    target: Path,
    recursive: bool,
    threads: int | None,
    force: bool,
    resume: bool,
    verify: bool,
    dry_run: bool,
    report_file: Path | None,
    probability: str | None,
    as_json: bool,
    writing: Writing,
    **settings: Any,
) -> int:
    """Clean every picture of a folder.

    Each picture becomes a two-level one of the same name in OUTPUT, its noise and
    coupling estimated by itself: a TIFF with all its pages a TIFF, any other a PNG.
    A bad file, or one in which more than --max-change would change, is reported
    and the rest goes on; the exit code is then 1.

    A journal in OUTPUT tells what was done, so that the same command goes on where
    it was cut off: what is up to date is skipped, what changed is done again.
    Files that the journal does not know stay as they are; --force replaces them,
    and does everything once more.

    \b
    isingdenoise batch scans/ cleaned/ --report report.csv
    """
    from isingdenoise.batch import locked, make_folder, plan, write_report

    from . import report, signals, tally, verifying

    if verify:
        others = {"--force": force, "--dry-run": dry_run, "--report": report_file}
        return verifying.verify(target, as_json, others)
    o.check_probability(probability, settings["engine"])
    work = Work(
        force=force,
        threads=threads or available_cores(),
        compression=writing.compression,
        **settings,
    )
    with o.named(output="OUTPUT"):
        journal = work.journal(target)
        jobs = plan(
            source,
            target,
            recursive=recursive,
            overwrite=force or dry_run,
            extension=writing.extension,
            journal=journal,
            probability=probability and f".{probability}",
        )
    if resume and not journal.exists:
        raise ParameterError(
            "--resume", f"there is no journal to continue in {printable(target)}; leave it out"
        )
    writing.check(jobs.extensions)
    if dry_run:
        with o.named(output="OUTPUT"):
            tally.show_plan(jobs, journal, force, as_json)
        return 0
    if report_file:
        check_report(report_file, target, jobs, force)
    told, stop = tally.Tally(as_json, work.prepare.told, rows=bool(report_file)), signals.Stop()
    outcomes = work.outcomes(jobs, journal, told, stop)
    if jobs:
        make_folder(target)
        report.say_if_cold()
    unreported: WriteError | None = None
    with signals.stop_on_signals(stop):  # the lock goes, and the report is whole, whatever comes
        with locked(target) if jobs else nullcontext(), short_turns(), closing(outcomes):
            journal.reload()
            with talk.progress(outcomes, len(jobs), "cleaning") as progress:
                for outcome in progress:
                    told.add(outcome)
        try:
            if report_file and told.rows is not None:
                write_report(report_file, told.rows, overwrite=force)
        except WriteError as error:  # the pictures are there all the same
            unreported = error
    told.finish(source, target, jobs.passed)
    if told.count < len(jobs):
        signals.tell_the_rest(len(jobs) - told.count)
    if unreported is not None:
        raise unreported
    if told.count < len(jobs):
        return stop.code
    return SOME_FAILED if told.failed else 0

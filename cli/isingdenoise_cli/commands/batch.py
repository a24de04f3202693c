"""`isingdenoise batch`: every picture of a folder."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError, printable
from isingdenoise.pipeline import CleanOptions

from .. import options as o
from ..options import folder as f
from ..options.streams import check_source
from ..options.writing import Writing, writing_options

SOME_FAILED = 1

HELP = """Clean every picture of a folder.

Write a two-level picture of the same name into OUTPUT for each picture in
INPUT; noise and coupling are estimated for each picture. A TIFF becomes a
TIFF with all its pages, any other format a PNG. If a picture fails, or
more of it would change than --max-change allows, the failure is reported
and the others are cleaned; the exit code is then 1.

A journal in OUTPUT records what is done. The same command continues an
interrupted batch: it skips results that are up to date and cleans changed
pictures again. Files in OUTPUT that the journal does not list are refused;
--force replaces them and cleans everything again.

\b
isingdenoise batch scans/ cleaned/ --report report.csv
"""


@click.command(help=HELP)
@click.argument("source", metavar="INPUT", type=o.PATH)
@click.argument("target", metavar="OUTPUT", type=o.PATH)
@f.choosing_options
@f.jobs_option
@f.scheduler_option
@o.besides_options
@o.limit_options
@writing_options
@o.reading_options
@o.timeout_option
@o.noise_options
@o.solver_options
@o.engine_options
@o.force_option
@click.option("--resume", is_flag=True, help="Require a journal to continue from.")
@click.option(
    "--report",
    "report_file",
    type=o.PATH,
    help="Write the figures of all pictures to a .json, .csv or .html file (with thumbnails), the "
    "most doubtful first.",
)
@click.option("--verify", is_flag=True, help="Compare the results with the journal, and exit.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and exit.")
@o.json_option
@o.clean_options
def batch(
    source: Path,
    target: Path,
    choosing: dict[str, Any],
    threads: int | None,
    scheduler: str | None,
    force: bool,
    resume: bool,
    dry_run: bool,
    verify: bool,
    report_file: Path | None,
    besides: dict[str, str],
    as_json: bool,
    writing: Writing,
    options: CleanOptions,
) -> int:
    """Clean every picture of a folder."""
    from isingdenoise.batch import Journal, denoise_many, locked, make_folder, plan

    from ..framework import signals
    from ..render import text, verifying
    from ..render.summary import Summary, show_plan

    if verify:
        others = {"--force": force, "--dry-run": dry_run, "--report": report_file}
        return verifying.verify(target, as_json, others)
    o.check_probability(besides.get("probability"), options.solver)
    options = replace(options, compression=writing.compression)
    for path in options.files:
        check_source(path)
    with o.named(output="OUTPUT"):
        journal = Journal(target, options.fingerprint())
        jobs = plan(
            source,
            target,
            overwrite=force or dry_run,
            extension=writing.extension,
            journal=journal,
            besides=besides,
            **choosing,
        )
    if resume and not journal.exists:
        raise ParameterError(
            "--resume", f"there is no journal to continue in {printable(target)}; leave it out"
        )
    writing.check(jobs.extensions)
    if dry_run:
        with o.named(output="OUTPUT"):
            show_plan(jobs, journal, force, as_json)
        return 0
    written = f.Report(report_file, target, jobs, force)
    reading = options.reading() if written.has_pictures else None
    summary, stop = Summary(as_json, rows=bool(report_file), reading=reading), signals.Stop()
    # the lock goes, and the report is whole, whatever comes
    with f.cluster_for(scheduler, jobs) as cluster, signals.stop_on_signals(stop):
        outcomes = denoise_many(
            jobs,
            options,
            overwrite=force,
            journal=journal,
            threads=f.threads_for(threads),
            scheduler=cluster,
            stopped=lambda: stop.number is not None,
        )
        if jobs:
            make_folder(target)
            text.say_if_cold()
        with locked(journal.root) if jobs else nullcontext(), f.short_turns(), closing(outcomes):
            journal.reload()
            gone = summary.follow(outcomes, len(jobs))
        written.write(summary.rows)
    summary.finish(source, target, jobs.passed)
    if summary.count < len(jobs):
        signals.tell_the_rest(len(jobs) - summary.count, gone)
    written.raise_failure()
    if summary.count < len(jobs):
        return gone.exit_code if gone else stop.code
    return SOME_FAILED if summary.failed else 0

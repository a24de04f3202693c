"""`isingdenoise batch`: every picture of a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import printable
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
    as_json: bool,
) -> int:
    """Clean every picture of a folder.

    Each picture becomes a 1-bit PNG of the same name in OUTPUT, its noise and
    coupling estimated by itself. A bad file, or one in which more than --max-change
    would change, is reported and the rest goes on; the exit code is then 1.

    \b
    isingdenoise batch scans/ cleaned/ --noise flip
    """
    from isingdenoise.batch import denoise_many, make_folder, plan

    from . import report

    with o.named(output="OUTPUT"):
        jobs = plan(source, target, recursive=recursive, overwrite=force)
    records: list[dict[str, Any]] = []
    outcomes = denoise_many(
        jobs,
        prepare=lambda x: prepare(x).arguments,
        engine=engine,
        coupling=coupling,
        max_change=max_change,
        rng=seed,
        overwrite=force,
    )
    if jobs:
        make_folder(target)
        report.say_if_cold()
    with click.progressbar(
        outcomes, length=len(jobs), label="cleaning", file=sys.stderr, hidden=not _on_terminal()
    ) as progress:
        for outcome in progress:
            for message in outcome.warnings:
                report.warn(outcome.job.source, message)
            if outcome.error is not None:
                click.echo(f"isingdenoise: {outcome.error}", err=True)
            elif outcome.result is not None:
                report.warn_if_not_converged(outcome.job.source, outcome.result)
            records.append(_record(outcome, prepare))
    failed = sum(record["error"] is not None for record in records)
    if as_json:
        report.print_json({"pictures": records, "failed": failed})
    else:
        click.echo(_summary(len(records) - failed, failed, source, target))
    return SOME_FAILED if failed else 0


def _record(outcome: Any, prepare: o.Preparation) -> dict[str, Any]:
    from . import report

    found = outcome.result and report.result_record(outcome.result, **prepare.told)
    return {
        "input": outcome.job.source,
        "output": None if found is None else outcome.job.target,
        "error": None if outcome.error is None else str(outcome.error),
        "warnings": list(outcome.warnings),
        "result": found,
    }


def _summary(done: int, failed: int, source: Path, target: Path) -> str:
    if not done + failed:
        return f"no pictures in {printable(source)}"
    pictures = "1 picture" if done == 1 else f"{done} pictures"
    failures = f", {failed} failed" if failed else ""
    return f"{pictures} cleaned into {printable(target)}{failures}"


def _on_terminal() -> bool:
    return sys.stderr.isatty()

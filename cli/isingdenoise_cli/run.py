"""`isingdenoise run`: noisy pictures in, clean ones out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import IsingDenoiseError, ParameterError, printable
from isingdenoise.inference import Engine

from . import options as o
from . import outputs, planning, report, talk
from .streams import Place, input_name, output_name

if TYPE_CHECKING:
    from .cleaning import Cleaner, Page

SOME_FAILED = 1


@click.command()
@click.argument("sources", metavar="INPUT...", nargs=-1, required=True, type=o.PLACE)
@o.target_options
@o.limit_options
@o.reading_options
@o.noise_options
@o.solver_options
@o.engine_options
@o.force_option
@o.json_option
def run(
    sources: tuple[Place, ...],
    wanted: o.Wanted,
    limits: o.Limits,
    reading: dict[str, Any],
    prepare: o.Preparation,
    coupling: str | Coupling,
    seed: int,
    engine: Engine,
    force: bool,
    as_json: bool,
) -> int:
    """Clean pictures.

    Writes a 1-bit picture for each INPUT and prints what was estimated. Inputs
    are never touched, existing outputs only replaced with --force. Where more
    would change than --max-change allows, nothing is written and the exit code
    is 6.

    Of a TIFF all pages are cleaned, of an animation that of --frame. Of several
    INPUTs those that fail are reported, and the exit code is then 1. '-' is
    standard input, which goes to standard output unless -o names a file; the
    report is then on stderr.

    \b
    isingdenoise run noisy.png
    isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif
    isingdenoise run page1.tif page2.tif -o cleaned/ --format png
    isingdenoise run page.png --background auto --noise gaussian
    isingdenoise run plan.png --protect dots.png --max-change 5% --change-map changes.png
    isingdenoise run - < noisy.png > clean.png
    """
    from isingdenoise.validation import as_generator

    from .cleaning import Cleaner

    as_generator(seed)
    o.check_probability(wanted.probability, engine)
    jobs = planning.plan(sources, wanted, limits.files, force)
    if as_json and jobs[0].takes_stdout:
        raise ParameterError("--json", "does not go with a picture on standard output; use -o")
    outputs.sweep_folders(jobs)
    alone = len(jobs) == 1
    clean = Cleaner(prepare, limits, reading, engine, coupling, seed, force, alone)
    if not alone:
        with talk.progress(jobs, len(jobs), "cleaning") as progress:
            return _each(progress, clean, as_json)
    pages = clean(jobs[0])
    if as_json:
        report.print_json(_record(jobs[0], pages, limits))
    else:
        _tell(jobs[0], pages)
    return 0


def _each(jobs: Iterable[outputs.Job], clean: Cleaner, as_json: bool) -> int:
    """Clean several pictures; report those that fail and go on."""
    records: list[dict[str, Any]] = []
    failed = 0
    for job in jobs:
        try:
            pages = clean(job)
        except IsingDenoiseError as error:
            about = f"{printable(job.source)}: " if isinstance(error, ParameterError) else ""
            talk.error(f"{about}{error}")
            records.append({"input": str(job.source), "output": None, "error": f"{about}{error}"})
            failed += 1
            continue
        if as_json:
            records.append({**_record(job, pages, clean.limits), "error": None})
        else:
            _tell(job, pages)
    if as_json:
        report.print_json({"pictures": records, "failed": failed})
    return SOME_FAILED if failed else 0


def _record(job: outputs.Job, pages: list[Page], limits: o.Limits) -> dict[str, Any]:
    """Return what became of an input as plain values with stable keys."""
    named = {"output": "-o", "probability": "--probability", "change_map": "--change-map"}
    places = {key: job.place(option) for key, option in named.items()}
    written = {key: None if place is None else str(place) for key, place in places.items()}
    changes = written.pop("change_map")
    found = (
        pages[0].record
        if len(pages) == 1
        else {"pages": [{"page": number, **page.record} for number, page in enumerate(pages)]}
    )
    more = {"change_map": changes, "mask": limits.mask, "protect": limits.protect}
    return {"input": str(job.source), **written, **found, **more}


def _tell(job: outputs.Job, pages: list[Page]) -> None:
    """Print what became of an input: on stderr where stdout takes the picture."""
    say = talk.notice if job.takes_stdout else talk.result
    target = job.targets[0].place
    say(f"{printable(input_name(job.source))} -> {printable(output_name(target))}")
    for number, page in enumerate(pages, 1):
        indent = "  "
        if len(pages) > 1:
            say(f"  page {number} of {len(pages)}")
            indent = "    "
        for what, text in page.lines:
            say(f"{indent}{what:<9} {text}")

"""`isingdenoise run`: noisy pictures in, clean ones out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import IsingDenoiseError, ParameterError, printable
from isingdenoise.pipeline import CleanOptions

from .. import console
from .. import options as o
from ..framework.usage import worded
from ..options import planning, streams
from ..options.parts import Parts, in_parts, part_options
from ..options.planning import Planned
from ..options.streams import Place
from ..render import text
from ..render.cleaned import record_of, tell
from ..render.json import print_json
from ..render.pages import PageProgress
from ..render.parts import clean_in_parts
from ..render.webpage import RunReport

SOME_FAILED = 1
#: How the pipeline's parameters are called here.
_OPTIONS = {**planning.OPTIONS, "mask": "--mask", "protect": "--protect"}

HELP = """Clean pictures.

Write a 1-bit picture for each INPUT and print the estimates. Inputs are
never changed; existing outputs are replaced only with --force. If more
pixels would change than --max-change allows, nothing is written and the
exit code is 6.

All pages of a TIFF are cleaned; an animation needs --frame. With several
INPUTs, failures are reported, the others are cleaned, and the exit code
is 1. '-' reads standard input and writes standard output unless -o names
a file; the report then goes to stderr.

A Zarr store (OME-Zarr too) becomes a store, part by part; so does a TIFF
that does not fit into memory become a TIFF in tiles.

\b
isingdenoise run noisy.png
isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif
isingdenoise run page1.tif page2.tif -o cleaned/ --format png
isingdenoise run page.png --background auto --noise gaussian
isingdenoise run plan.png --protect dots.png --max-change 5% --change-map changes.png
isingdenoise run page.png --report page.html
isingdenoise run slide.zarr -o clean.zarr
isingdenoise run noisy.png --prior ising --animate steps.gif
isingdenoise run - < noisy.png > clean.png
"""


@click.command(help=HELP)
@click.argument("sources", metavar="INPUT...", nargs=-1, required=True, type=o.PLACE)
@o.target_options
@o.limit_options
@o.reading_options
@o.timeout_option
@o.report_option
@o.noise_options
@o.solver_options
@o.engine_options
@part_options
@o.force_option
@o.json_option
@o.clean_options
def run(
    sources: tuple[Place, ...],
    wanted: o.Wanted,
    options: CleanOptions,
    report: Path | None,
    parts: Parts,
    force: bool,
    as_json: bool,
) -> int:
    """Clean pictures."""
    o.check_probability(wanted.probability, options.solver)
    o.check_animation(wanted.animation, options.solver)
    if (job := in_parts(sources, wanted, options, parts)) is not None:
        clean_in_parts(job, options, report=report, force=force, as_json=as_json)
        return 0
    options = replace(options, compression=wanted.writing.compression)
    planned = planning.plan(sources, wanted, options.files, force)
    if as_json and planned[0].takes_stdout:
        raise ParameterError("--json", "does not go with a picture on standard output; use -o")
    read = [*streams.paths(*sources), *options.files]
    page = RunReport(o.check_page(report, read, force), planned, force)
    planning.sweep_folders(planned)
    if len(planned) > 1:
        with console.progress(planned, len(planned), "cleaning") as progress:
            return _each(progress, options, force, as_json, page)
    records = _cleaned(planned[0], options, force, page, alone=True)
    page.write()
    if wanted.animation is not None:
        text.warn_of_film(planned[0].source, records[0])
    if as_json:
        print_json(record_of(planned[0], records, options))
    else:
        tell(planned[0], records)
    return 0


def _cleaned(
    planned: Planned, options: CleanOptions, force: bool, report: RunReport, *, alone: bool
) -> list[dict[str, Any]]:
    """Clean one input; return the record of each page."""
    from isingdenoise.pipeline import clean

    if planned.error is not None or planned.job is None:
        raise planned.error or ParameterError("INPUT", "is none")
    with (
        ExitStack() as stack,
        o.named(**_OPTIONS),
    ):
        watcher = PageProgress(planned, stack, alone=alone, report=report)
        found = clean(planned.job, options, overwrite=force, watcher=watcher)
        watcher.end()
    return [page.record for page in found.pages]


def _each(
    items: Iterable[Planned], options: CleanOptions, force: bool, as_json: bool, report: RunReport
) -> int:
    """Clean several pictures; report those that fail and go on."""
    records: list[dict[str, Any]] = []
    failed = 0
    for planned in items:
        try:
            pages = _cleaned(planned, options, force, report, alone=False)
        except IsingDenoiseError as error:
            about = f"{printable(planned.source)}: " if isinstance(error, ParameterError) else ""
            line = f"{about}{worded(error)}"
            console.error(line)
            report.fail(planned, line)
            failure = {"output": None, "error": line}
            records.append({"input": str(planned.source), **failure})
            failed += 1
            continue
        if as_json:
            records.append({**record_of(planned, pages, options), "error": None})
        else:
            tell(planned, pages)
    report.write()
    if as_json:
        print_json({"pictures": records, "failed": failed})
    return SOME_FAILED if failed else 0

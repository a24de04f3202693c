"""`isingdenoise compare`: the engines side by side on one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError
from isingdenoise.inference import ENGINES, Engine
from isingdenoise.pipeline import CleanOptions

from .. import console
from .. import options as o
from ..options import streams
from ..options.settings import build_engines
from ..options.streams import Place
from ..render import figures

#: Bytes a pixel of a result: field, means, labels, picture.
_KEPT = 10

HELP = """Run all engines on one picture, side by side.

All engines solve the same model; one that cannot is listed with the reason.
Bounds on the log evidence are compared in nats a pixel. With --seeds INPUT is
a clean picture, which is given noise of one or more levels, and the table has
means and standard errors. -O NAME=VALUE sets an option of every engine that
has it, -O ENGINE.NAME=VALUE of one engine. '-' reads standard input.

\b
isingdenoise compare noisy.png --clean clean.png --plot table.png
isingdenoise compare noisy.png --engines mf,icm,mf:schedule=jacobi:damping=0.5
isingdenoise compare clean.png --sigma 0.5,1,2 --seeds 0:5 --csv levels.csv
"""


@click.command(help=HELP)
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@click.option("--clean", type=o.PATH, help="Count the wrong pixels against this clean picture.")
@o.plot_option
@o.csv_option
@o.engines_option
@o.report_option
@o.settings_option
@o.reading_options
@o.level_options
@o.solver_options
@o.only_mask_option
@o.force_option
@o.json_option
@o.clean_options
def compare(
    picture: Place,
    clean: Path | None,
    plot: Path | None,
    report: Path | None,
    table: Path | None,
    engines: tuple[str, ...] | None,
    settings: tuple[str, ...],
    levels: o.NoiseLevels | None,
    options: CleanOptions,
    force: bool,
    as_json: bool,
) -> None:
    """Run all engines on one picture, side by side."""
    from isingdenoise import experiments
    from isingdenoise.io import read_clean, read_picture

    from ..render import text
    from ..render.compared import OnePicture, SeveralLevels

    streams.check_source(picture)
    if levels is not None and clean is not None:
        raise ParameterError("--clean", "does not go with --seeds: INPUT is the clean picture")
    solvers = build_engines(engines or tuple(ENGINES), settings)
    inputs = [*streams.paths(picture, clean), *options.files]
    figure, numbers = o.check_figure(plot, inputs, force), o.check_table(table, inputs, force)
    page = o.check_page(report, inputs, force)
    with console.step("reading"):
        reading = {**streams.source(picture), **options.reading()}
        reading["besides"] = partial(_memory, options, solvers)
        pixels = read_picture(**reading).pixels if levels is None else read_clean(**reading)
    reference = None if clean is None else read_clean(clean, pixels.shape, **options.bounds())
    known = options.known(pixels.shape)
    name = streams.input_name(picture)
    given: dict[str, Any] = {"engines": solvers, "coupling": options.coupling, "mask": known}
    text.say_if_cold()
    found: OnePicture | SeveralLevels
    with text.notices(name):
        if levels is None:
            with console.step("noise and light"):
                prepared = options.prepare(pixels, known)
            noisy, choice = prepared.picture, prepared.choice
            given |= {"clean": reference, "rng": options.seed, "courses": figure is not None}
            rows = experiments.compare(noisy, choice, **given)
            found = OnePicture(rows, options, prepared, pixels, reference, known)
        else:
            found = SeveralLevels(levels, pixels, known)
            given["courses"] = None if figure is None else found.is_shown
            ways = experiments.compare_levels(pixels, levels.models, levels.seeds, **given)
            with console.progress(ways, levels.count, "comparing") as each:
                for rows in each:
                    found.add(rows)
    for advice in found.advice:
        console.warning(name, advice)
    if figure is not None:
        figures.write_figure(found.figure(), figure, force)
    if numbers is not None:
        figures.write_table(found.records, numbers, force)
    if page is not None:
        found.write_page(page, name, force)
    if as_json:
        found.print_json({"input": str(picture), "mask": options.mask, "plot": plot, "csv": table})
    else:
        found.print_text([solver.traits for solver in solvers])


def _memory(options: CleanOptions, solvers: Sequence[Engine], pixels: int, dtype: str) -> int:
    """Return the bytes that all engines take, one at work after the other."""
    outputs = {"probability": None}
    each = (replace(options, engine=engine).memory(pixels, dtype, outputs) for engine in solvers)
    return max(each) + _KEPT * pixels * (len(solvers) - 1)

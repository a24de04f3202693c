"""`isingdenoise compare`: the engines side by side on one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.errors import EngineRefusalError
from isingdenoise.inference import ENGINES, Engine
from isingdenoise.pipeline import CleanOptions, light_record, noise_record

from .. import console
from .. import options as o
from ..options import streams
from ..options.settings import EngineChoice, build_engines
from ..options.streams import Place
from ..render import figures, webpage

if TYPE_CHECKING:
    from isingdenoise.io import Checked

#: Bytes a pixel of a result: field, means, labels, picture.
_KEPT = 10

HELP = """Run all engines on one picture, side by side.

All engines solve the same model; one that cannot is listed with the reason.
Bounds on the log evidence are compared in nats a pixel. -O NAME=VALUE sets an option of every
engine that has it, -O ENGINE.NAME=VALUE of one engine. '-' reads standard
input.

\b
isingdenoise compare noisy.png --clean clean.png --plot table.png
"""


@click.command(help=HELP)
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@click.option("--clean", type=o.PATH, help="Count the wrong pixels against this clean picture.")
@o.plot_option
@o.report_option
@click.option(
    "--engine",
    "engines",
    type=EngineChoice(),
    multiple=True,
    help="Run only this engine; repeatable.",
)
@o.settings_option
@o.reading_options
@o.noise_options
@o.solver_options
@o.force_option
@o.json_option
@o.clean_options
def compare(
    picture: Place,
    clean: Path | None,
    plot: Path | None,
    report: Path | None,
    engines: tuple[str, ...],
    settings: tuple[str, ...],
    options: CleanOptions,
    force: bool,
    as_json: bool,
) -> None:
    """Run all engines on one picture, side by side."""
    from isingdenoise import experiments
    from isingdenoise.io import read_clean, read_picture

    from ..render import text
    from ..render.json import print_json
    from ..render.table import print_engines, sandwich_line

    streams.check_source(picture)
    solvers = build_engines(tuple(dict.fromkeys(engines)) or tuple(ENGINES), settings)
    figure = o.check_figure(plot, streams.paths(picture, clean), force)
    page = o.check_page(report, streams.paths(picture, clean), force)
    with console.step("reading"):
        needed = partial(_memory, options, solvers)
        pixels = read_picture(**streams.source(picture), **options.reading(), besides=needed).pixels
    reference = None if clean is None else read_clean(clean, pixels.shape, **options.bounds())
    name = streams.input_name(picture)
    text.say_if_cold()
    with text.notices(name):
        with console.step("noise and light"):
            prepared = options.prepare(pixels)
        rows = experiments.compare(
            prepared.picture,
            prepared.choice,
            engines=solvers,
            coupling=options.coupling,
            clean=reference,
            rng=options.seed,
        )
    results = [row.result for row in rows if row.result is not None]
    for result in results:
        text.warn_if_not_converged(name, result)
    if not results:
        raise EngineRefusalError(rows[0].engine, str(rows[0].refusal))
    if figure is not None:
        _draw(figure, pixels, reference, rows, force)
    used = results[0].settings["coupling"]
    between = experiments.sandwich(rows)
    noise = noise_record(prepared.noise, options.chosen)
    light = light_record(options.background, prepared.light)
    facts = [*text.model_lines(noise, light, results[0].coupling, used["source"])]
    webpage.write_comparison(page, name, pixels, reference, rows, facts, force)
    if as_json:
        calibration = next(filter(None, (r.settings["calibration"] for r in results)), None)
        more = {"engines": [row.record() for row in rows], "calibration": calibration, **light}
        more["sandwich"] = None if between is None else asdict(between)
        print_json({"input": str(picture), "noise": noise, "coupling": used, **more})
        return
    for what, words in facts:
        console.result(f"{what:<9} {words}")
    console.result()
    traits = [solver.traits for solver in solvers]
    print_engines([row.record() for row in rows], traits, measured=reference is not None)
    below = [f"{row.engine} left out: it {row.refusal}" for row in rows if row.refusal]
    below += [] if between is None else [sandwich_line(between)]
    if below:
        console.result("\n" + "\n".join(below))


def _memory(options: CleanOptions, solvers: Sequence[Engine], pixels: int, dtype: str) -> int:
    """Return the bytes that all engines take, one at work after the other."""
    outputs = {"probability": None}
    each = (replace(options, engine=engine).memory(pixels, dtype, outputs) for engine in solvers)
    return max(each) + _KEPT * pixels * (len(solvers) - 1)


def _draw(place: Checked, pixels: Any, reference: Any, rows: list[Any], force: bool) -> None:
    """Write the figure of all pictures."""
    inputs = {"noisy": pixels}
    if reference is not None:
        inputs["clean"] = reference
    restored = {}
    shown = [row for row in rows if row.result is not None]
    for row in shown:
        error = "" if row.bit_error_rate is None else f", {row.bit_error_rate:.2%} wrong"
        restored[f"{row.engine}{error}"] = row.result.image
    figure = figures.plotting().picture_table(
        [inputs, restored], [row.result.probability for row in shown]
    )
    figures.write_figure(figure, place, force)

"""`isingdenoise compare`: the engines side by side on one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.inference import ENGINES

from . import figures, streams, talk
from . import options as o
from .settings import build_engines
from .streams import Place


@click.command()
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@click.option("--clean", type=o.PATH, help="The clean picture, to count wrong pixels.")
@o.plot_option
@click.option(
    "--engine",
    "engines",
    type=click.Choice(list(ENGINES)),
    multiple=True,
    help="Only this engine; may be repeated.",
)
@o.settings_option
@o.reading_options
@o.noise_options
@o.solver_options
@o.force_option
@o.json_option
def compare(
    picture: Place,
    clean: Path | None,
    plot: Path | None,
    engines: tuple[str, ...],
    settings: tuple[str, ...],
    reading: dict[str, Any],
    prepare: o.Preparation,
    coupling: str | Coupling,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Run all engines on one picture, side by side.

    All engines solve the same model. A setting -O NAME=VALUE goes to every
    engine that has it, -O ENGINE.NAME=VALUE to one. '-' is standard input.

    \b
    isingdenoise compare noisy.png --clean clean.png --plot table.png
    """
    from isingdenoise import experiments
    from isingdenoise.io import read_clean, read_picture

    from . import report

    streams.check_source(picture)
    solvers = build_engines(tuple(dict.fromkeys(engines)) or tuple(ENGINES), settings)
    o.check_figure(plot, streams.paths(picture, clean), force)
    with talk.step("reading"):
        source = read_picture(
            **streams.source(picture), **reading, besides=prepare.memory(solvers, coupling)
        )
    pixels = source.pixels
    reference = None if clean is None else read_clean(clean, pixels.shape)
    name = streams.input_name(picture)
    report.say_if_cold()
    with report.notices(name):
        with talk.step("noise and light"):
            prepared = prepare(pixels)
        rows = experiments.compare(
            prepared.picture,
            prepared.noise,
            engines=solvers,
            coupling=coupling,
            clean=reference,
            rng=seed,
        )
    for row in rows:
        report.warn_if_not_converged(name, row.result)
    if plot is not None:
        _draw(plot, pixels, reference, rows, force)
    settings_of = [row.result.settings for row in rows]
    used = settings_of[0]["coupling"]
    if as_json:
        noise = report.noise_record(prepared.noise, prepare.noise.chosen)
        estimates = {"noise": noise, "coupling": used}
        more = {
            "calibration": next(filter(None, (s["calibration"] for s in settings_of)), None),
            **report.light_record(prepare.background, prepared.light),
        }
        engine_rows = [row.record() for row in rows]
        report.print_json({"input": str(picture), **estimates, "engines": engine_rows, **more})
        return
    talk.result(f"noise     {report.describe_noise(prepared.noise, prepare.noise.chosen)}")
    for what, text in report.light_line(prepare.background, prepared.light):
        talk.result(f"{what:<9} {text}")
    talk.result(f"coupling  {rows[0].result.coupling} ({used['source']})\n")
    report.print_table([_row(r.record(), reference is not None) for r in rows])


def _row(record: dict[str, Any], measured: bool) -> dict[str, str]:
    """Return one row of the table as text."""
    row = {"engine": record["engine"]}
    if measured:
        row["bit error rate"] = f"{record['bit_error_rate']:.4%}"
        row["PSNR dB"] = f"{record['psnr']:.2f}"
    row["energy"] = f"{record['energy']:.1f}"
    row["bound"] = "-" if record["bound"] is None else f"{record['bound']:.1f}"
    row |= {"sweeps": str(record["sweeps"]), "seconds": f"{record['seconds']:.4f}"}
    return row | {"status": record["status"]}


def _draw(plot: Path, pixels: Any, reference: Any, rows: list[Any], force: bool) -> None:
    """Write the figure of all pictures."""
    inputs = {"noisy": pixels}
    if reference is not None:
        inputs["clean"] = reference
    restored = {}
    for row in rows:
        error = "" if row.bit_error_rate is None else f", {row.bit_error_rate:.2%} wrong"
        restored[f"{row.engine}{error}"] = row.result.image
    figure = figures.plotting().picture_table(
        [inputs, restored], [row.result.probability for row in rows]
    )
    figures.write_figure(figure, plot, force)

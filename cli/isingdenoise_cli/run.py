"""`isingdenoise run`: one noisy picture in, a clean one out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError, printable
from isingdenoise.inference import ICM, Engine
from isingdenoise.io import check_input

from . import options as o
from .values import NoiseChoice


@click.command()
@click.argument("picture", metavar="INPUT", type=o.PATH)
@click.option("-o", "--output", type=o.PATH, help="Where to write; INPUT.denoised.png by default.")
@click.option(
    "--probability",
    type=o.PATH,
    help="Also write P(bright): .tif or .npy as float32, .png as 16 bit.",
)
@o.reading_options
@o.noise_options
@o.solver_options
@o.engine_options
@o.force_option
@o.json_option
def run(
    picture: Path,
    output: Path | None,
    probability: Path | None,
    reading: dict[str, Any],
    noise: NoiseChoice,
    coupling: str | Coupling,
    seed: int,
    engine: Engine,
    force: bool,
    as_json: bool,
) -> None:
    """Clean one picture.

    Writes a 1-bit picture and prints what was estimated. The input is never
    touched, an existing output only replaced with --force.

    \b
    isingdenoise run noisy.png --noise gaussian
    isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif
    """
    check_input(picture)
    target = output or picture.with_name(f"{picture.stem}.denoised.png")
    if probability is not None and isinstance(engine, ICM):
        raise ParameterError("--probability", "engine icm has none; use mf or gibbs")
    _check_outputs(picture, target, probability, force)

    from isingdenoise.api import denoise
    from isingdenoise.io import read_picture, write_bilevel, write_grey

    from . import report

    source = read_picture(picture, **reading)
    report.say_if_cold()
    with report.notices(picture):
        model = noise(source.pixels)
        result = denoise(source.pixels, model, engine=engine, coupling=coupling, rng=seed)
    report.warn_if_not_converged(picture, result)
    if probability is not None:
        if result.probability is None:
            raise ParameterError("--probability", f"engine {engine.name} has none")
        with o.named(format="--probability", output="--probability"):
            write_grey(probability, result.probability, overwrite=force)
    write_bilevel(target, result.image, overwrite=force, dpi=source.dpi)

    if as_json:
        written = {"input": picture, "output": target, "probability": probability}
        report.print_json({**written, **report.result_record(result)})
        return
    click.echo(f"{printable(picture)} -> {printable(target)}")
    for what, text in report.result_lines(result):
        click.echo(f"  {what:<9} {text}")


def _check_outputs(picture: Path, target: Path, probability: Path | None, force: bool) -> None:
    """Refuse outputs that cannot be written, before any work."""
    from isingdenoise.io import check_output, format_of

    format_of(target)
    check_output(target, [picture], overwrite=force)
    if probability is not None:
        with o.named(output="--probability"):
            if format_of(probability) == "PBM":
                raise ParameterError("output", "PBM holds no probabilities; use .tif, .png or .npy")
            if probability.resolve() == target.resolve():
                raise ParameterError("output", "is the same file as the output")
            check_output(probability, [picture], overwrite=force)

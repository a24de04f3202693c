"""`isingdenoise run`: one noisy picture in, a clean one out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ChangeLimitError, ParameterError, printable
from isingdenoise.inference import ICM, Engine
from isingdenoise.io import check_input

from . import options as o

_CHANGE_MAPS = {"PNG", "TIFF", "NPY"}


@click.command()
@click.argument("picture", metavar="INPUT", type=o.PATH)
@click.option("-o", "--output", type=o.PATH, help="Where to write; INPUT.denoised.png by default.")
@click.option(
    "--probability",
    type=o.PATH,
    help="Also write P(bright): .tif or .npy as float32, .png as 16 bit.",
)
@click.option(
    "--change-map",
    type=o.PATH,
    help="Also write what changed: .png or .tif in colours, .npy as -1, 0, 1.",
)
@o.limit_options
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
    change_map: Path | None,
    limits: o.Limits,
    reading: dict[str, Any],
    prepare: o.Preparation,
    coupling: str | Coupling,
    seed: int,
    engine: Engine,
    force: bool,
    as_json: bool,
) -> None:
    """Clean one picture.

    Writes a 1-bit picture and prints what was estimated. The input is never
    touched, an existing output only replaced with --force. Where more would
    change than --max-change allows, nothing is written and the exit code is 6.

    \b
    isingdenoise run noisy.png
    isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif
    isingdenoise run page.png --background auto --noise gaussian
    isingdenoise run plan.png --protect dots.png --max-change 5% --change-map changes.png
    """
    inputs = [picture, *limits.files]
    for path in inputs:
        check_input(path)
    target = output or picture.with_name(f"{picture.stem}.denoised.png")
    if probability is not None and isinstance(engine, ICM):
        raise ParameterError("--probability", "engine icm has none; use mf or gibbs")
    outputs = {"-o": target, "--probability": probability, "--change-map": change_map}
    _check_outputs({option: path for option, path in outputs.items() if path}, inputs, force)

    from isingdenoise.api import denoise
    from isingdenoise.io import (
        format_of,
        kept_notes,
        read_picture,
        write_bilevel,
        write_change_map,
        write_grey,
    )

    from . import report

    source = read_picture(picture, **reading)
    limited = limits.read(source.pixels.shape, reading["max_pixels"])
    report.say_if_cold()
    with report.notices(picture):
        estimated = prepare(source.pixels, limited["mask"]).arguments
        options = {"engine": engine, "coupling": coupling, "rng": seed, **limited}
        try:
            result = denoise(source.pixels, **estimated, **options)
        except ChangeLimitError as error:
            raise error.about(picture) from None
    report.warn_if_not_converged(picture, result)
    if probability is not None:
        if result.probability is None:
            raise ParameterError("--probability", f"engine {engine.name} has none")
        with o.named(format="--probability", output="--probability"):
            write_grey(probability, result.probability, overwrite=force)
    if change_map is not None:
        write_change_map(change_map, result.image, result.change_map, overwrite=force)
    kept = kept_notes(source, format_of(target))
    write_bilevel(target, result.image, overwrite=force, **kept)

    if as_json:
        written = {"input": picture, "output": target, "probability": probability}
        more = {"change_map": change_map, "mask": limits.mask, "protect": limits.protect}
        report.print_json({**written, **report.result_record(result, **prepare.told), **more})
        return
    click.echo(f"{printable(picture)} -> {printable(target)}")
    for what, text in report.result_lines(result, **prepare.told):
        click.echo(f"  {what:<9} {text}")


def _check_outputs(outputs: dict[str, Path], inputs: list[Path], force: bool) -> None:
    """Refuse outputs that cannot be written, or are one file, before any work."""
    from isingdenoise.io import check_output, format_of

    taken: dict[Path, str] = {}
    for option, path in outputs.items():
        with o.named(output=option):
            kind = format_of(path)
            if option == "--probability" and kind == "PBM":
                raise ParameterError("output", "PBM holds no probabilities; use .tif, .png or .npy")
            if option == "--change-map" and kind not in _CHANGE_MAPS:
                raise ParameterError("output", "must end in .png, .tif, .tiff or .npy")
            check_output(path, inputs, overwrite=force)
            if (other := taken.setdefault(path.resolve(), option)) != option:
                raise ParameterError("output", f"is the same file as that of {other}")

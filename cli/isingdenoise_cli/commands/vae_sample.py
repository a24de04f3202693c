"""`isingdenoise vae sample`: pictures drawn from a variational autoencoder."""

from __future__ import annotations

import math
from pathlib import Path

import click

from isingdenoise.errors import printable

from .. import console
from .. import options as o
from ..options.generative import count_option, model_argument, seed_option

HELP = """Draw pictures from a variational autoencoder.

Latent numbers are drawn from the prior and decoded: the picture shows the
probability of bright of each pixel, patch beside patch. With --interpolate
each row is a way between two draws.

\b
isingdenoise vae sample glyphs.npz -o samples.png
isingdenoise vae sample glyphs.npz -o ways.png --interpolate --seed 3
"""


@click.command(help=HELP)
@model_argument
@click.option(
    "-o",
    "--output",
    "target",
    type=o.PATH,
    required=True,
    help="Write the picture to this file (.png, .tif, .npy, ...).",
)
@count_option("--count", 64, "Set how many patches to draw.", high=10_000)
@click.option("--interpolate", is_flag=True, help="Show a way from one draw to another in a row.")
@seed_option
@o.force_option
def vae_sample(
    model: Path, target: Path, count: int, interpolate: bool, seed: int, force: bool
) -> None:
    """Draw pictures from a variational autoencoder."""
    from isingdenoise.generative import contact_sheet, read_model, sample, sample_ways
    from isingdenoise.io import encode_grey, format_of, sweep, write_bytes_atomically

    with o.named(output="-o", format="-o"):
        kind = format_of(target)
        checked = o.checked_output(target, [model], overwrite=force)
    known, _ = read_model(model)
    columns = max(2, math.isqrt(count - 1) + 1)
    if interpolate:
        rows = -(-count // columns)
        patches = sample_ways(known, rows, columns, seed=seed).reshape(-1, 32, 32)
    else:
        patches = sample(known, count, seed=seed)
    with o.named(output="-o", format="-o", array="-o"):
        data = encode_grey(contact_sheet(patches, columns), kind)
    sweep(target.parent)
    write_bytes_atomically(checked, data, overwrite=force)
    console.result(printable(target))

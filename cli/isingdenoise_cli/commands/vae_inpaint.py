"""`isingdenoise vae inpaint`: missing pixels filled by a variational autoencoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError, printable

from .. import console
from .. import options as o
from ..options.generative import count_option, model_argument, seed_option

HELP = """Fill missing pixels by a variational autoencoder.

Pixels where the mask is 0 are missing. They are sampled given the others of
their patch of 32 x 32 pixels, by Markov chains that are exact in the limit.
Written is the one drawn picture of each patch that differs least from what
all of them say. Patches that miss no pixel stay as they are.

\b
isingdenoise vae inpaint glyphs.npz torn.png --mask mask.png -o whole.png
"""


@click.command(help=HELP)
@model_argument
@click.argument("picture", metavar="PICTURE", type=o.PATH)
@click.option(
    "--mask",
    type=o.PATH,
    required=True,
    help="Replace pixels where this picture (same size) is 0.",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=o.PATH,
    required=True,
    help="Write the two-level picture to this file (.png, .tif, ...).",
)
@click.option("--probability", type=o.PATH, help="Write P(bright) too (.tif, .png, .npy).")
@o.plot_option
@count_option("--chains", 16, "Set the chains of each patch.", high=1000)
@count_option("--sweeps", 100, "Set the sweeps that are kept of a chain, after 100 others.")
@seed_option
@o.reading_options
@o.force_option
def vae_inpaint(
    model: Path,
    picture: Path,
    mask: Path,
    target: Path,
    probability: Path | None,
    plot: Path | None,
    chains: int,
    sweeps: int,
    seed: int,
    reading: dict[str, Any],
    force: bool,
) -> None:
    """Fill missing pixels by a variational autoencoder."""
    import numpy as np

    from isingdenoise.generative import Tiles, inpaint, read_model
    from isingdenoise.io import read_clean, read_mask

    from ..render import generative

    inputs = [model, picture, mask]
    targets = generative.check_targets(target, probability, plot, inputs, force)
    known, _ = read_model(model)
    pixels = read_clean(picture, **reading)
    seen = read_mask(mask, pixels.shape, max_pixels=reading["max_pixels"])
    tiles = Tiles.of(pixels, seen)
    torn = tiles.incomplete
    if not len(torn):
        raise ParameterError("--mask", f"{printable(mask)} is 0 nowhere: no pixel is missing")
    found = inpaint(
        known, tiles.patches[torn], tiles.known[torn], chains=chains, steps=sweeps, seed=seed
    )
    sure, drawn = tiles.patches.astype(np.float32), tiles.patches.copy()
    sure[torn], drawn[torn] = found.probability, found.drawn
    panels = {
        "known": np.where(seen, pixels, np.float32(0.5)),
        "P(bright)": tiles.joined(sure),
        "filled": tiles.joined(drawn),
    }
    generative.write_inpainted(targets, panels, force)
    missing = int((~seen).sum())
    patches = "1 patch" if len(torn) == 1 else f"{len(torn)} patches"
    console.result(f"missing   {missing} pixels in {patches}")
    console.result(f"accepted  {100 * found.accepted.mean():.3g}% of the proposals")
    console.result(f"output    {printable(target)}")

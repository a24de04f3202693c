"""`isingdenoise corrupt`: noise on a clean picture, to try things out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from isingdenoise.errors import ParameterError, printable

from . import options as o

#: Grey values of black and white in an 8-bit picture: room for noise on both sides.
_LEVELS = (64.0, 191.0)
_FLOATS = (".tif", ".tiff", ".npy")


@click.command()
@click.argument("picture", metavar="INPUT", type=o.PATH)
@click.option("-o", "--output", type=o.PATH, required=True, help="Where to write.")
@o.noise_name_option
@click.option(
    "--sigma",
    type=float,
    help="Standard deviation (gaussian), with black -1 and white +1.  [default: 1]",
)
@click.option("--flip-prob", type=float, help="Probability of a flip (flip).  [default: 0.1]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the noise.")
@o.force_option
def corrupt(
    picture: Path,
    output: Path,
    noise: str,
    sigma: float | None,
    flip_prob: float | None,
    seed: int,
    force: bool,
) -> None:
    """Add noise to a clean picture.

    Gaussian noise is written with 8 bits, black at 64 and white at 191, cut
    off at 0 and 255; as .tif or .npy in float32 with black -1 and white +1,
    nothing cut off. Flipped pixels are written with 1 bit.

    \b
    isingdenoise corrupt clean.png -o noisy.png --noise gaussian --sigma 1 --seed 0
    """
    from isingdenoise.io import (
        check_input,
        check_output,
        format_of,
        read_clean,
        write_bilevel,
        write_grey,
    )
    from isingdenoise.noise import FlipNoise, GaussianNoise
    from isingdenoise.validation import as_generator

    check_input(picture)
    if format_of(output) == "PBM" and noise != FlipNoise.name:
        raise ParameterError("-o", "PBM has no grey; use .png, .tif or .pgm")
    check_output(output, [picture], overwrite=force)
    rng, _ = as_generator(seed)
    if noise == FlipNoise.name:
        if sigma is not None:
            raise ParameterError("--sigma", "does not go with --noise flip")
        flips = FlipNoise(0.1 if flip_prob is None else flip_prob)
        write_bilevel(output, flips.sample(read_clean(picture), rng) > 0, overwrite=force)
    else:
        if flip_prob is not None:
            raise ParameterError("--flip-prob", f"does not go with --noise {noise}")
        unit = GaussianNoise(1.0 if sigma is None else sigma)
        write_grey(output, _noisy(read_clean(picture), unit, output, rng), overwrite=force)
    click.echo(f"{printable(picture)} -> {printable(output)}")


def _noisy(clean: Any, unit: Any, output: Path, rng: np.random.Generator) -> Any:
    """Draw Gaussian noise on the scale of the output's format."""
    from isingdenoise.noise import GaussianNoise

    if output.suffix.lower() in _FLOATS:
        return unit.sample(clean, rng)
    low, high = _LEVELS
    grey = GaussianNoise(unit.sigma * (high - low) / 2, _LEVELS, (0.0, 255.0))
    return np.rint(grey.sample(clean, rng)).astype(np.uint8)

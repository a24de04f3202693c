"""`isingdenoise corrupt`: noise on a clean picture, to try things out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from isingdenoise.errors import ParameterError, printable
from isingdenoise.noise import NOISE_MODELS

from . import options as o
from . import streams, talk
from .streams import Place
from .values import Auto, NoiseChoice

if TYPE_CHECKING:
    from isingdenoise.io import Checked

#: Grey values of black and white in an 8-bit picture: room for noise on both sides.
_LEVELS = (64.0, 191.0)
_SCALE = (0.0, 255.0)
_FLOATS = ("TIFF", "NPY")
_FLIPS = ("flip", "flip-per-level")
#: Standard deviations by default, with black -1 and white +1.
_SIGMAS = {"gaussian": 1.0, "gaussian-per-level": (0.5, 1.0), "laplace": 0.7}


@click.command()
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@click.option(
    "-o", "--output", type=o.PLACE, required=True, help="Where to write; '-' for standard output."
)
@o.format_option
@o.noise_name_option(*NOISE_MODELS)
@click.option(
    "--sigma",
    type=Auto("S", "SB,SW"),
    help="Standard deviation with black -1 and white +1 (gaussian, laplace, salt-pepper; with "
    "gaussian-per-level also SB,SW).  [default: gaussian 1; gaussian-per-level 0.5,1; "
    "laplace 0.7; salt-pepper 0]",
)
@click.option(
    "--flip-prob",
    type=Auto("P", "PB,PW"),
    help="Probability of a flip (flip; with flip-per-level also PB,PW).  [default: 0.1]",
)
@click.option("--salt", type=float, help="Share turned white (salt-pepper).  [default: 0.05]")
@click.option("--pepper", type=float, help="Share turned black (salt-pepper).  [default: 0.05]")
@click.option(
    "--levels",
    type=Auto("LO,HI"),
    help="Grey values of black and white.  [default: 64,191; poisson: mean counts 5,20]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the noise.")
@o.force_option
def corrupt(
    picture: Place,
    output: Place,
    output_format: str | None,
    noise: str,
    sigma: Any,
    flip_prob: Any,
    salt: float | None,
    pepper: float | None,
    levels: tuple[float, float] | None,
    seed: int,
    force: bool,
) -> None:
    """Add noise to a clean picture.

    Grey noise is written with 8 bits, black at 64 and white at 191, cut off
    at 0 and 255; as TIFF or .npy in float32 with black -1 and white +1,
    nothing cut off. Flipped pixels are written with 1 bit, and so are salt
    and pepper unless --sigma or --levels ask for grey. Counts (poisson) are
    written with 8 bits or as float32, probabilities with 16 bits or as
    float32. Standard output gets a PNG unless --format says otherwise.

    \b
    isingdenoise corrupt clean.png -o noisy.png --noise gaussian --sigma 1 --seed 0
    isingdenoise corrupt clean.png -o dusty.png --noise salt-pepper --salt 0.02
    isingdenoise corrupt clean.png -o - --noise flip | isingdenoise run - > clean2.png
    """
    from isingdenoise.io import check_output, encode_bilevel, encode_grey, read_clean
    from isingdenoise.validation import as_generator

    streams.check_source(picture)
    sigma = _SIGMAS.get(noise) if sigma is None else sigma
    choice = NoiseChoice(noise, sigma, flip_prob, levels, salt, pepper)
    two_valued = noise in _FLIPS or (noise == "salt-pepper" and not sigma and levels is None)
    kind = o.kind_of(output, output_format and output_format.upper()) or "PNG"
    if kind == "PBM" and not two_valued:
        raise ParameterError("-o", "PBM has no grey; use .png, .tif or .pgm")
    known = streams.paths(picture)
    checked = check_output(output, known, overwrite=force) if isinstance(output, Path) else None
    if checked is None:
        streams.check_sink("-o")
    rng, _ = as_generator(seed)
    if two_valued:
        if levels is not None:
            raise ParameterError("--levels", f"does not go with --noise {noise}: 1 bit is written")
        bits = choice.model().sample(read_clean(**streams.source(picture)), rng) > 0
        data = encode_bilevel(bits, kind)
    else:
        floats = kind in _FLOATS
        model = _model(choice, floats)
        grey = model.sample(read_clean(**streams.source(picture)), rng)
        if not floats and noise != "probability":
            grey = np.clip(np.rint(grey), *_SCALE).astype(np.uint8)
        data = encode_grey(grey, kind)
    _write(checked, kind, data, force)
    say = talk.result if isinstance(output, Path) else talk.notice
    names = (streams.input_name(picture), streams.output_name(output))
    say(" -> ".join(map(printable, names)))


def _write(output: Checked | None, kind: str, data: bytes, force: bool) -> None:
    """Write the file, or to standard output."""
    from isingdenoise.io import sweep, write_bytes_atomically

    if output is not None:
        sweep(Path(output.name).parent)
        write_bytes_atomically(output, data, overwrite=force)
    else:
        with streams.page_writer(kind) as writer:
            writer.append(data)


def _model(choice: NoiseChoice, floats: bool) -> Any:
    """Return the noise model on the scale of the output's format."""
    if choice.name == "probability":
        if choice.levels is not None:
            raise ParameterError("--levels", "does not go with --noise probability")
        return choice.model()
    if choice.name == "poisson":
        model = choice.model()
        _check_room(*model.levels, model.levels[1] ** 0.5, floats)
        return model
    levels = choice.levels or ((-1.0, 1.0) if floats else _LEVELS)
    _check_room(*levels, 0.0, floats)
    more: dict[str, Any] = {}
    if choice.name == "salt-pepper":
        # impulses lie as far beyond the levels as 0 and 255 are beyond 64 and 191
        margin = (levels[1] - levels[0]) / 2
        more["limits"] = (levels[0] - margin, levels[1] + margin) if floats else _SCALE
    elif choice.name in _SIGMAS and not floats:
        more["limits"] = _SCALE
    return choice.model(levels, **more)


def _check_room(low: float, high: float, deviation: float, floats: bool) -> None:
    """Refuse levels that an 8-bit picture has no room for."""
    if not floats and not _SCALE[0] <= low < high + 4 * deviation <= _SCALE[1]:
        raise ParameterError(
            "--levels", f"{low:g},{high:g} do not fit 8 bits (0 to 255); write .tif or .npy"
        )

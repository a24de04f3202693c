"""`isingdenoise corrupt`: noise on a clean picture, to try things out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from isingdenoise.errors import ParameterError, printable
from isingdenoise.noise import NOISE_MODELS, Meaning, NoiseModel, Parameter

from .. import console
from .. import options as o
from ..options import streams
from ..options.streams import Place

if TYPE_CHECKING:
    from isingdenoise.io import Checked

#: Grey values of black and white in an 8-bit picture: room for noise on both sides.
_LEVELS = (64.0, 191.0)
_SCALE = (0.0, 255.0)
_FLOATS = ("TIFF", "NPY")


def _default(key: str) -> str:
    """Return how the help of an option ends: what is drawn with where it is not given."""
    models = o.takers()[key]
    if any(known.relative for setting in models.values() for known in setting):
        return f"[default: as {o.option_name(key)}-unit says]"
    texts: dict[str, str] = {}
    for name, known in models.items():
        if key != "levels" or NOISE_MODELS[name].meaning is Meaning.COUNTS:
            texts[name] = ",".join(dict.fromkeys(_drawn(parameter) for parameter in known))
    if key == "levels":
        counts = "".join(f"; {name} {text}" for name, text in texts.items())
        return f"[default: {','.join(f'{level:g}' for level in _LEVELS)}{counts}]"
    if len(set(texts.values())) == 1:
        return f"[default: {texts.popitem()[1]}]"
    return f"[default: {'; '.join(f'{name} {text}' for name, text in texts.items())}]"


def _drawn(known: Parameter) -> str:
    """Return the number, or numbers, of an option that a parameter is drawn with."""
    value = known.default if known.drawn is None else known.drawn
    if value is None:
        return "none"
    numbers = value if isinstance(value, tuple) else (value,)
    return ",".join(f"{number / known.factor:g}" for number in numbers)


def _parameter_options(command: Any) -> Any:
    for option in reversed(o.parameter_options(_default)):
        command = option(command)
    return command


HELP = """Add noise to a clean picture.

Grey noise is written with 8 bits, black at 64 and white at 191, clipped
to 0 and 255; as TIFF or .npy it is written as float32, black -1 and white
+1, not clipped. --sigma is in grey values of the output, --sigma-unit 1
is half the distance of black and white in any format. Flipped pixels are
written with 1 bit, and so are salt and pepper unless --sigma or --levels
ask for grey. Counts (poisson) are written with 8 bits or as float32,
probabilities with 16 bits or as float32. Standard output gets a PNG unless --format says otherwise.

\b
isingdenoise corrupt clean.png -o noisy.png --noise gaussian --sigma-unit 1 --seed 0
isingdenoise corrupt clean.png -o dusty.png --noise salt-pepper --salt 0.02
isingdenoise corrupt clean.png -o - --noise flip | isingdenoise run - > clean2.png
"""


@click.command(help=HELP)
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@click.option(
    "-o", "--output", type=o.PLACE, required=True, help="Output file, or '-' for standard output."
)
@o.format_option
@o.noise_name_option(*NOISE_MODELS)
@_parameter_options
@o.reading_options
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the noise.")
@o.force_option
def corrupt(
    picture: Place,
    output: Place,
    output_format: str | None,
    noise: str,
    reading: dict[str, Any],
    seed: int,
    force: bool,
    **given: Any,
) -> None:
    """Add noise to a clean picture."""
    from isingdenoise.io import encode_bilevel, encode_grey, read_clean
    from isingdenoise.validation import as_generator

    streams.check_source(picture)
    kind = o.kind_of(output, output_format and output_format.upper()) or "PNG"
    floats = kind in _FLOATS
    model = _model(noise, given, floats)
    as_bits = model.two_valued and given["levels"] is None
    if kind == "PBM" and not as_bits:
        raise ParameterError("-o", "PBM has no grey; use .png, .tif or .pgm")
    known = streams.paths(picture)
    checked = o.checked_output(output, known, overwrite=force) if isinstance(output, Path) else None
    if checked is None:
        streams.check_sink("-o")
    rng, _ = as_generator(seed)
    noisy = model.sample(read_clean(**streams.source(picture), **reading), rng)
    if as_bits:
        data = encode_bilevel(noisy > sum(model.levels) / 2, kind)
    elif floats or model.meaning is Meaning.PROBABILITIES:
        data = encode_grey(noisy, kind)
    else:
        data = encode_grey(np.clip(np.rint(noisy), *_SCALE).astype(np.uint8), kind)
    _write(checked, data, force)
    say = console.result if isinstance(output, Path) else console.notice
    names = (streams.input_name(picture), streams.output_name(output))
    say(" -> ".join(map(printable, names)))


def _write(output: Checked | None, data: bytes, force: bool) -> None:
    """Write the file, or to standard output."""
    from isingdenoise.io import sweep, write_bytes_atomically

    if output is not None:
        sweep(Path(output.name).parent)
        write_bytes_atomically(output, data, overwrite=force)
    else:
        streams.StandardOutput().send(io.BytesIO(data))


def _model(noise: str, given: dict[str, Any], floats: bool) -> NoiseModel:
    """Return the noise model on the scale of the output's format."""
    levels = given["levels"]
    model = o.NoiseChoice(noise, given).drawn()
    if model.meaning is Meaning.COUNTS:
        low, high = model.levels
        _check_room(low, high, high**0.5, floats)
        return model
    if model.meaning is Meaning.PROBABILITIES:
        if levels is not None:
            raise ParameterError("--levels", f"does not go with --noise {noise}")
        return model
    choice = o.NoiseChoice(noise, {**given, "levels": None})
    model = choice.drawn()
    if levels is None and model.two_valued:
        return model
    if choice.drawn(_LEVELS, _SCALE).two_valued:
        raise ParameterError("--levels", f"does not go with --noise {noise}: 1 bit is written")
    low, high = levels or ((-1.0, 1.0) if floats else _LEVELS)
    _check_room(low, high, 0.0, floats)
    return choice.drawn((low, high), None if floats else _SCALE)


def _check_room(low: float, high: float, deviation: float, floats: bool) -> None:
    """Refuse levels that an 8-bit picture has no room for."""
    if not floats and not _SCALE[0] <= low < high + 4 * deviation <= _SCALE[1]:
        raise ParameterError(
            "--levels", f"{low:g},{high:g} do not fit 8 bits (0 to 255); write .tif or .npy"
        )

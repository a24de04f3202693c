"""`isingdenoise segment`: label maps, grey pictures of a few levels, class probabilities."""

from __future__ import annotations

from typing import Any

import click

from isingdenoise.errors import ParameterError

from .. import options as o
from ..options import labels, streams
from ..options.labels import LabelOptions
from ..options.streams import Place

HELP = """Clean pictures of more than two levels, and label maps.

Model the labels of the pixels as a Potts random field. INPUT is a label map,
whose values are kept; a grey picture of a few levels, which needs --labels; or
class probabilities of a classifier: a .npy file of shape K x H x W, or a TIFF
of floats with a page for each class. Noise and coupling are estimated, and a
label map without noise stays as it is. '-' reads standard input or writes to
standard output.

\b
isingdenoise segment classes.png -o clean.png
isingdenoise segment slide.png --labels 4 -o clean.png --probability sure.npy
isingdenoise segment softmax.npy --engine expansion -o labels.png
"""


@click.command(help=HELP)
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@click.option(
    "-o", "--output", type=o.PLACE, required=True, help="Output file, or '-' for standard output."
)
@o.format_option
@click.option(
    "--probability",
    type=o.PATH,
    help="Write the probability of each label too: K x H x W in .npy, a page each in .tif.",
)
@o.reading_options
@o.force_option
@o.json_option
@labels.label_options
def segment(
    picture: Place,
    output: Place,
    output_format: str | None,
    probability: Any,
    options: LabelOptions,
    reading: dict[str, Any],
    force: bool,
    as_json: bool,
) -> None:
    """Clean pictures of more than two levels, and label maps."""
    from ..render import segmented as out

    streams.check_source(picture)
    labels.check_probability(probability, options.engine)
    kind = o.kind_of(output, output_format and output_format.upper()) or "PNG"
    if as_json and isinstance(output, streams.Stream):
        raise ParameterError("--json", "does not go with a picture on standard output; use -o")
    inputs = [path for path in (*streams.paths(picture), options.mask) if path]
    targets = out.check_targets(output, kind, probability, inputs, force)
    source, found = out.segmented(picture, options, reading)
    out.write(targets, source, found, force)
    out.tell(targets, picture, options, found, as_json)

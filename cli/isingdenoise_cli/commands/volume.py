"""`isingdenoise volume`: stacks of planes, cleaned as one."""

from __future__ import annotations

from typing import Any

import click

from isingdenoise.errors import ParameterError

from .. import options as o
from ..options import streams, volumes
from ..options.reading import stack_options
from ..options.streams import Place
from ..options.values import Words
from ..options.volumes import VolumeOptions

HELP = """Clean stacks of planes.

Model all voxels as one Ising random field, in which neighbours within a plane
and between planes pull at one another. INPUT is a TIFF of several pages, a
.npy file of three axes, or a Zarr array. Noise and strengths are estimated;
where planes say nothing of one another, each is cleaned by itself. '-' reads
standard input or writes to standard output.

\b
isingdenoise volume stack.tif -o clean.tif
isingdenoise volume scan.npy --noise flip --spacing 3,1,1 -o clean.npy
isingdenoise volume cells.zarr --neighbours 26 -o clean.zarr --probability p.npy
"""


@click.command(help=HELP)
@click.argument("stack", metavar="INPUT", type=o.PLACE)
@click.option(
    "-o",
    "--output",
    type=o.PLACE,
    required=True,
    help="Output stack: .tif (one bit a voxel), .npy, .zarr (a folder), or '-' for standard "
    "output.",
)
@click.option(
    "--format",
    "output_format",
    type=Words(["tiff", "npy"], {"tif": "tiff"}),
    help="Output format. Default: by the extension, TIFF on standard output.",
)
@click.option(
    "--probability", type=o.PATH, help="Write P(bright) too, float32: .npy, .tif or .zarr."
)
@stack_options
@o.force_option
@o.json_option
@volumes.volume_options
def volume(
    stack: Place,
    output: Place,
    output_format: str | None,
    probability: Any,
    options: VolumeOptions,
    reading: dict[str, Any],
    force: bool,
    as_json: bool,
) -> None:
    """Clean stacks of planes."""
    from ..render import volumes as out

    out.check_source(stack)
    volumes.check_probability(probability, options.engine)
    if as_json and isinstance(output, streams.Stream):
        raise ParameterError("--json", "does not go with a stack on standard output; use -o")
    inputs = [path for path in (*streams.paths(stack), options.mask) if path]
    asked = output_format and output_format.upper()
    target, sure = out.check_target("-o", output, asked, inputs, force), None
    if probability is not None:
        sure = out.check_target("--probability", probability, None, inputs, force)
    out.check_different(target, sure)
    source, found = out.cleaned(stack, options, reading, probability=sure is not None)
    out.write(target, found.image, source, force)
    if sure is not None:
        out.write(sure, found.probability, source, force)
    out.tell(stack, (target, sure), options, found, as_json)

"""`isingdenoise vae score`: how likely pictures are under a variational autoencoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isingdenoise._version import __version__
from isingdenoise.errors import IsingDenoiseError, ParameterError, printable

from .. import console
from .. import options as o
from ..framework.usage import worded
from ..options.generative import count_option, model_argument, seed_option

SOME_FAILED = 1

HELP = """Bound how likely pictures are under a variational autoencoder.

Prints lower bounds on log p of each picture: the ELBO, and the closer one of
importance sampling with --samples draws. A picture of another size than
32 x 32 is cut into patches, and the bounds are the sums over them; what lies
beyond its border counts for nothing. Grey values are cut in the middle of
their range.

\b
isingdenoise vae score glyphs.npz letter.png
isingdenoise vae score glyphs.npz *.png --samples 512 --json
"""


@click.command(help=HELP)
@model_argument
@click.argument("pictures", metavar="PICTURE...", type=o.PATH, nargs=-1, required=True)
@count_option("--samples", 64, "Set the draws of importance sampling.", high=100_000)
@seed_option
@o.reading_options
@o.json_option
def vae_score(
    model: Path,
    pictures: tuple[Path, ...],
    samples: int,
    seed: int,
    reading: dict[str, Any],
    as_json: bool,
) -> int:
    """Bound how likely pictures are under a variational autoencoder."""
    from isingdenoise.generative import Tiles, read_model, score
    from isingdenoise.io import read_clean

    from ..render import generative
    from ..render.json import print_json

    known, _ = read_model(model)
    rows = []
    for path in pictures:
        try:
            tiles = Tiles.of(read_clean(path, **reading))
            found = score(known, tiles.patches, tiles.known, samples=samples, seed=seed)
        except IsingDenoiseError as error:
            line = worded(error)
            if isinstance(error, ParameterError):
                line = f"{printable(path)}: {line}"
            if len(pictures) == 1:
                raise
            console.error(line)
            rows.append({"input": path, **generative.no_score(), "error": line})
        else:
            rows.append({"input": path, **generative.score_record(found), "error": None})
    failed = sum(row["error"] is not None for row in rows)
    if as_json:
        more = {"model": model, "samples": samples, "seed": seed, "version": __version__}
        print_json({**more, "pictures": rows, "failed": failed})
    else:
        generative.print_scores(rows, samples)
    return SOME_FAILED if failed else 0

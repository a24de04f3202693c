"""The `isingdenoise` command and its subcommands."""

from __future__ import annotations

import click

from isingdenoise._version import __version__

from .framework.common import manner_options
from .framework.group import LazyGroup

#: Subcommands and their line in the help: none is imported for it.
COMMANDS = {
    "run": "Clean pictures.",
    "segment": "Clean pictures of more than two levels, and label maps.",
    "volume": "Clean stacks of planes.",
    "estimate": "Estimate noise and coupling of one picture.",
    "compare": "Run all engines on one picture, side by side.",
    "experiment": "Measure methods where the answer is known.",
    "tune": "Tune the settings of one picture in a browser.",
    "batch": "Clean every picture of a folder.",
    "learn": "Estimate noise and coupling of all pages of one scanner.",
    "train": "Train a prior on clean pictures.",
    "corrupt": "Add noise to a clean picture.",
    "vae train": "Learn a variational autoencoder of glyphs or pictures.",
    "vae sample": "Draw pictures from a variational autoencoder.",
    "vae score": "Bound how likely pictures are under a variational autoencoder.",
    "vae inpaint": "Fill missing pixels by a variational autoencoder.",
    "engines": "List the engines and their settings.",
    "noises": "List the noise models and their parameters.",
    "warmup": "Compile the kernels ahead of the first run.",
}
_MODULES = {"engines": "listing", "noises": "listing"}

_HELP = """Clean noisy two-level pictures: scans, faxes, masks, barcodes, micrographs.

Model the pixels as an Ising Markov random field; mean field, ICM or Gibbs
sampling gives the clean picture and the probability of each pixel.

\b
isingdenoise run noisy.png
isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif

Settings can also be given in a file (--config FILE) and in environment
variables such as ISINGDENOISE_NOISE. The command line wins over variables,
variables win over the file; --show-config prints the settings in use.

Exit codes: 0 done, 1 some files failed, 2 wrong usage, 3 an input cannot
be read, 4 a file would be overwritten, 5 an output cannot be written, 6
more pixels would change than --max-change allows, 7 a cluster fails.
"""


@click.group(
    cls=LazyGroup,
    summaries=COMMANDS,
    modules=_MODULES,
    help=_HELP,
    params=manner_options(before_the_command=True),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", message="isingdenoise %(version)s")
def cli(**before: object) -> None:
    """Take what stands before the subcommand; `Command` looks for it in the context."""

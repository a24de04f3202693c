"""The `isingdenoise` command and its subcommands."""

from __future__ import annotations

import click

from isingdenoise._version import __version__

from .framework.common import manner_options
from .framework.group import LazyGroup

#: Subcommands and their line in the help: none is imported for it.
COMMANDS = {
    "run": "Clean pictures.",
    "estimate": "Estimate noise and coupling of one picture.",
    "compare": "Run all engines on one picture, side by side.",
    "batch": "Clean every picture of a folder.",
    "corrupt": "Add noise to a clean picture.",
    "engines": "List the engines and their settings.",
    "noises": "List the noise models and their parameters.",
    "warmup": "Compile the kernels ahead of the first run.",
}
_MODULES = {"engines": "listing", "noises": "listing"}

_HELP = """Clean noisy two-level pictures: scans, faxes, masks, barcodes, micrographs.

An Ising Markov random field is put over the pixels; mean field, ICM or
Gibbs sampling gives the clean picture and how sure each pixel is.

\b
isingdenoise run noisy.png
isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif

Settings may also stand in a file (--config FILE) and in variables such as
ISINGDENOISE_NOISE; the command line wins, then variables. With
--show-config a command prints what is in use. The exit code is 0 when
done, 1 when some files failed, 2 for wrong usage, 3 when an input cannot
be read, 4 when a file would be overwritten, 5 when an output cannot be
written, 6 when more would change than --max-change allows.
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

"""Options of the commands of the variational autoencoder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from . import PATH
from .reading import LEARNING, all_of
from .values import Whole

Command = Callable[..., Any]

model_argument = click.argument("model", metavar="MODEL", type=PATH)
seed_option = click.option(
    "--seed",
    type=Whole(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Seed of all random numbers, at least 0.",
)


def count_option(name: str, default: int, text: str, low: int = 1, high: int = 10**6) -> Command:
    """Return an option that takes a whole number."""
    kind = Whole(low, high)
    return click.option(name, type=kind, default=default, show_default=True, help=text)


@dataclass(frozen=True)
class Sizes:
    """What the options of `vae train` say.

    Attributes
    ----------
    patches, latent, flow, steps, batch_size, warmup : int
        As `glyph_split`, `Architecture` and `Training` have them.
    """

    patches: int
    latent: int
    flow: int
    steps: int
    batch_size: int
    warmup: int


def size_options(command: Command) -> Command:
    """Add --patches, --latent, --flow, --steps, --batch-size and --warmup, as one `sizes`."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        sizes = Sizes(**{name: given.pop(name) for name in Sizes.__dataclass_fields__})
        return command(sizes=sizes, **given)

    options = [
        count_option("--patches", 20_000, "Set how many patches to learn from."),
        count_option("--latent", 16, "Set how many latent numbers there are.", high=512),
        count_option("--flow", 4, "Set the coupling steps of the flow on q.", low=0, high=32),
        count_option("--steps", 4000, "Set the steps of Adam."),
        count_option("--batch-size", 64, "Set the patches of a step."),
        count_option("--warmup", 800, "Set the steps until the divergence counts fully.", low=0),
    ]
    return all_of(options, gathered, LEARNING)

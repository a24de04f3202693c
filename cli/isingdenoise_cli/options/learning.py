"""How `learn` goes through the pages."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from .reading import LEARNING, all_of
from .values import Whole, Words

Command = Callable[..., Any]


@dataclass(frozen=True)
class Learning:
    """What the options say.

    Attributes
    ----------
    pages : int or None
        How many, at random; None: all.
    batch_size, epochs, step, method
        As in `isingdenoise.learning.learn`.
    """

    pages: int | None
    batch_size: int
    epochs: int
    step: str
    method: str

    def steps(self) -> dict[str, Any]:
        """Return the arguments of `learn`."""
        names = ("batch_size", "epochs", "step", "method")
        return {name: getattr(self, name) for name in names}


def learning_options(command: Command) -> Command:
    """Add --pages, --batch-size, --epochs, --step, --method and --seed, but for the last as one."""

    @functools.wraps(command)
    def gathered(
        *,
        pages: int | None,
        batch_size: int,
        epochs: int,
        step: str,
        method: str,
        **given: Any,
    ) -> Any:
        return command(learning=Learning(pages, batch_size, epochs, step, method), **given)

    def choice(name: str, *values: str, text: str) -> Command:
        kind = Words(values)
        return click.option(name, type=kind, default=values[0], show_default=True, help=text)

    def count(name: str, least: int, default: int, text: str) -> Command:
        kind = Whole(least)
        return click.option(name, type=kind, default=default, show_default=True, help=text)

    options = [
        click.option(
            "--pages",
            type=Whole(1),
            help="Read so many pictures, at random. Default: all.",
        ),
        count("--batch-size", 1, 16, "Set the number of pages of a step."),
        count("--epochs", 0, 2, "Set the passes for the coupling; 0 takes the pages' mean."),
        choice(
            "--step",
            "robbins-monro",
            "adaptive",
            text="Set how far steps go: ever less, or as far as they agree.",
        ),
        choice(
            "--method",
            "plain",
            "svrg",
            text="Set the gradients of the coupling: as they are, or of reduced variance.",
        ),
        click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            help="Seed of all random numbers, at least 0.",
        ),
    ]
    return all_of(options, gathered, LEARNING)

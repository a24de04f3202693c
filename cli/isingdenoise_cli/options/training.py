"""The options of `train`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .reading import LEARNING, all_of
from .values import Words

if TYPE_CHECKING:
    from isingdenoise.training.plan import Plan

Command = Callable[..., Any]

_NAMES = (
    "kind", "steps", "size", "side", "rate", "seed", "small", "objective", "coupling",
    "precision",
)  # fmt: skip


def training_options(command: Command) -> Command:
    """Add the options that make a plan, and pass it on as one."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        own = {name: given.pop(name) for name in _NAMES}
        start = _start(given.pop("start"), own["kind"])
        if start is not None:
            own |= {"planes": start.planes, "start": start.digest}
            own |= {"middle": start.middle} if own["kind"] == "network" else {}
        return command(plan=_plan(own), start=start, **given)

    options = [
        click.option(
            "--kind",
            type=Words(["network", "machine"]),
            default="network",
            show_default=True,
            help="Set what to train: a network, or a Boltzmann machine with hidden spins.",
        ),
        click.option("--start", help="Start from this file of weights, or 'learned'."),
        _number("--steps", int, 18_000, "Set how many steps to take."),
        _number("--batch-size", int, 16, "Set the pictures of a step.", "size"),
        _number("--side", int, 128, "Set the pixels of a picture's side, a multiple of 8."),
        _number("--rate", float, 2e-3, "Set the largest learning rate."),
        _number("--seed", int, 0, "Seed of weights and pictures, at least 0."),
        _number("--small-parts", float, 2.0, "Set how much more parts of 6 pixels count.", "small"),
        click.option(
            "--objective",
            type=Words(["prediction", "elbo"]),
            default="prediction",
            show_default=True,
            help="Set what to gain: clean pixels predicted, or an Ising model's lower bound.",
        ),
        _number("--elbo-coupling", float, 0.6, "Set the strength of that model.", "coupling"),
        click.option(
            "--precision",
            type=Words(["bfloat16", "float32"]),
            default="bfloat16",
            show_default=True,
            help="Set the type of products; bfloat16 is slow on processors without it.",
        ),
    ]
    return all_of(options, gathered, LEARNING)


def _number(name: str, kind: type, default: float, text: str, into: str | None = None) -> Command:
    names = (name,) if into is None else (name, into)
    return click.option(*names, type=kind, default=default, show_default=True, help=text)


def _plan(given: dict[str, Any]) -> Plan:
    from isingdenoise.training.plan import Plan

    from .picture import named

    options = {name: f"--{name}" for name in _NAMES}
    options |= {"size": "--batch-size", "small": "--small-parts", "coupling": "--elbo-coupling"}
    with named(**options):
        return Plan(**given)


def _start(given: str | None, kind: str) -> Any:
    """Return the network or the machine to start from."""
    from isingdenoise.prior import machine_of, prior_of

    if given is None:
        return None
    read = machine_of if kind == "machine" else prior_of
    return read(None if given == "learned" else given)

"""What the user says of a label map: how many labels, their noise, the engine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError
from isingdenoise.noise import AUTO
from isingdenoise.potts import MOST_LABELS, POTTS_ENGINES
from isingdenoise.segmentation import LABEL_NOISES

from . import INFERENCE, mask_option, settings, solver_options
from .engines import complete
from .reading import all_of, timeout_option
from .values import Auto, Whole, Words

Command = Callable[..., Any]

#: Options by the parameters of the library that they set.
NAMES = {
    "labels": "--labels",
    "noise": "--noise",
    "sigma": "--sigma",
    "flip_probability": "--flip-prob",
    "probability": "--flip-prob",
    "coupling": "--coupling",
    "engine": "--engine",
    "mask": "--mask",
    "rng": "--seed",
}


@dataclass(frozen=True)
class LabelOptions:
    """The options of `segment`.

    Attributes
    ----------
    labels : int or None
        How many there are.
    noise : str
        Of `LABEL_NOISES`, or "auto".
    sigma, flip_prob : float or None
        What is known of the noise.
    engine : PottsEngine
        With its settings.
    coupling : str or Coupling
        As `segment` takes it.
    mask : Path or None
        Which pixels are known.
    seed : int
        Of all random numbers.
    timeout : float or None
        Seconds.
    """

    labels: int | None
    noise: str
    sigma: float | None
    flip_prob: float | None
    engine: Any
    coupling: str | Coupling
    mask: Path | None
    seed: int
    timeout: float | None

    def arguments(self) -> dict[str, Any]:
        """Return them as arguments of `segment`, the mask apart."""
        return {
            "labels": self.labels,
            "noise": self.noise,
            "sigma": self.sigma,
            "flip_probability": self.flip_prob,
            "engine": self.engine,
            "coupling": self.coupling,
            "rng": self.seed,
        }


def label_options(command: Command) -> Command:
    """Add all options about labels, as one argument `options`."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        (solver,) = settings.build_engines(
            [given.pop("engine")], given.pop("settings"), POTTS_ENGINES
        )
        own = {name: given.pop(name) for name in LabelOptions.__dataclass_fields__ if name in given}
        return command(options=LabelOptions(engine=solver, **own), **given)

    about_labels = [
        click.option(
            "--labels",
            type=Whole(2, MOST_LABELS),
            help="Set the number of labels. A grey picture needs it; a label map has as many as "
            "it has values.",
        ),
        click.option(
            "--noise",
            type=Words([AUTO, *LABEL_NOISES]),
            default=AUTO,
            show_default=True,
            help="Noise of grey values or label maps, or class probabilities. 'auto' takes a "
            "picture of few values for a label map.",
        ),
        click.option(
            "--sigma",
            type=Auto("S"),
            default=AUTO,
            show_default=True,
            help="Spread of the noise in grey values (gaussian).",
        ),
        click.option(
            "--flip-prob",
            type=Auto("P"),
            default=AUTO,
            show_default=True,
            help="Share of labels that are wrong (flip).",
        ),
        mask_option,
    ]
    inference = [
        click.option(
            "--engine",
            type=Words(list(POTTS_ENGINES)),
            default=next(iter(POTTS_ENGINES)),
            show_default=True,
            help="Inference engine: mean field, ICM, Gibbs samples, or alpha-expansion.",
        ),
        click.option(
            "-O",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            shell_complete=_complete,
            help="Set an option of the engine, e.g. -O tol=1e-4; repeatable.",
        ),
        timeout_option,
    ]
    solving = all_of([*inference, solver_options], gathered, INFERENCE)
    return all_of(about_labels, solving, "Labels and noise")


def check_probability(wanted: object, engine: Any) -> None:
    """Refuse --probability, where it is given, with an engine that has none."""
    if wanted is not None and not engine.traits.marginals:
        having = [name for name, kind in POTTS_ENGINES.items() if kind.traits.marginals]
        others = " or ".join(having)
        raise ParameterError("--probability", f"engine {engine.name} has none; use {others}")


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Return NAME= of the settings of the engine asked for."""
    return complete(ctx, param, incomplete, POTTS_ENGINES)

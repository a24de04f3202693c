"""What the user says of a volume: its noise, how planes pull at one another, the engine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError
from isingdenoise.noise import AUTO, NOISE_MODELS, NoiseSpec
from isingdenoise.volumes import NEIGHBOURS, VOLUME_ENGINES

from . import INFERENCE, settings, solver_options
from .engines import complete
from .noise import NoiseChoice, noise_name_option, parameter_options, takers
from .reading import all_of, timeout_option
from .values import Auto, Words

Command = Callable[..., Any]

_NOISE = "Noise"

#: Options by the parameters of the library that they set.
NAMES = {"between": "--between", "spacing": "--spacing", "neighbours": "--neighbours",
         "coupling": "--coupling", "engine": "--engine", "rng": "--seed"}  # fmt: skip


@dataclass(frozen=True)
class VolumeOptions:
    """The options of `volume`.

    Attributes
    ----------
    noise : NoiseSpec
        As `denoise_volume` takes it.
    mask : Path or None
        Which voxels are known.
    coupling : str or Coupling
        Within planes.
    between : float or None
        Factor of the strengths between planes; None: estimated.
    neighbours : int
        6, 18 or 26.
    spacing : tuple of float, or None
        Distances between voxels; None: those of the file.
    engine : VolumeEngine
        With its settings.
    seed : int
        Of all random numbers.
    timeout : float or None
        Seconds.
    """

    noise: NoiseSpec
    mask: Path | None
    coupling: str | Coupling
    between: float | None
    neighbours: int
    spacing: tuple[float, float, float] | None
    engine: Any
    seed: int
    timeout: float | None

    def arguments(self, found: tuple[float, float, float] | None) -> dict[str, Any]:
        """Return them as arguments of `denoise_volume`, the mask apart.

        Parameters
        ----------
        found : tuple of float, or None
            The spacing that the file has.
        """
        return {
            "noise": self.noise,
            "coupling": self.coupling,
            "between": AUTO if self.between is None else self.between,
            "neighbours": self.neighbours,
            "spacing": self.spacing or found or (1.0, 1.0, 1.0),
            "engine": self.engine,
            "rng": self.seed,
        }


def volume_options(command: Command) -> Command:
    """Add all options about volumes, as one argument `options`."""
    keys = tuple(takers())

    @functools.wraps(command)
    def gathered(*, noise: str, neighbours: str, engine: str, **given: Any) -> Any:
        choice = NoiseChoice(noise, {key: given.pop(key) for key in keys})
        (solver,) = settings.build_engines([engine], given.pop("settings"), VOLUME_ENGINES)
        names = ("mask", "coupling", "between", "spacing", "seed", "timeout")
        own = {name: given.pop(name) for name in names}
        options = VolumeOptions(noise=choice.spec, neighbours=int(neighbours), engine=solver, **own)
        return command(options=options, **given)

    about_noise = [
        noise_name_option(AUTO, *NOISE_MODELS),
        *parameter_options(),
        click.option(
            "--mask",
            type=click.Path(path_type=Path, readable=False),
            help="Ignore voxels where this stack (same size) is 0.",
        ),
    ]
    inference = [
        click.option(
            "--engine",
            type=Words(list(VOLUME_ENGINES)),
            default=next(iter(VOLUME_ENGINES)),
            show_default=True,
            help="Inference engine: mean field, ICM or Gibbs samples.",
        ),
        click.option(
            "-O",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            shell_complete=_complete,
            help="Set an option of the engine, e.g. -O tol=1e-4; repeatable.",
        ),
        click.option(
            "--between",
            type=Auto("F"),
            default=AUTO,
            show_default=True,
            help="Strength between planes, as a factor of what their distance suggests; 0 cleans "
            "each plane by itself. 'auto' takes what predicts hidden voxels best.",
        ),
        click.option(
            "--neighbours",
            type=Words(list(map(str, NEIGHBOURS))),
            default="6",
            show_default=True,
            help="Set how many neighbours a voxel has: of the next plane the nearest (6), "
            "5 (18) or 9 (26).",
        ),
        click.option(
            "--spacing",
            type=Auto("Z,Y,X"),
            default=AUTO,
            show_default=True,
            help="Set the distances between voxels, in any unit. 'auto' takes those of ImageJ or "
            "OME in the file, else all alike.",
        ),
        timeout_option,
    ]
    solving = all_of([*inference, solver_options], gathered, INFERENCE)
    return all_of(about_noise, solving, _NOISE)


def check_probability(wanted: object, engine: Any) -> None:
    """Refuse --probability, where it is given, with an engine that has none."""
    if wanted is not None and not engine.traits.marginals:
        having = [name for name, kind in VOLUME_ENGINES.items() if kind.traits.marginals]
        others = " or ".join(having)
        raise ParameterError("--probability", f"engine {engine.name} has none; use {others}")


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Return NAME= of the settings of the engine asked for."""
    return complete(ctx, param, incomplete, VOLUME_ENGINES)

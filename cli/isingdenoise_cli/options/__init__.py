"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from isingdenoise.inference import ENGINES
from isingdenoise.learning import AUTO
from isingdenoise.noise import NOISE_MODELS

from .. import settings as engine_settings
from ..values import Auto, NoiseChoice, Share, build_coupling
from .picture import Limits, Preparation, check_figure, check_probability, named
from .reading import all_of, reading_options, timeout_option
from .targets import PLACE, Wanted, kind_of, target_options
from .writing import format_option

__all__ = [
    "PATH",
    "PLACE",
    "Limits",
    "Preparation",
    "Wanted",
    "check_figure",
    "check_probability",
    "engine_options",
    "force_option",
    "format_option",
    "json_option",
    "kind_of",
    "limit_options",
    "mask_option",
    "max_change_option",
    "named",
    "noise_name_option",
    "noise_options",
    "plot_option",
    "reading_options",
    "settings_option",
    "solver_options",
    "target_options",
    "timeout_option",
]

Command = Callable[..., Any]
PATH = click.Path(path_type=Path, readable=False)  # files have their own words for that


def noise_options(command: Command) -> Command:
    """Add --noise, the parameters of the noise models and --background, as `prepare`."""

    @functools.wraps(command)
    def gathered(*, background: str, **given: Any) -> Any:
        keys = ("noise", "sigma", "flip_prob", "levels", "salt", "pepper")
        choice = NoiseChoice(*(given.pop(key) for key in keys))
        light = None if background == "none" else background
        return command(prepare=Preparation(choice, light), **given)

    options = [
        noise_name_option(AUTO, *NOISE_MODELS),
        _auto(
            "--sigma",
            Auto("S", "SB,SW"),
            "Standard deviation on the scale where black is -1, white +1 (gaussian, laplace, "
            "salt-pepper; with gaussian-per-level also SB,SW).",
        ),
        _auto(
            "--flip-prob",
            Auto("P", "PB,PW"),
            "Probability of a flip, between 0 and 0.5 (flip; with flip-per-level also PB,PW).",
        ),
        _auto("--salt", Auto("P"), "Share of pixels replaced by white (salt-pepper)."),
        _auto("--pepper", Auto("P"), "Share of pixels replaced by black (salt-pepper)."),
        _auto("--levels", Auto("LO,HI"), "Grey values of black and white (poisson: mean counts)."),
        click.option(
            "--background",
            type=click.Choice(["none", AUTO]),
            default="none",
            show_default=True,
            help="Divide out uneven light first: 'auto' estimates it.",
        ),
    ]
    return all_of(options, gathered)


def noise_name_option(*names: str) -> Callable[[Command], Command]:
    """Return the option --noise with these names, the first one by default."""
    return click.option(
        "--noise",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="Noise model; see 'isingdenoise noises'.",
    )


def solver_options(command: Command) -> Command:
    """Add --coupling and --seed; `coupling` arrives as `denoise` takes it."""

    @functools.wraps(command)
    def gathered(*, coupling: float | tuple[float, ...] | None, **given: Any) -> Any:
        return command(coupling=build_coupling(coupling), **given)

    return all_of(
        [
            _auto(
                "--coupling",
                Auto("J", "H,V", "H,V,D"),
                "How strongly neighbours pull: all four, in rows and in columns, and diagonally.",
            ),
            click.option(
                "--seed",
                type=int,
                default=0,
                show_default=True,
                help="Seed of everything random, at least 0.",
            ),
        ],
        gathered,
    )


def engine_options(command: Command) -> Command:
    """Add --engine and -O; `engine` arrives built."""

    @functools.wraps(command)
    def gathered(*, engine: str, settings: tuple[str, ...], **given: Any) -> Any:
        (solver,) = engine_settings.build_engines([engine], settings)
        return command(engine=solver, **given)

    choice = click.option(
        "--engine",
        type=click.Choice(list(ENGINES)),
        default="mf",
        show_default=True,
        help="Inference engine; see 'isingdenoise engines'.",
    )
    return all_of([choice, settings_option], gathered)


def limit_options(command: Command) -> Command:
    """Add --mask, --protect and --max-change, as one argument `limits`."""

    @functools.wraps(command)
    def gathered(
        *, mask: Path | None, protect: Path | None, max_change: float | None, **given: Any
    ) -> Any:
        return command(limits=Limits(mask, protect, max_change), **given)

    return all_of(
        [
            mask_option,
            click.option(
                "--protect", type=PATH, help="Picture of the same size; not 0: pixel stays."
            ),
            max_change_option,
        ],
        gathered,
    )


max_change_option = click.option(
    "--max-change",
    type=Share(),
    help="Refuse a picture in which more pixels would change: 5% or 0.05.",
)
plot_option = click.option("--plot", type=PATH, help="Write a figure (.png, .pdf, .svg).")
mask_option = click.option("--mask", type=PATH, help="Picture of the same size; 0: pixel unknown.")
settings_option = click.option(
    "-O",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=engine_settings.complete,
    help="A setting of the engine, e.g. -O tol=1e-4; may be repeated. One with a name, e.g. "
    "-O mf.tol=1e-4, is for that engine, and left aside with others.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
force_option = click.option("--force", is_flag=True, help="Replace existing files.")


def _auto(name: str, kind: click.ParamType[Any], text: str) -> Command:
    return click.option(name, type=kind, default="auto", show_default=True, help=text)

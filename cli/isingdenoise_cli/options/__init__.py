"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from isingdenoise.inference import AUTO_PRIOR, DEFAULT_ENGINE
from isingdenoise.pipeline import CleanOptions

from . import settings as engine_settings
from .engines import EngineChoice, EngineList, backend_option, check_backends, complete
from .levels import NoiseLevels, level_options, noise_options
from .making import checked_output
from .noise import NoiseChoice, noise_name_option, option_name, parameter_options, takers
from .picture import (
    check_animation,
    check_figure,
    check_page,
    check_probability,
    check_table,
    named,
)
from .reading import all_of, reading_options, timeout_option
from .shown import PATH, csv_option, plot_option, report_option
from .targets import PLACE, Wanted, besides_options, kind_of, target_options
from .values import Auto, Share, build_coupling
from .writing import format_option

__all__ = [
    "INFERENCE",
    "PATH",
    "PLACE",
    "NoiseChoice",
    "NoiseLevels",
    "Wanted",
    "besides_options",
    "check_animation",
    "check_figure",
    "check_page",
    "check_probability",
    "check_table",
    "checked_output",
    "clean_options",
    "csv_option",
    "engine_options",
    "engines_option",
    "force_option",
    "format_option",
    "json_option",
    "kind_of",
    "level_options",
    "limit_options",
    "named",
    "noise_name_option",
    "noise_options",
    "only_mask_option",
    "option_name",
    "parameter_options",
    "plot_option",
    "reading_options",
    "report_option",
    "settings_option",
    "solver_options",
    "takers",
    "target_options",
    "timeout_option",
]

Command = Callable[..., Any]
INFERENCE = "Prior and inference"
_LIMITS = "What may change"


def clean_options(command: Command) -> Command:
    """Gather what the other decorators give, as one argument `options`; it stands nearest."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        fields = {**given.pop("reading", {}), **given.pop("limits", {})}
        names = ("noise", "background", "coupling", "seed", "engine", "prior", "timeout", "backend")
        for name in names:
            if name in given:
                fields[name] = given.pop(name)
        with named(prior="--prior", backend="--backend"):
            options = CleanOptions(**fields)
        return command(options=options, **given)

    return gathered


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
                "Strength of the coupling between neighbours: J for all four; H in rows, V in "
                "columns, D on diagonals.",
            ),
            click.option(
                "--seed",
                type=int,
                default=0,
                show_default=True,
                help="Seed of all random numbers, at least 0.",
            ),
        ],
        gathered,
        INFERENCE,
    )


def engine_options(command: Command) -> Command:
    """Add --engine, --prior, --backend and -O; `engine` arrives built, or None: the prior's."""

    @functools.wraps(command)
    def gathered(*, engine: str | None, prior: str, settings: tuple[str, ...], **given: Any) -> Any:
        solver = engine_settings.engine_for(engine, prior, settings)
        check_backends(given["backend"], solver)
        return command(engine=solver, prior=prior, **given)

    choices = [
        click.option(
            "--engine",
            type=EngineChoice(),
            help=f"Inference engine; 'isingdenoise engines' lists them. Default: {DEFAULT_ENGINE} "
            "or amortised, as the prior is.",
        ),
        click.option(
            "--prior",
            metavar="auto|ising|learned|FILE",
            default=AUTO_PRIOR,
            show_default=True,
            help="Prior of clean pictures: the Ising model's, the learned one, or that of a FILE "
            "of 'train'. 'auto' takes what predicts hidden pixels best.",
        ),
        backend_option,
    ]
    return all_of([*choices, settings_option], gathered, INFERENCE)


def limit_options(command: Command) -> Command:
    """Add --mask, --protect and --max-change, as one argument `limits` for `clean_options`."""

    @functools.wraps(command)
    def gathered(
        *, mask: Path | None, protect: Path | None, max_change: float | None, **given: Any
    ) -> Any:
        limits = {"mask": mask, "protect": protect, "max_change": max_change}
        return command(limits=limits, **given)

    return all_of(
        [
            mask_option,
            click.option(
                "--protect",
                type=PATH,
                help="Keep pixels where this picture (same size) is not 0.",
            ),
            max_change_option,
        ],
        gathered,
        _LIMITS,
    )


def only_mask_option(command: Command) -> Command:
    """Add --mask alone, as `limits` for `clean_options`."""

    @functools.wraps(command)
    def gathered(*, mask: Path | None, **given: Any) -> Any:
        return command(limits={"mask": mask}, **given)

    return all_of([mask_option], gathered, _LIMITS)


engines_option = click.option(
    "--engines",
    type=EngineList(),
    help="Run only these engines, e.g. mf,icm,mf:schedule=jacobi:damping=0.5; settings of one "
    "stand behind it.",
)
max_change_option = click.option(
    "--max-change",
    type=Share(),
    help="Refuse a picture if a larger share of pixels would change, e.g. 5% or 0.05.",
)
mask_option = click.option(
    "--mask", type=PATH, help="Ignore pixels where this picture (same size) is 0."
)
settings_option = click.option(
    "-O",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete,
    help="Set an option of the engine, e.g. -O tol=1e-4; repeatable. With the name of an engine, "
    "e.g. -O mf.tol=1e-4, it is for that one alone, and chooses none.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
force_option = click.option("--force", is_flag=True, help="Replace existing files.")


def _auto(name: str, kind: click.ParamType[Any], text: str) -> Command:
    return click.option(name, type=kind, default="auto", show_default=True, help=text)

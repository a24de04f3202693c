"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
from numpy.typing import NDArray

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError
from isingdenoise.inference import ENGINES, Engine
from isingdenoise.noise import NOISE_MODELS, FlipNoise, GaussianNoise, NoiseModel
from isingdenoise.validation import check_real

Command = Callable[..., Any]
PATH = click.Path(path_type=Path)
_SWITCHES = {"true": True, "false": False, "auto": None}


class AutoFloat(click.ParamType[float | None]):
    """A number, or the word auto (None)."""

    name = "auto|number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Return None for auto."""
        if value == "auto":
            return None
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither 'auto' nor a number", param, ctx)


class AutoLevels(click.ParamType[tuple[float, float] | None]):
    """Two numbers LO,HI, or the word auto (None)."""

    name = "auto|LO,HI"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float] | None:
        """Return None for auto."""
        if value == "auto" or isinstance(value, tuple):
            return None if value == "auto" else value
        try:
            low, high = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is neither 'auto' nor two numbers LO,HI", param, ctx)
        return low, high


@dataclass(frozen=True)
class NoiseChoice:
    """The noise options; called with a picture it returns the model, the rest estimated.

    Attributes
    ----------
    name : str
        Of a noise model.
    sigma : float or None
        On the scale where black is -1 and white +1.
    flip_prob : float or None
        Of a flip.
    levels : tuple of float or None
        Grey values of black and white.
    """

    name: str
    sigma: float | None
    flip_prob: float | None
    levels: tuple[float, float] | None

    def __post_init__(self) -> None:
        if self.name == FlipNoise.name:
            _refuse("--sigma", self.sigma, self.name)
            FlipNoise(0.1 if self.flip_prob is None else self.flip_prob)
        else:
            _refuse("--flip-prob", self.flip_prob, self.name)
            if self.sigma is not None:
                check_real("sigma", self.sigma, low=1e-12, high=1e12)
        if self.levels is not None:
            GaussianNoise(levels=self.levels)

    def __call__(self, x: NDArray[Any]) -> NoiseModel:
        """Return the noise model for the picture `x`."""
        if self.name == FlipNoise.name:
            return FlipNoise.from_image(x, probability=self.flip_prob, levels=self.levels)
        if self.sigma is not None and self.levels is not None:
            return _gaussian(self.sigma, self.levels)
        estimate = GaussianNoise.from_image(x, levels=self.levels)
        return estimate if self.sigma is None else _gaussian(self.sigma, estimate.levels)


@contextmanager
def named(**options: str) -> Iterator[None]:
    """Name the option, and not the library's parameter, in errors from inside the block."""
    try:
        yield
    except ParameterError as error:
        if error.parameter not in options:
            raise
        raise ParameterError(options[error.parameter], error.message) from None


def noise_options(command: Command) -> Command:
    """Add --noise and the parameters of the noise models, as one argument `noise`."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        keys = ("noise", "sigma", "flip_prob", "levels")
        return command(noise=NoiseChoice(*(given.pop(key) for key in keys)), **given)

    options = [
        noise_name_option,
        _auto(
            "--sigma",
            AutoFloat(),
            "Standard deviation (gaussian), on the scale where black is -1, white +1.",
        ),
        _auto(
            "--flip-prob",
            AutoFloat(),
            "Probability of a flipped pixel (flip), between 0 and 0.5.",
        ),
        _auto("--levels", AutoLevels(), "Grey values of black and white."),
    ]
    return _all(options, gathered)


def solver_options(command: Command) -> Command:
    """Add --coupling and --seed; `coupling` arrives as `denoise` takes it."""

    @functools.wraps(command)
    def gathered(*, coupling: float | None, **given: Any) -> Any:
        strength = "auto" if coupling is None else Coupling.nearest(coupling)
        return command(coupling=strength, **given)

    return _all(
        [
            _auto("--coupling", AutoFloat(), "How strongly the four neighbours of a pixel pull."),
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
        return command(engine=build_engine(engine, settings), **given)

    choice = click.option(
        "--engine",
        type=click.Choice(list(ENGINES)),
        default="mf",
        show_default=True,
        help="Inference engine; see 'isingdenoise engines'.",
    )
    return _all([choice, settings_option], gathered)


noise_name_option = click.option(
    "--noise",
    type=click.Choice(list(NOISE_MODELS)),
    default="gaussian",
    show_default=True,
    help="Noise model; see 'isingdenoise noises'.",
)
settings_option = click.option(
    "-O",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the engine, e.g. -O tol=1e-4; may be repeated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
force_option = click.option("--force", is_flag=True, help="Replace existing files.")


def build_engine(name: str, settings: Iterable[str]) -> Engine:
    """Return the engine with its settings from NAME=VALUE texts.

    Raises
    ------
    ParameterError
        An unknown name (the message lists the valid ones) or a bad value.
    """
    kind = ENGINES[name]
    known = setting_types(kind)
    values = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise ParameterError(
                "-O", f"{text!r} is no setting of {name}; NAME=VALUE with {', '.join(known)}"
            )
        values[key] = _parsed(f"-O {key}", value, known[key])
    try:
        return kind(**values)
    except ParameterError as error:
        raise ParameterError(f"-O {error.parameter}", error.message) from None


def setting_types(kind: type[Any]) -> dict[str, Any]:
    """Return the settings of a dataclass and their types."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _parsed(option: str, text: str, kind: Any) -> Any:
    """Return `text` as a value of the type."""
    if isinstance(kind, types.UnionType):  # bool | None
        if text.lower() not in _SWITCHES:
            raise ParameterError(option, f"must be one of {', '.join(_SWITCHES)}, not {text!r}")
        return _SWITCHES[text.lower()]
    try:
        return kind(text)
    except ValueError:
        what = {int: "a whole number", float: "a number"}.get(kind, "valid")
        raise ParameterError(option, f"must be {what}, not {text!r}") from None


def _refuse(option: str, value: object, noise: str) -> None:
    if value is not None:
        raise ParameterError(option, f"does not go with --noise {noise}")


def _gaussian(sigma: float, levels: tuple[float, float]) -> GaussianNoise:
    """Return Gaussian noise from sigma on the -1/+1 scale."""
    low, high = levels
    return GaussianNoise(sigma * (high - low) / 2, levels)


def _auto(name: str, kind: click.ParamType[Any], text: str) -> Command:
    return click.option(name, type=kind, default="auto", show_default=True, help=text)


def _all(options: Iterable[Command], command: Command) -> Command:
    """Apply options so that the help lists them in this order."""
    for option in reversed(list(options)):
        command = option(command)
    return command

"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from numpy.typing import NDArray

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError
from isingdenoise.inference import ENGINES
from isingdenoise.io import DEFAULT_MAX_PIXELS
from isingdenoise.noise import NOISE_MODELS, NoiseModel

from .values import AutoFloat, AutoLevels, AutoPair, NoiseChoice, build_engine

Command = Callable[..., Any]
PATH = click.Path(path_type=Path)


@contextmanager
def named(**options: str) -> Iterator[None]:
    """Name the option, and not the library's parameter, in errors from inside the block."""
    try:
        yield
    except ParameterError as error:
        if error.parameter not in options:
            raise
        raise ParameterError(options[error.parameter], error.message) from None


class Share(click.ParamType[float]):
    """A share from 0 to 1, or a percentage."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the share as a number."""
        text = str(value).strip()
        try:
            share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share; write 5% or 0.05, at most 100% or 1", param, ctx)
        return share


@dataclass(frozen=True)
class Limits:
    """What may change in a picture.

    Attributes
    ----------
    mask, protect : pathlib.Path or None
        Pictures of the known and of the protected pixels.
    max_change : float or None
        Largest share of the observed pixels that may change.
    """

    mask: Path | None
    protect: Path | None
    max_change: float | None

    @property
    def files(self) -> list[Path]:
        """The files to be read."""
        return [path for path in (self.mask, self.protect) if path is not None]

    def read(self, shape: tuple[int, ...], max_pixels: int) -> dict[str, Any]:
        """Return the arguments of `denoise` for a picture of this shape."""
        from isingdenoise.io import read_mask

        arguments: dict[str, Any] = {"max_change": self.max_change}
        for name, path in (("mask", self.mask), ("protect", self.protect)):
            with named(mask=f"--{name}"):
                arguments[name] = path and read_mask(path, shape, max_pixels=max_pixels)
        return arguments


def estimated(noise: NoiseChoice, x: NDArray[Any], known: NDArray[Any] | None) -> NoiseModel:
    """Return the noise model for a picture, unknown pixels left out of the estimate."""
    return noise(x, known)


def reading_options(command: Command) -> Command:
    """Add --frame and --max-pixels, as one argument `reading` for `read_picture`."""

    @functools.wraps(command)
    def gathered(*, frame: int | None, max_pixels: int, **given: Any) -> Any:
        return command(reading={"frame": frame, "max_pixels": max_pixels}, **given)

    return _all(
        [
            click.option(
                "--frame", type=click.IntRange(0), help="Which page or frame of several, from 0."
            ),
            click.option(
                "--max-pixels",
                type=click.IntRange(1),
                default=DEFAULT_MAX_PIXELS,
                show_default=True,
                help="Refuse larger pictures before they are decoded.",
            ),
        ],
        gathered,
    )


def noise_options(command: Command) -> Command:
    """Add --noise and the parameters of the noise models, as one argument `noise`."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        keys = ("noise", "sigma", "flip_prob", "levels", "salt", "pepper")
        return command(noise=NoiseChoice(*(given.pop(key) for key in keys)), **given)

    options = [
        noise_name_option,
        _auto(
            "--sigma",
            AutoPair("S"),
            "Standard deviation on the scale where black is -1, white +1 (gaussian, laplace, "
            "salt-pepper; with gaussian-per-level also SB,SW).",
        ),
        _auto(
            "--flip-prob",
            AutoPair("P"),
            "Probability of a flip, between 0 and 0.5 (flip; with flip-per-level also PB,PW).",
        ),
        _auto("--salt", AutoFloat(), "Share of pixels replaced by white (salt-pepper)."),
        _auto("--pepper", AutoFloat(), "Share of pixels replaced by black (salt-pepper)."),
        _auto("--levels", AutoLevels(), "Grey values of black and white (poisson: mean counts)."),
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


def limit_options(command: Command) -> Command:
    """Add --mask, --protect and --max-change, as one argument `limits`."""

    @functools.wraps(command)
    def gathered(
        *, mask: Path | None, protect: Path | None, max_change: float | None, **given: Any
    ) -> Any:
        return command(limits=Limits(mask, protect, max_change), **given)

    return _all(
        [
            click.option("--mask", type=PATH, help="Picture of the same size; 0: pixel unknown."),
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


def _auto(name: str, kind: click.ParamType[Any], text: str) -> Command:
    return click.option(name, type=kind, default="auto", show_default=True, help=text)


def _all(options: Iterable[Command], command: Command) -> Command:
    """Apply options so that the help lists them in this order."""
    for option in reversed(list(options)):
        command = option(command)
    return command

"""What option texts become: numbers or auto, a noise model, an engine."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import click
from numpy.typing import NDArray

from isingdenoise.errors import ParameterError
from isingdenoise.inference import ENGINES, Engine
from isingdenoise.noise import FlipNoise, GaussianNoise, NoiseModel
from isingdenoise.validation import check_real

_SWITCHES = {"true": True, "false": False, "auto": None}


class AutoFloat(click.ParamType[float | None]):
    """A number, or the word auto (None)."""

    name = "auto|number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Return None for auto."""
        if str(value).lower() == "auto":
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
        if isinstance(value, tuple):
            return value
        if str(value).lower() == "auto":
            return None
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

"""What option texts become: numbers or auto, a noise model, a coupling."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import click
from numpy.typing import NDArray

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError
from isingdenoise.learning import AUTO, choose_noise
from isingdenoise.noise import NOISE_MODELS, NoiseModel
from isingdenoise.noise.base import check_levels
from isingdenoise.validation import check_real

#: Which options go with a noise model, beside --levels, and whether they may be two numbers.
_NOISE_OPTIONS: dict[str, dict[str, bool]] = {
    "gaussian": {"sigma": False},
    "gaussian-per-level": {"sigma": True},
    "laplace": {"sigma": False},
    "flip": {"flip_prob": False},
    "flip-per-level": {"flip_prob": True},
    "salt-pepper": {"sigma": False, "salt": False, "pepper": False},
    "poisson": {},
    "probability": {},
}
#: Parameters of the noise models, and the options that set them.
_SET_BY = {
    **dict.fromkeys(("sigmas", "scale"), "sigma"),
    **dict.fromkeys(("probability", "black", "white"), "flip_prob"),
    "rates": "levels",
}


class Auto(click.ParamType[Any]):
    """One or more numbers in one of some forms, or the word auto.

    Parameters
    ----------
    *forms : str
        Names of the numbers as the user writes them, such as "S" and "SB,SW".
    """

    def __init__(self, *forms: str) -> None:
        self.name = "|".join(["auto", *forms])
        self._counts = {form.count(",") + 1 for form in forms}
        self._expected = " or ".join(forms)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | tuple[float, ...] | None:
        """Return None for auto, a number, or a tuple of several."""
        if str(value).lower() == "auto":
            return None
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if len(numbers) not in self._counts:
            self.fail(f"{value!r} is neither 'auto' nor {self._expected} in numbers", param, ctx)
        return numbers[0] if len(numbers) == 1 else numbers


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


class Seconds(click.ParamType[float]):
    """A length of time above 0."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return it as a number."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < math.inf:
            self.fail(f"{value!r} is no number of seconds above 0", param, ctx)
        return seconds


@dataclass(frozen=True)
class NoiseChoice:
    """The noise options; called with a picture it returns the model, the rest estimated.

    Attributes
    ----------
    name : str
        Of a noise model, or "auto", with which no parameter goes.
    sigma : float or tuple of float or None
        Standard deviation on the scale where black is -1 and white +1, or
        those of black and of white.
    flip_prob : float or tuple of float or None
        Probability of a flip, or those of black and of white.
    levels : tuple of float or None
        Grey values of black and white.
    salt, pepper : float or None
        Share of the pixels replaced by white and by black.
    """

    name: str
    sigma: float | tuple[float, float] | None = None
    flip_prob: float | tuple[float, float] | None = None
    levels: tuple[float, float] | None = None
    salt: float | None = None
    pepper: float | None = None

    def __post_init__(self) -> None:
        if self.chosen:
            for key in ("sigma", "flip_prob", "levels", "salt", "pepper"):
                if getattr(self, key) is not None:
                    message = f"does not go with --noise {AUTO}; name the model"
                    raise ParameterError(_option(key), message)
            return
        known = _NOISE_OPTIONS[self.name]
        for key in ("sigma", "flip_prob", "salt", "pepper"):
            value = getattr(self, key)
            if value is not None and key not in known:
                raise ParameterError(_option(key), f"does not go with --noise {self.name}")
            if isinstance(value, tuple) and not known[key]:
                raise ParameterError(
                    _option(key), f"must be one number with --noise {self.name}, not two"
                )
        least = 0.0 if self.sigma == 0 and self.name == "salt-pepper" else 1e-12
        for sigma in _both(self.sigma) if self.sigma is not None else ():
            check_real("sigma", sigma, low=least, high=1e12)
        self.model()

    @property
    def chosen(self) -> bool:
        """Whether the picture chooses the model."""
        return self.name == AUTO

    def __call__(self, x: NDArray[Any], mask: NDArray[Any] | None = None) -> NoiseModel:
        """Return the noise model for the picture `x`, unknown pixels left out of estimates."""
        if self.chosen:
            return choose_noise(x, mask)
        known = self._parameters(self.levels)
        if self.sigma is not None and self.levels is not None and self.name != "salt-pepper":
            return self.model()
        with _naming_options():
            model = NOISE_MODELS[self.name].from_image(x, mask=mask, **known)
        if self.sigma is None or self.levels is not None:
            return model
        with _naming_options():
            spread: Any = self._parameters(model.levels)
            return replace(model, **spread)  # type: ignore[type-var]

    def model(self, levels: tuple[float, float] | None = None, **more: Any) -> NoiseModel:
        """Return the model of what is given, the rest by default; `levels` where none are."""
        levels = self.levels or levels
        scale = check_levels(levels or (-1.0, 1.0))  # before sigma is put on it
        parameters = {**self._parameters(scale), **more}
        for key in ("levels", "rates"):
            if levels is None:
                parameters.pop(key, None)
        with _naming_options():
            return NOISE_MODELS[self.name](**parameters)

    def _parameters(self, levels: tuple[float, float] | None) -> dict[str, Any]:
        """Return what is given as parameters of the model; sigma only where there are levels."""
        given: dict[str, Any] = {}
        if levels is not None:
            given["rates" if self.name == "poisson" else "levels"] = levels
        if self.sigma is not None and levels is not None:
            given |= _spread(self.name, self.sigma, (levels[1] - levels[0]) / 2)
        if self.flip_prob is not None and self.name == "flip":
            given["probability"] = self.flip_prob
        elif self.flip_prob is not None:
            given["black"], given["white"] = _both(self.flip_prob)
        shares = {"salt": self.salt, "pepper": self.pepper}
        return given | {key: share for key, share in shares.items() if share is not None}


def _spread(name: str, sigma: float | tuple[float, float], unit: float) -> dict[str, Any]:
    """Return sigma as the model's own parameter, in grey values."""
    black, white = (s * unit for s in _both(sigma))
    if name == "gaussian-per-level":
        return {"sigmas": (black, white)}
    return {"scale": black / math.sqrt(2)} if name == "laplace" else {"sigma": black}


def _both(value: float | tuple[float, float]) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (value, value)


def _option(key: str) -> str:
    return "--" + key.replace("_", "-")


@contextmanager
def _naming_options() -> Iterator[None]:
    """Name the option that sets a parameter, and not the parameter, in errors from the block."""
    try:
        yield
    except ParameterError as error:
        key = _SET_BY.get(error.parameter)
        if key is None:
            raise
        raise ParameterError(_option(key), error.message) from None


def build_coupling(strengths: float | tuple[float, ...] | None) -> str | Coupling:
    """Return the coupling as `denoise` takes it: of J, (H, V), (H, V, D), or None for auto."""
    if strengths is None:
        return AUTO
    if not isinstance(strengths, tuple):
        return Coupling.nearest(strengths)
    return Coupling(*strengths, *strengths[2:])  # both diagonals alike

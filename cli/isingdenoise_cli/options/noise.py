"""Options of the noise: made of what the noise models say of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from numpy.typing import NDArray

from isingdenoise.errors import ParameterError
from isingdenoise.learning import resolve_noise
from isingdenoise.noise import (
    AUTO,
    NOISE_MODELS,
    NoiseModel,
    NoiseSpec,
    Parameter,
    Unit,
    parameters_of,
)
from isingdenoise.validation import check_real

from .values import Auto, Words

Command = Callable[..., Any]

#: Of a number relative to the levels: beyond, what becomes of it may overflow.
_LEAST, _MOST = 1e-12, 1e12
_LETTERS = {
    Unit.LEVEL: "X",
    Unit.SPREAD: "S",
    Unit.RELATIVE: "S",
    Unit.SHARE: "P",
    Unit.COUNT: "N",
    Unit.NUMBER: "X",
}
_SCALES = {
    Unit.SPREAD: " in grey values",
    Unit.RELATIVE: " on the scale where black is -1, white +1",
}


def option_name(key: str) -> str:
    """Return how the user writes an option."""
    return "--" + key.replace("_", "-")


def takers() -> dict[str, dict[str, list[Parameter]]]:
    """Return the options by name, and for each the models that have it with what it sets.

    A spread has two: one in grey values, one relative to the levels.
    """
    found: dict[str, dict[str, list[Parameter]]] = {}
    for name, kind in NOISE_MODELS.items():
        for parameter in parameters_of(kind).values():
            for known in (parameter, parameter.relative):
                if known is not None and known.option is not None:
                    found.setdefault(known.option, {}).setdefault(name, []).append(known)
    return found


def forms(setting: Iterable[Parameter]) -> list[str]:
    """Return how the numbers of an option are written for a model with these parameters."""
    known = [*setting]
    first = known[0]
    letter = "N" if first.number is int else _LETTERS[first.unit]
    if first.unit in (Unit.LEVEL, Unit.COUNT) and first.pair:
        return ["LO,HI"]
    return [letter, f"{letter}B,{letter}W"] if _two(known) else [letter]


def _two(setting: Iterable[Parameter]) -> bool:
    """Tell whether an option takes a number for black and one for white."""
    return any(known.pair or known.part is not None for known in setting)


def noise_name_option(*names: str) -> Callable[[Command], Command]:
    """Return the option --noise with these names, the first one by default."""
    return click.option(
        "--noise",
        type=Words(names),
        default=names[0],
        show_default=True,
        help="Noise model. 'isingdenoise noises' lists them.",
    )


def parameter_options(
    ending: Callable[[str], str] | None = None, *, several: bool = False
) -> list[Command]:
    """Return the options of all parameters.

    Parameters
    ----------
    ending : callable, optional
        Returns how the help of an option ends; by default all are "auto".
    several : bool
        As of `Auto`.
    """
    found = []
    for key, models in takers().items():
        written = dict.fromkeys(form for known in models.values() for form in forms(known))
        kind = Auto(*sorted(written, key=lambda form: form.count(",")), several=several)
        text = _help(models)
        options: dict[str, Any] = {"default": AUTO, "show_default": True, "help": text}
        if ending is not None:
            options = {"help": f"{text}  {ending(key)}".rstrip()}
        found.append(click.option(option_name(key), key, type=kind, **options))
    return found


def _help(models: Mapping[str, list[Parameter]]) -> str:
    """Return what an option is, and which models have it."""
    first = next(iter(models.values()))[0]
    text = (first.about or "A parameter") + _SCALES.get(first.unit, "")
    if first.unit is Unit.SHARE and first.high < 1:
        text += f", between {first.low:g} and {first.high:g}"
    plain = [name for name, known in models.items() if forms(known) == forms([first])]
    also = [name for name, known in models.items() if name not in plain]
    others = [
        f"{name}: {known[0].about.lower()}"
        for name, known in models.items()
        if known[0].unit is not first.unit
    ]
    parts = [] if len(models) == len(NOISE_MODELS) else [", ".join(plain)]
    parts += [f"with {name} also {forms(models[name])[-1]}" for name in also] + others
    return f"{text} ({'; '.join(parts)})." if parts else f"{text}."


@dataclass(frozen=True)
class NoiseChoice:
    """The noise options.

    Attributes
    ----------
    name : str
        Of a noise model, or "auto", with which no parameter goes.
    given : mapping
        Values of options by name, None for what is to be estimated.
    """

    name: str
    given: Mapping[str, Any]

    def __post_init__(self) -> None:
        _ = self.spec

    @property
    def chosen(self) -> bool:
        """Whether the picture chooses the model."""
        return self.name == AUTO

    @property
    def spec(self) -> NoiseSpec:
        """The options as the library takes them."""
        known: dict[str, Any] = {}
        models = takers()
        for key, value in self.given.items():
            if value is not None:
                setting = models[key].get(self.name, [])
                other = next((p.relative.option for p in setting if p.relative), None)
                if other is not None and self.given.get(other) is not None:
                    message = f"does not go with {option_name(key)}; give one of them"
                    raise ParameterError(option_name(other), message)
                known |= self._set(key, value, setting)
        with self._naming_options():
            return NoiseSpec(self.name, **known)

    def _set(self, key: str, value: Any, setting: list[Parameter]) -> dict[str, Any]:
        """Return the parameters that an option sets."""
        option = option_name(key)
        if self.chosen:
            raise ParameterError(option, f"does not go with --noise {AUTO}; name the model")
        if not setting:
            raise ParameterError(option, f"does not go with --noise {self.name}")
        if isinstance(value, tuple) and not _two(setting):
            raise ParameterError(option, f"must be one number with --noise {self.name}, not two")
        found = {}
        for known in setting:
            numbers = [_number(option, number, known) for number in _both(value)]
            mine = tuple(numbers) if known.pair else numbers[known.part or 0]
            found[known.name] = mine
        return found

    def __call__(self, x: NDArray[Any], mask: NDArray[Any] | None = None) -> NoiseModel:
        """Return the noise model for the picture `x`, unknown pixels left out of estimates."""
        with self._naming_options():
            return resolve_noise(self.spec, x, mask)

    def drawn(
        self,
        levels: tuple[float, float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> NoiseModel:
        """Return the model to draw noise from, about -1 and +1 or about levels, else default.

        Parameters
        ----------
        levels, limits : tuple of float, optional
            As in `NoiseSpec.model_about`.
        """
        known = parameters_of(NOISE_MODELS[self.name]).values()
        more = {p.name: p.drawn for p in known if p.drawn is not None}
        with self._naming_options():
            if levels is None:
                return self.spec.model(**more)
            return self.spec.model_about(levels, limits, **more)

    @contextmanager
    def _naming_options(self) -> Iterator[None]:
        """Name the option that sets a parameter, and not the parameter, in errors from inside."""
        try:
            yield
        except ParameterError as error:
            known = [] if self.chosen else parameters_of(NOISE_MODELS[self.name]).values()
            every = [p for each in known for p in (each, each.relative) if p is not None]
            setting = next((p for p in every if p.name == error.parameter), None)
            if setting is None or setting.option is None:
                raise
            name = option_name(setting.option)
            raise ParameterError(name, error.message, error.hint) from None


def _both(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value, value)


def _number(option: str, value: float, known: Parameter) -> float:
    """Return a number of an option as its parameter has it."""
    if known.unit is Unit.RELATIVE:
        least = 0.0 if value == 0 and known.low == 0 else _LEAST
        value = check_real(option, value, low=least, high=_MOST)
    value *= known.factor
    whole = known.number is int and float(value).is_integer()
    return int(value) if whole else value

"""Options of noise and light, of one picture and of several levels for a clean one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from isingdenoise.errors import ParameterError
from isingdenoise.learning import DETECT
from isingdenoise.noise import AUTO, NOISE_MODELS, NoiseModel, parameters_of

from .noise import NoiseChoice, forms, noise_name_option, option_name, parameter_options, takers
from .reading import all_of
from .values import Seeds, Words, seeds_of

Command = Callable[..., Any]

_NOISE = "Noise and light"  # the heading in the help


@dataclass(frozen=True)
class NoiseLevels:
    """Noise that a clean picture is given.

    Attributes
    ----------
    name : str
        Of the noise model.
    option : str
        What the levels are set by.
    models : tuple of (float or None, NoiseModel)
        Each level, where it is one number, and what its noise is drawn from.
    seeds : range
        One noisy picture each, for each level.
    """

    name: str
    option: str
    models: tuple[tuple[float | None, NoiseModel], ...]
    seeds: range

    @property
    def count(self) -> int:
        """How many noisy pictures there are."""
        return len(self.models) * len(self.seeds)


def check_single(given: Mapping[str, Any]) -> None:
    """Refuse several levels of one picture that is noisy already."""
    for key, value in given.items():
        written = {form for known in takers()[key].values() for form in forms(known)}
        numbers = len(value) if isinstance(value, tuple) else 1
        if value is None or numbers in {form.count(",") + 1 for form in written}:
            continue
        told = f"must be {' or '.join(sorted(written, key=len))} in numbers"
        if written != {"LO,HI"}:
            told += "; several levels need a clean picture and seeds, e.g. --seeds 0:5"
        raise ParameterError(option_name(key), told)


def noise_levels(name: str, given: Mapping[str, Any], seeds: range) -> NoiseLevels:
    """Return the levels that options ask for, of one parameter of the noise.

    Parameters
    ----------
    name : str
        Behind --noise; with `auto` the first model that has all the options.
    given : mapping
        Values of options by name, None for what was not given.
    seeds : range
        Of the noise.

    Raises
    ------
    ParameterError
        No model has these options, two have several numbers, or a number is out of range.
    """
    known = {key: value for key, value in given.items() if value is not None}
    if name == AUTO:
        fit = [n for n in NOISE_MODELS if all(n in takers()[key] for key in known)]
        if not fit:
            first, *others = map(option_name, known)
            more = f" together with {' and '.join(others)}" if others else ""
            raise ParameterError(first, f"goes with no noise{more}; name one behind --noise")
        name = fit[0]
    several = [key for key, v in known.items() if isinstance(v, tuple) and not _is_pair(key, name)]
    if len(several) > 1:
        raise ParameterError(option_name(several[1]), "may have one number: another has levels")
    single = [key for key, value in known.items() if not isinstance(value, tuple)]
    swept = (several or single or [""])[0]
    values = known.get(swept)
    models = []
    for value in values if isinstance(values, tuple) else (values,):
        model = NoiseChoice(name, {**given, swept: value} if swept else given).drawn()
        first = getattr(model, next(iter(parameters_of(type(model)))))
        level = first if value is None else value
        models.append((float(level) if isinstance(level, (int, float)) else None, model))
    return NoiseLevels(name, option_name(swept) if swept else "level", tuple(models), seeds)


def _is_pair(key: str, name: str) -> bool:
    """Tell whether an option always has two numbers, those of black and of white."""
    setting = takers()[key].get(name, [])
    return bool(setting) and forms(setting) == ["LO,HI"]


def noise_options(command: Command) -> Command:
    """Add --noise, the parameters of the noise models and --background."""
    keys = tuple(takers())

    @functools.wraps(command)
    def gathered(*, background: str, noise: str, **given: Any) -> Any:
        choice = NoiseChoice(noise, {key: given.pop(key) for key in keys})
        light = None if background == "none" else background
        return command(noise=choice.spec, background=light, **given)

    names = noise_name_option(AUTO, *NOISE_MODELS)
    return all_of([names, *parameter_options(), background_option], gathered, _NOISE)


def level_options(command: Command) -> Command:
    """Add --seeds and those of `noise_options`, which may have several levels then.

    `levels` arrives as `NoiseLevels`, or None where the picture is noisy already.
    """
    keys = tuple(takers())

    @functools.wraps(command)
    def gathered(*, background: str, noise: str, seeds: str | None, **given: Any) -> Any:
        chosen = {key: given.pop(key) for key in keys}
        light = None if background == "none" else background
        if seeds is None:
            check_single(chosen)
            spec: Any = NoiseChoice(noise, chosen).spec
            return command(noise=spec, background=light, levels=None, **given)
        levels = noise_levels(noise, chosen, seeds_of(seeds))
        return command(noise=levels.name, background=None, levels=levels, **given)

    names = noise_name_option(AUTO, *NOISE_MODELS)
    parameters = parameter_options(several=True)
    return all_of([seeds_option, names, *parameters, background_option], gathered, _NOISE)


background_option = click.option(
    "--background",
    type=Words([DETECT, AUTO, "none"]),
    default=DETECT,
    show_default=True,
    help="Divide out uneven light first: 'detect' where --noise is auto and one threshold "
    "misses edges, 'auto' by a smooth surface in any case.",
)
seeds_option = click.option(
    "--seeds",
    type=Seeds(),
    metavar="A:B",
    help="Give INPUT, a clean picture, noise from each of these seeds first, e.g. 0:5 for 0 to 4; "
    "then --sigma 0.5,1,2 or --flip-prob 0.05,0.1 are levels, with black -1 and white +1.",
)

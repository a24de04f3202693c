"""What option texts become: numbers or auto, a share, a coupling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import nearest
from isingdenoise.names import AutoName

_MOST_SEEDS = 10_000


class Words(click.Choice[str]):
    """One of some words; a mistyped one is told the nearest.

    Parameters
    ----------
    words : iterable of str
        Those that are listed and completed.
    spellings : mapping of str to str, optional
        Other spellings, and what each stands for.
    """

    def __init__(
        self, words: Iterable[str], spellings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(tuple(words))
        self._spellings = spellings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word that is meant."""
        return super().convert(self._spellings.get(value, value), param, ctx)

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Return what may stand there."""
        return f"Choose one of {', '.join(self.choices)}."

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return what may stand there, and what is spelt most like it."""
        text = super().get_invalid_choice_message(value, ctx).rstrip(".")
        return text + nearest(str(value), self.choices)


class Whole(click.ParamType[int]):
    """A whole number within bounds.

    Parameters
    ----------
    low : int
        The least.
    high : int, optional
        The most.
    """

    name = "n"

    def __init__(self, low: int, high: int | None = None) -> None:
        self._low, self._high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is no whole number", param, ctx)
        if number < self._low or (self._high is not None and number > self._high):
            most = "" if self._high is None else f" and at most {self._high}"
            self.fail(f"{number} is not at least {self._low}{most}", param, ctx)
        return number


class Auto(click.ParamType[Any]):
    """One or more numbers in one of some forms, or the word auto.

    Parameters
    ----------
    *forms : str
        Names of the numbers as the user writes them, such as "S" and "SB,SW".
    several : bool
        Whether any number of them may be given, for several levels: whoever takes them
        counts them.
    """

    def __init__(self, *forms: str, several: bool = False) -> None:
        self.name = "|".join(["auto", *forms])
        self._counts = {form.count(",") + 1 for form in forms}
        self._expected = " or ".join(forms)
        self._several = several

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
        if len(numbers) not in self._counts and not (self._several and numbers):
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


class Seeds(click.ParamType[str]):
    """Whole numbers from one to before another; they stay as they are written."""

    name = "A:B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, checked."""
        found = seeds_of(str(value))
        if not found or found[0] < 0 or len(found) > _MOST_SEEDS:
            text = f"{value!r} are no seeds; write 0:5 for 0 to 4, at most {_MOST_SEEDS:,}"
            self.fail(text, param, ctx)
        return str(value)


def seeds_of(text: str) -> range:
    """Return the seeds that a text stands for, as A:B or as one number; none if it is neither."""
    first, colon, end = text.partition(":")
    try:
        start = int(first)
        return range(start, int(end) if colon else start + 1)
    except ValueError:
        return range(0)


def build_coupling(strengths: float | tuple[float, ...] | None) -> AutoName | Coupling:
    """Return the coupling as `denoise` takes it: of J, (H, V), (H, V, D), or None for auto."""
    if strengths is None:
        return "auto"
    if not isinstance(strengths, tuple):
        return Coupling.nearest(strengths)
    return Coupling(*strengths, *strengths[2:])  # both diagonals alike

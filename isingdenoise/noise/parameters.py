"""Parameters of noise models: what the fields of a model say of themselves."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from ..errors import ParameterError
from ..validation import check_int, check_real

__all__ = [
    "NEVER",
    "SPREADS",
    "Parameter",
    "Unit",
    "check_levels",
    "check_parameters",
    "parameter",
    "parameters_of",
    "relatives_of",
]

#: Bounds of standard deviations and the like.
SPREADS = (1e-30, 1e30)
#: What stands for a probability of 0 where its logarithm is taken: 690 nats, beyond the pull of
#: any neighbours and far from where sums of the other logarithms lose digits.
NEVER = 1e-300
_LARGEST = 1e30
_KEY = "parameter"
_RELATIVE = "_unit"


class Unit(StrEnum):
    """What a parameter counts in."""

    LEVEL = "grey value"
    SPREAD = "difference of grey values"
    RELATIVE = "half the distance of the levels"
    SHARE = "share"
    COUNT = "count"
    NUMBER = "number"


@dataclass(frozen=True)
class Parameter:
    """What a field of a noise model is; the field itself adds name, default and type.

    Attributes
    ----------
    about : str
        In words, without a full stop.
    unit : Unit
        Of levels and counts the second one must be larger.
    option : str or None
        Under which it is asked for, the same in all models that have it: one
        number, or those of black and of white. "" is the field's own name,
        None for what is not asked for.
    low, high : float
        Bounds of each number.
    low_open, high_open : bool
        Whether the bound itself is left out.
    part : int, optional
        Which of the option's numbers it takes: 0 that of black, 1 that of white.
    factor : float
        By which the option's number is multiplied.
    drawn : float or tuple of float, optional
        Value to draw noise with where none is given, with black -1 and white
        +1; by default the field's own default.
    reported : bool
        Whether reports tell it.
    name, default, number, pair, optional
        Of the field: its name and default, int or float, whether it is two
        numbers, and whether it may be None.
    """

    about: str = ""
    unit: Unit = Unit.NUMBER
    option: str | None = ""
    low: float = -_LARGEST
    high: float = _LARGEST
    low_open: bool = False
    high_open: bool = False
    part: int | None = None
    factor: float = 1.0
    drawn: Any = None
    reported: bool = True
    name: str = ""
    default: Any = None
    number: type[Any] = float
    pair: bool = False
    optional: bool = False

    @property
    def relative(self) -> Parameter | None:
        """The same on the scale where black is -1 and white +1, for spreads.

        Its name and its option end in `_unit`.
        """
        if self.unit is not Unit.SPREAD:
            return None
        option = self.option and self.option + _RELATIVE
        return replace(self, unit=Unit.RELATIVE, name=self.name + _RELATIVE, option=option)

    def check(self, value: Any) -> Any:
        """Return a value as plain numbers within the bounds.

        Raises
        ------
        ParameterError
            It is no number or not two, out of bounds, or does not rise.
        """
        if value is None and self.optional:
            return None
        if not self.pair:
            return self._number(value)
        try:
            first, second = value
        except (TypeError, ValueError):
            form = " LO,HI" if self.unit is Unit.LEVEL else ""
            message = f"must be two numbers{form}, not {value!r}"
            raise ParameterError(self.name, message) from None
        first, second = self._number(first), self._number(second)
        if self.unit in (Unit.LEVEL, Unit.COUNT) and not first < second:
            message = f"must rise (black, then white), not {first:g}, {second:g}"
            raise ParameterError(self.name, message)
        return first, second

    def _number(self, value: Any) -> float:
        if self.number is int:
            low, high = int(self.low) + self.low_open, int(self.high) - self.high_open
            return check_int(self.name, value, low=low, high=high)
        bounds: dict[str, Any] = {"low_open": self.low_open, "high_open": self.high_open}
        return check_real(self.name, value, low=self.low, high=self.high, **bounds)

    def of(self, name: str, default: Any, hint: Any) -> Parameter:
        """Return the parameter with what the field says."""
        kinds = typing.get_args(hint) if _is_union(hint) else (hint,)
        kind = next((k for k in kinds if k is not types.NoneType), float)
        pair = typing.get_origin(kind) is tuple
        number = typing.get_args(kind)[0] if pair else kind
        return replace(
            self,
            option=name if self.option == "" else self.option,
            name=name,
            default=default,
            number=number,
            pair=pair,
            optional=types.NoneType in kinds,
        )


def parameter(default: Any, about: str, **more: Any) -> Any:
    """Return a dataclass field with a default, described by a `Parameter`.

    Parameters
    ----------
    default : number, tuple of two, or None
        The field's default.
    about : str
        What it is.
    **more
        Other attributes of `Parameter`.
    """
    return field(default=default, metadata={_KEY: Parameter(about, **more)})


def levels_parameter(
    default: Any = (-1.0, 1.0), about: str = "Grey values of black and white"
) -> Any:
    """Return the field `levels` of a model whose values are grey."""
    return parameter(default, about, unit=Unit.LEVEL, option="levels")


def limits_parameter(default: Any = None) -> Any:
    """Return the field `limits`: the ends of the scale, found and neither asked for nor told."""
    return parameter(default, "Ends of the scale", unit=Unit.LEVEL, option=None, reported=False)


def spread_parameter(default: Any, about: str, **more: Any) -> Any:
    """Return a field for a standard deviation, or for what is proportional to it."""
    low, high = more.pop("low", SPREADS[0]), SPREADS[1]
    return parameter(default, about, unit=Unit.SPREAD, option="sigma", low=low, high=high, **more)


def share_parameter(default: float, about: str, *, most: float, **more: Any) -> Any:
    """Return a field for a share from 0 on, below `most`."""
    more = {"low": 0.0, "high": most, "high_open": True, **more}
    return parameter(default, about, unit=Unit.SHARE, **more)


def parameters_of(kind: type[Any]) -> Mapping[str, Parameter]:
    """Return the parameters of a noise model by name, in the order of its fields."""
    return _parameters_of(kind)  # type: ignore[arg-type]  # classes can be hashed


def relatives_of(kind: type[Any]) -> dict[str, str]:
    """Return the names of relative spreads of a noise model, and of the parameters they set."""
    known = parameters_of(kind).values()
    return {each.relative.name: each.name for each in known if each.relative is not None}


@functools.cache
def _parameters_of(kind: Any) -> Mapping[str, Parameter]:
    hints = typing.get_type_hints(kind)
    return {
        f.name: f.metadata.get(_KEY, Parameter()).of(f.name, f.default, hints[f.name])
        for f in fields(kind)
    }


def check_parameters(model: object) -> None:
    """Check the fields of a frozen noise model, and make them plain numbers.

    Raises
    ------
    ParameterError
        One of them is wrong.
    """
    for name, known in parameters_of(type(model)).items():
        object.__setattr__(model, name, known.check(getattr(model, name)))


def check_levels(levels: Any, name: str = "levels") -> tuple[float, float]:
    """Return (low, high) as finite floats with low < high.

    Raises
    ------
    ParameterError
        Not two numbers, or not in this order.
    """
    known = Parameter("", Unit.LEVEL, name=name, pair=True)
    low, high = known.check(levels)
    return low, high


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)

"""Parameters of noise and coupling as numbers that a normal distribution suits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...coupling import Coupling
from ...noise import NoiseModel, Parameter, Unit, parameters_of
from .._calibration import Floats
from .._search import HIGHEST, LOWEST

__all__ = [
    "ANYWHERE",
    "COUPLING",
    "Coordinate",
    "coordinates",
    "coupling_of",
    "noise_of",
    "vector_of",
    "within",
]

#: The coordinates of the coupling: log horizontal and vertical strength, and the diagonal ones
#: relative to their geometric mean.
COUPLING = ("horizontal", "vertical", "diagonal")
_LOW = np.array([math.log(LOWEST), math.log(LOWEST), -0.4])
_HIGH = np.array([math.log(HIGHEST), math.log(HIGHEST), 1.0])
#: Deviations of what may lie anywhere in that range: none is larger.
ANYWHERE = (_HIGH - _LOW) / math.sqrt(12)

_LEAST = 1e-30  # stands for 0 where a logarithm is taken
_EDGE = 1e-9  # of a share
#: Differences that are none, whatever the pages say: of logarithms, and of levels relative to
#: their distance.
_FLOOR, _LEVEL_FLOOR = 0.005, 0.001


class Coordinate(NamedTuple):
    """One number of a noise model.

    Attributes
    ----------
    name : str
        Of the parameter.
    part : int or None
        Which of two numbers it is.
    known : Parameter
        What the parameter says of itself.
    """

    name: str
    part: int | None
    known: Parameter

    @property
    def label(self) -> str:
        """Its name in reports: "sigma", "level_black"."""
        if self.part is None:
            return self.name
        return f"{self.name.removesuffix('s')}_{('black', 'white')[self.part]}"

    def forth(self, value: float) -> float:
        """Return a value of the parameter as a coordinate."""
        if self._is_log:
            return math.log(max(value, _LEAST))
        if self.known.unit is Unit.SHARE:
            share = min(max(value / self.known.high, _EDGE), 1 - _EDGE)
            return math.log(share / (1 - share))
        return value

    def back(self, number: float) -> float:
        """Return a coordinate as a value of the parameter, within its bounds."""
        low, high = self.known.low, self.known.high
        if self._is_log:
            none = low == 0 and number < math.log(2 * _LEAST)
            number = 0.0 if none else math.exp(min(number, math.log(1e30)))
        elif self.known.unit is Unit.SHARE:
            number = high * (0.5 + 0.5 * math.tanh(0.5 * number))
            high *= 1 - _EDGE
        return min(max(number, low), high)

    @property
    def _is_log(self) -> bool:
        unit = self.known.unit
        return unit in (Unit.SPREAD, Unit.COUNT) or (unit is Unit.NUMBER and self.known.low > 0)


def coordinates(kind: type[NoiseModel]) -> list[Coordinate]:
    """Return the numbers that can be learned of a noise model: those that can be asked for."""
    return [
        Coordinate(name, part, known)
        for name, known in parameters_of(kind).items()
        if known.option is not None
        for part in ((0, 1) if known.pair else (None,))
    ]


def vector_of(noise: NoiseModel, coupling: Coupling, factor: float) -> Floats:
    """Return noise and coupling as one vector.

    Parameters
    ----------
    noise : NoiseModel
        Its coordinates come first.
    coupling : Coupling
        The strengths in use.
    factor : float
        By how much they exceed those that predict best, which follow; its logarithm is last.
    """
    numbers = []
    for each in coordinates(type(noise)):
        value = getattr(noise, each.name)
        numbers.append(each.forth(value if each.part is None else value[each.part]))
    h, v = (max(s / factor, LOWEST) for s in (coupling.horizontal, coupling.vertical))
    across = (coupling.diagonal + coupling.antidiagonal) / 2 / factor / math.sqrt(h * v)
    strengths = within(np.array([math.log(h), math.log(v), across]))
    return np.concatenate([np.array(numbers), strengths, [math.log(factor)]])


def floors_of(noise: NoiseModel) -> Floats:
    """Return differences too small to matter, for each number of `vector_of`."""
    span = _LEVEL_FLOOR * (noise.levels[1] - noise.levels[0])
    levels = [each.known.unit is Unit.LEVEL for each in coordinates(type(noise))]
    return np.array([span if level else _FLOOR for level in levels] + [_FLOOR] * 4)


def noise_of(like: NoiseModel, vector: Floats) -> NoiseModel:
    """Return the noise model of a vector; what it lacks (ends of the scale) is that of `like`."""
    kind: Callable[..., NoiseModel] = type(like)
    values: dict[str, Any] = {name: getattr(like, name) for name in parameters_of(type(like))}
    for each, number in zip(coordinates(type(like)), vector.tolist(), strict=False):
        value = each.back(number)
        if each.part == 1:
            first = values[each.name][0]
            if each.known.unit in (Unit.LEVEL, Unit.COUNT) and value <= first:
                value = math.nextafter(first, math.inf)
            values[each.name] = (first, value)
        else:
            values[each.name] = value if each.part is None else (value, 0.0)
    return kind(**values)


def coupling_of(strengths: Floats, factor: float = 1.0) -> Coupling:
    """Return the coupling of its three coordinates, times a factor."""
    a, b, across = within(strengths).tolist()
    h, v = math.exp(a) * factor, math.exp(b) * factor
    d = across * math.sqrt(h * v)
    return Coupling(h, v, d, d)


def within(strengths: Floats) -> Floats:
    """Return coordinates of a coupling within the bounds of `estimate`."""
    return np.clip(strengths, _LOW, _HIGH)

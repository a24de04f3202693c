"""What can be tuned: one slider for each number of a noise model, its threshold, the coupling."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..coupling import Coupling
from ..noise import Meaning, NoiseModel, Parameter, Unit, parameters_of

__all__ = ["COUPLING", "THRESHOLD", "Control", "controls_of", "coupling_of", "settings_of"]

COUPLING, THRESHOLD = "coupling", "threshold"
_DIGITS = 5  # of a setting, on the screen, in the command and in the solver alike
_AROUND = 8.0  # by how much a spread may be divided or multiplied
_SHARES = (1e-3, 0.49)
_STRONGEST = 2.0
_LEVELS = "levels"


@dataclass(frozen=True)
class Control:
    """One slider.

    Attributes
    ----------
    key : str
        Its name; of a pair followed by ".0" or ".1".
    label : str
        What it is, in words.
    low, high, value : float
        Its range, and where it starts.
    log : bool
        Whether equal steps are equal ratios.
    """

    key: str
    label: str
    low: float
    high: float
    value: float
    log: bool


def controls_of(noise: NoiseModel, coupling: Coupling) -> list[Control]:
    """Return the sliders of a model, the coupling among them."""
    found = list(_of_noise(noise))
    strength = _strength(coupling)
    most = max(_STRONGEST, 2 * strength)
    found.append(_control(COUPLING, "Coupling", (0.0, most), strength))
    pair = _threshold_pair(noise)
    if pair is not None:
        label = "Threshold between black and white"
        found.append(_control(THRESHOLD, label, pair, sum(pair) / 2))
    return found


def settings_of(noise: NoiseModel, values: Mapping[str, float]) -> dict[str, Any]:
    """Return the options of a noise model for values of its sliders: a number each, or two.

    Parameters
    ----------
    noise : NoiseModel
        What the sliders started from.
    values : mapping of str to float
        By the keys of the sliders; those that lack stay where they started.

    Returns
    -------
    dict of str to float or tuple of float
        By the names of the options (`Parameter.option`), each in few digits.
    """
    found: dict[str, list[float]] = {}
    for option, part, number, _ in _numbers(noise):
        value = values.get(_key(option, part), number)
        found.setdefault(option, []).append(_rounded(value))
    settings: dict[str, Any] = {
        option: numbers[0] if len(numbers) == 1 else tuple(numbers)
        for option, numbers in found.items()
    }
    pair = _threshold_pair(noise)
    if pair is not None:
        low, high = pair
        shift = values.get(THRESHOLD, (low + high) / 2) - (low + high) / 2
        settings[_LEVELS] = (_rounded(low + shift), _rounded(high + shift))
    return settings


def coupling_of(coupling: Coupling, strength: float) -> tuple[float, ...]:
    """Return a coupling of another strength and the same proportions, as few numbers.

    Parameters
    ----------
    coupling : Coupling
        What the slider started from.
    strength : float
        Mean of horizontal and vertical.

    Returns
    -------
    tuple of float
        (J,), (horizontal, vertical), or those and both diagonals.
    """
    before = _strength(coupling)
    parts = coupling.record()
    if before <= 0:
        return (_rounded(strength),)
    scale = strength / before
    across, down = (_rounded(parts[n] * scale) for n in ("horizontal", "vertical"))
    diagonal = _rounded((parts["diagonal"] + parts["antidiagonal"]) / 2 * scale)
    if diagonal:
        return across, down, diagonal
    return (across,) if across == down else (across, down)


def _of_noise(noise: NoiseModel) -> Iterator[Control]:
    """Yield the sliders of the numbers of a noise model."""
    for option, part, number, known in _numbers(noise):
        if not number > 0 and known.unit is not Unit.SHARE:
            continue  # sigma 0 says that there are no such pixels
        label = f"Noise: {known.about[0].lower()}{known.about[1:]}"
        if part is not None:
            label = f"{label}, {('black', 'white')[part]}"
        low, high = number / _AROUND, number * _AROUND
        if known.unit is Unit.SHARE:
            low, high = _SHARES
        ends = max(low, known.low / known.factor), min(high, known.high / known.factor)
        value = min(max(number, ends[0]), ends[1])
        yield _control(_key(option, part), label, ends, value, log=True)


def _control(
    key: str, label: str, ends: tuple[float, float], value: float, *, log: bool = False
) -> Control:
    return Control(key, label, _rounded(ends[0]), _rounded(ends[1]), _rounded(value), log)


def _numbers(noise: NoiseModel) -> Iterator[tuple[str, int | None, float, Parameter]]:
    """Yield option, part of a pair, number and parameter of all that is tuned by itself.

    A share that was not seen begins at the end of its slider: 0 has no logarithm.
    """
    for name, known in parameters_of(type(noise)).items():
        value = getattr(noise, name)
        if not known.option or value is None or known.option == _LEVELS or not known.reported:
            continue
        pairs = list(enumerate(value)) if known.pair else [(known.part, value)]
        for part, number in pairs:
            scaled = float(number) / known.factor
            if known.unit is Unit.SHARE:
                scaled = max(scaled, _SHARES[0])
            yield known.option, part, scaled, known


def _threshold_pair(noise: NoiseModel) -> tuple[float, float] | None:
    """Return the levels, where the threshold between them is a matter of grey values."""
    known = parameters_of(type(noise)).get(_LEVELS)
    grey = noise.meaning is Meaning.GREY
    if known is None or known.option != _LEVELS or noise.two_valued or not grey:
        return None
    low, high = noise.levels
    return float(low), float(high)


def _key(option: str, part: int | None) -> str:
    return option if part is None else f"{option}.{part}"


def _strength(coupling: Coupling) -> float:
    parts = coupling.record()
    return (float(parts["horizontal"]) + float(parts["vertical"])) / 2


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else value

"""Levels of a picture that has but one."""

from __future__ import annotations

from typing import Any

from ...messages import warn

_OUT_OF_REACH = 10.0
_LARGEST = 1e30


def levels_of_constant(value: float, integer_range: tuple[float, float] | None) -> Any:
    """Return levels that make a picture of one grey value all white or all black, and warn."""
    levels, colour = one_level(value, integer_range)
    warn(
        f"all pixels are equal: the levels cannot be estimated, the picture comes out all {colour}"
    )
    return levels


def levels_of_one(
    value: float, integer_range: tuple[float, float] | None, spread: float
) -> tuple[float, float]:
    """Return levels that make a noisy picture of one level all white or all black, and warn.

    Parameters are those of `one_level`.
    """
    levels, colour = one_level(value, integer_range, spread)
    warn(
        f"one grey level only, about {value:.4g}: the picture comes out all {colour}; "
        "give levels if there are two"
    )
    return levels


def one_level(
    value: float, integer_range: tuple[float, float] | None, spread: float = 0.0
) -> tuple[tuple[float, float], str]:
    """Return levels for a picture that has but one, and the colour it comes out in.

    Parameters
    ----------
    value : float
        The one level: white from the middle of the scale on.
    integer_range : tuple of float or None
        The ends of the scale; None for -1 and 1.
    spread : float
        Standard deviation of the noise: the other level lies ten of it away at least.
    """
    low, high = integer_range or (-1.0, 1.0)
    far = max(1.0, _OUT_OF_REACH * spread)
    if value >= (low + high) / 2:
        return (max(min(low, value - far), -_LARGEST), value), "white"
    return (value, min(max(high, value + far), _LARGEST)), "black"

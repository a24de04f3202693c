"""Where impulses lie, and which of a picture's few values are its levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import observed
from .constant import levels_of_constant
from .grey import bands, histogram, split_by_neighbourhood
from .scale import integer_range, piled_up, warn_if_close

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class FewValues:
    """Levels and ends of a picture of one to four values.

    `shares` of the pixels lie at the lower and at the upper end: of those ends
    that are no level, so that only impulses lie there.
    """

    levels: tuple[float, float]
    limits: tuple[float, float]
    shares: tuple[float | None, float | None] = (None, None)


def few_values(
    x: NDArray[Any],
    mask: Bools | None,
    levels: tuple[float, float] | None,
    limits: tuple[float, float] | None,
) -> FewValues | None:
    """Return levels and ends of a picture whose pixels are levels and impulses alone, or None.

    One value is a constant picture. Two values are levels and ends at once.
    Of three or four the outer ones are the ends if they are those of the
    scale, and two between them the levels; a single one between them is one
    level, and the more frequent end is the other. Three or four whole grey
    values without a gap are rounded noise.
    """
    values, weight = histogram(x, mask)
    met = np.unique(values)
    if met.size <= 1:
        value = float(met[0]) if met.size else 0.0
        span = levels or levels_of_constant(value, integer_range(x))
        return FewValues(span, limits or span)
    low, high = float(met[0]), float(met[-1])
    if met.size == 2 and levels is None:
        warn_if_close(x, (low, high), from_zero=False)
    if met.size == 2 and limits is None:
        return FewValues(levels or (low, high), levels or (low, high))
    span = limits or (low, high)
    if x.dtype.kind in "iu" and 2 < met.size == high - low + 1:
        return None  # one grey value next to the other: narrow densities
    inner = met[(met > span[0]) & (met < span[1])]
    if met.size > 4 or inner.size > 2 or (met.size == 4 and inner.size < 2) or x.size < 64:
        return None
    if levels is None and inner.size == 2:
        levels = float(inner[0]), float(inner[1])
    elif levels is None and inner.size == 1:
        bottom, top = (float(weight[values == end].sum()) for end in span)
        levels = (span[0], float(inner[0])) if bottom > top else (float(inner[0]), span[1])
    levels = levels or span
    total = float(weight.sum())
    below, above = (
        None if end == level else float(weight[values == end].sum()) / total
        for end, level in zip(span, levels, strict=True)
    )
    return FewValues(levels, span, (below, above))


def impulse_limits(x: NDArray[Any], mask: Bools | None) -> tuple[float, float]:
    """Return where impulses lie: the ends of the dtype, or of the values if they pile up there.

    An end that no impulse marks lies outside all values, so that nothing is at it.
    """
    span = integer_range(x)
    if span is not None:
        return span
    grey = x[observed(x, mask)]
    low, high = float(grey.min()), float(grey.max())
    wide = high - low
    at_low, at_high = piled_up(x, mask)
    return (low if at_low else low - wide, high if at_high else high + wide)


def without_impulses(
    x: NDArray[Any], mask: Bools | None, ends: tuple[float, float]
) -> tuple[float, float, float]:
    """Return levels and spread of the pixels between the ends, of all where too few are.

    Of large pictures parts are taken.
    """
    x, mask = bands(x), None if mask is None else bands(mask)
    between = observed(x, mask) & (x > ends[0]) & (x < ends[1])
    grey = x[between]
    if grey.size < 2 or grey.min() == grey.max():
        between = observed(x, mask)
    low, high, sigma, _ = split_by_neighbourhood(x, between)
    return low, high, sigma

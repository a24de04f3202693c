"""Which pages are like the others, and why the rest is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ...noise import Unit
from ..fit import LEFT_ALONE
from ._looks import Look
from ._state import Group, State
from ._vector import COUPLING, coordinates
from .learned import PageFit

__all__ = ["judged"]

#: Nats a pixel that a page may lose by what all have in common: sigma a fifth off, or a level
#: a fifth of sigma.
_MAY_LOSE = 0.02
_MANY = 6.0  # and deviations of what the other pages lose
_TO_SIGMA = 1.4826
_FAR = 0.25  # of the levels' distance, that a level may lie off
_FAR_LOG = 0.4  # of the logarithm of a spread; twice that of the log odds of a share


def judged(
    looks: Mapping[int, Look], scores: Mapping[int, float], state: State
) -> Iterator[PageFit]:
    """Yield how each page fits.

    A page does not fit where its hidden pixels are less likely under what all
    have in common than under its own estimate by 0.02 nats a pixel, and by more
    than six deviations of what is usual; where its levels lie elsewhere, or its noise is
    half as much or half as little again; and where its own
    estimate would not have cleaned it, or its light is uneven.
    """
    group = state.winner
    lost = np.array([looks[p].score - s for p, s in scores.items() if np.isfinite(s)])
    limit = _MAY_LOSE
    if lost.size:
        middle = float(np.median(lost))
        limit = max(limit, middle + _MANY * _TO_SIGMA * float(np.median(np.abs(lost - middle))))
    for page, look in looks.items():
        score = scores.get(page)
        reason = None if group is None else _reason(look, score, limit, group)
        assumed = LEFT_ALONE if look.left_alone else look.noise.name
        own = None if look.left_alone else look.score
        known = score if score is not None and np.isfinite(score) else None
        yield PageFit(page, assumed, known, own, reason is None, reason)


def _reason(look: Look, score: float | None, limit: float, group: Group) -> str | None:
    """Return why a page does not fit, or None."""
    if look.uneven:
        return "its light is uneven"
    if look.left_alone:
        return "its own estimate leaves it alone"
    if score is None:
        return f"it has noise {look.noise.name}, most have {group.like.name}"
    if look.noise.name == group.like.name and (other := _other(look, group)):
        return other
    lost = look.score - score
    if lost <= limit:
        return None
    if look.noise.name != group.like.name:
        why = f"it has noise {look.noise.name}"
    else:
        why = _most_apart(look, group)
    return f"{lost:.2g} nats a pixel are lost: {why}"


def _other(look: Look, group: Group) -> str | None:
    """Return which parameter is evidently another, if one is: own scores may be poor as well."""
    low, high = group.noise.levels
    limits = {
        Unit.LEVEL: _FAR * (high - low),
        Unit.SPREAD: _FAR_LOG,
        Unit.SHARE: _FAR_LOG * 2,
        Unit.COUNT: _FAR_LOG,
    }
    known = coordinates(type(group.like))
    mean = group.hierarchy.mean
    far = [
        k
        for k, each in enumerate(known)
        if abs(look.vector[k] - mean[k]) > limits.get(each.known.unit, np.inf)
    ]
    if not far:
        return None
    levels = [k for k in far if known[k].known.unit is Unit.LEVEL]
    blank = "; it may be blank" if len(far) == len(levels) == 1 else ""
    return f"{_compared(look, group, (levels or far)[0])}{blank}"


def _most_apart(look: Look, group: Group) -> str:
    """Return in words by what a page differs most."""
    hierarchy = group.hierarchy
    apart = hierarchy.apart(look.vector)[:-1]
    k = int(np.argmax(apart))
    known = coordinates(type(group.like))
    if k >= len(known):
        return f"its coupling ({COUPLING[k - len(known)]}) is another"
    return _compared(look, group, k)


def _compared(look: Look, group: Group, k: int) -> str:
    """Return one number of a page, and that of all."""
    each = coordinates(type(group.like))[k]
    mine, common = (each.back(float(v[k])) for v in (look.vector, group.hierarchy.mean))
    return f"{each.label} is {mine:.4g}, of most {common:.4g}"

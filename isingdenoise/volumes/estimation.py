"""Noise and strengths of a volume: of planes that stand for all, and of hidden voxels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..errors import ParameterError
from ..learning import AUTO, Choice, choose, estimate
from ..validation import check_choice, check_real
from .between import HiddenVoxels, PlaneCoupling, find_between
from .coupling import Spacing, VolumeCoupling

__all__ = ["resolve"]

_LOOKED_AT = 1 << 21  # pixels of the planes that stand for all


@dataclass(frozen=True)
class _Estimated:
    """Noise and strengths within planes, and by how much these exceed what predicts best."""

    choice: Choice
    plane: Coupling
    factor: float
    source: str


def resolve(
    x: NDArray[Any],
    known: NDArray[np.bool_] | None,
    noise: Any,
    coupling: Any,
    between: Any,
    lattice: tuple[int, Spacing],
) -> tuple[Choice, VolumeCoupling, PlaneCoupling | None, str]:
    """Return noise, strengths, what hidden voxels said of them, and where they come from."""
    neighbours, spacing = lattice
    factor = None if isinstance(between, str) else check_real("between", between, low=0, high=1e3)
    if factor is None:
        check_choice("between", between, [AUTO])
    picture, seen = _picture(x, known)
    if isinstance(coupling, VolumeCoupling):
        return choose(noise, picture, seen), coupling, None, "given"
    part = _within_planes(noise, coupling, picture, seen)
    start = part.plane.scaled(1 / part.factor)
    apart = VolumeCoupling.over(start, neighbours, spacing=spacing, between=factor or 0.0)
    estimated = part.source == "estimated"
    alone = part.plane.pull == 0 or len(x) == 1 or factor == 0
    if alone or not (estimated or factor is None):
        return part.choice, apart.scaled(part.factor), None, part.source
    hidden = HiddenVoxels(x, known, part.choice.noise, np.random.default_rng(0))
    found = find_between(hidden, start, neighbours, spacing, given=factor, scaled=estimated)
    return part.choice, found.coupling.scaled(part.factor), found, part.source


def _within_planes(
    noise: Any, coupling: Any, picture: NDArray[Any], seen: NDArray[np.bool_] | None
) -> _Estimated:
    """Return the noise and the strengths within planes, of planes that stand for all."""
    choice = choose(noise, picture, seen)
    if isinstance(coupling, str):
        check_choice("coupling", coupling, [AUTO])
        found = estimate(picture, choice, mask=seen, parallel=False)
        choice = replace(choice, fit=found.fit or choice.fit)
        return _Estimated(choice, found.coupling, found.factor, "estimated")
    plane = coupling if isinstance(coupling, Coupling) else Coupling.nearest(coupling)
    if plane.shape is not None:
        raise ParameterError("coupling", "must have one strength for each direction")
    return _Estimated(choice, plane, 1.0, "given")


def _picture(
    x: NDArray[Any], known: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return planes at even distances below one another, and which of their pixels are known.

    A missing row lies between two planes: nothing pulls across.
    """
    depth, height, width = x.shape
    count = min(depth, max(_LOOKED_AT // (height * width), 1))
    chosen = [(2 * k + 1) * depth // (2 * count) for k in range(count)]
    if count == 1:
        return x[chosen[0]], None if known is None else known[chosen[0]]
    picture = np.zeros((count * (height + 1) - 1, width), x.dtype)
    seen = np.zeros(picture.shape, np.bool_)
    for k, z in enumerate(chosen):
        rows = slice(k * (height + 1), k * (height + 1) + height)
        picture[rows] = x[z]
        seen[rows] = True if known is None else known[z]
    return picture, seen

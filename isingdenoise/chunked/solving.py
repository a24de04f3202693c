"""One part of a picture, solved with its surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference import Status, serially
from ..model import IsingModel
from ..noise import observed
from ..result import probability_of
from .grid import Box
from .recipe import Recipe

__all__ = ["Edges", "Part", "solve_part"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Edges:
    """The outermost two rows and columns of a solved part, for the look across borders.

    Attributes
    ----------
    mean, field : tuple of ndarray
        Above (2, W), below (2, W), left (H, 2), right (H, 2).
    """

    mean: tuple[Floats, ...]
    field: tuple[Floats, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """What became of a part.

    Attributes
    ----------
    bright : ndarray of bool
        The clean pixels.
    probability : ndarray of float32, or None
        P(bright), where it was asked for.
    edges : Edges
        For the look across borders.
    to_white, to_black, known : int
        Pixels that changed, and pixels that are known.
    updates : int
        Updates of sites, those of the surroundings too.
    residual : float
        The largest |tanh(a) - mean| in the window.
    converged : bool
        Whether the engine's stopping rule holds in the window.
    """

    bright: NDArray[np.bool_]
    probability: Floats | None
    edges: Edges
    to_white: int
    to_black: int
    known: int
    updates: int
    residual: float
    converged: bool


def solve_part(
    recipe: Recipe, x: NDArray[Any], window: Box, core: Box, *, probability: bool
) -> Part:
    """Solve a part within its surroundings.

    Parameters
    ----------
    recipe : Recipe
        How.
    x : ndarray
        The pixels of the window.
    window, core : Box
        Where they are, and what is asked for.
    probability : bool
        Whether P(bright) is.
    """
    field, start, known = recipe.fields(x)
    inner = core.within(window).slices
    before = start[inner] >= 0
    seen = observed(x, None)[inner] if known is not None else None
    model = IsingModel(field, recipe.coupling)
    state, labels, (updates, residual, converged) = _solved(recipe, model, start, window.left)
    bright = labels[inner] > 0
    sure = None
    if probability:
        p = probability_of(state, labels, model, recipe.calibration, recipe.learned)
        sure = np.ascontiguousarray(p[inner])
    changed = bright != before
    if seen is not None:
        changed &= seen
    to_white = int(np.count_nonzero(changed & bright))
    return Part(
        bright=bright,
        probability=sure,
        edges=Edges(_outermost(state[inner]), _outermost(field[inner])),
        to_white=to_white,
        to_black=int(np.count_nonzero(changed)) - to_white,
        known=bright.size if seen is None else int(np.count_nonzero(seen)),
        updates=updates,
        residual=residual,
        converged=converged,
    )


def _solved(
    recipe: Recipe, model: IsingModel, start: Floats, left: int
) -> tuple[Floats, NDArray[np.int8], tuple[int, float, bool]]:
    """Return means, or labels as such, then labels, and how it went.

    That is: updates of sites, residual, whether it converged.
    """
    solver: Any = recipe.solver
    with serially():  # one of several threads
        if hasattr(solver, "solve_part"):
            part = solver.solve_part(model, start, left)
            return part.mean, part.labels, (part.updates, part.residual, part.converged)
        solution = solver.solve(model, init=start)
    converged = solution.status is Status.CONVERGED
    residual = float(solution.diagnostics.get("residual", 0.0))
    state = solution.labels if solution.mean is None else solution.mean
    how = (solution.work.site_updates, residual, converged)
    return state.astype(np.float32, copy=False), solution.labels, how


def _outermost(array: NDArray[Any]) -> tuple[Floats, ...]:
    """Return copies of the two outermost rows and columns on each side, as float32."""
    sides = (array[:2], array[-2:], array[:, :2], array[:, -2:])
    return tuple(np.array(side, np.float32) for side in sides)

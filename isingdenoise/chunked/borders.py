"""Whether parts fit together: the residual across their borders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..model import IsingModel
from .grid import Grid
from .solving import Edges, Floats

__all__ = ["across_borders"]

Place = tuple[int, int]
_ABOVE, _BELOW, _LEFT, _RIGHT = range(4)


def across_borders(
    grid: Grid, edges: Mapping[Place, Edges], coupling: Coupling, *, labels: bool
) -> dict[Place, float]:
    """Return the largest residual of each part over its borders with others.

    Parameters
    ----------
    grid : Grid
        The parts.
    edges : mapping of (int, int) to Edges
        Those of each part, by row and column of the grid.
    coupling : Coupling
        One strength for each direction.
    labels : bool
        Whether the state is one of labels. The residual of a label is then 1 where a
        change of it would lower the energy, and otherwise that of a mean,
        |tanh(a) - mean|.
    """
    rows, columns = grid.counts
    worst = dict.fromkeys(edges, 0.0)
    for j in range(columns - 1):
        pairs = [(edges[i, j], edges[i, j + 1]) for i in range(rows)]
        strips = [
            np.concatenate(
                [np.hstack([getattr(a, kind)[_RIGHT], getattr(b, kind)[_LEFT]]) for a, b in pairs]
            )
            for kind in ("mean", "field")
        ]
        first = min(2, edges[0, j].mean[_RIGHT].shape[1]) - 1
        found = _residual(*strips, coupling, labels)[:, first : first + 2].max(axis=1)
        at = 0
        for i, (a, _) in enumerate(pairs):
            height = len(a.mean[_RIGHT])
            _note(worst, ((i, j), (i, j + 1)), float(found[at : at + height].max()))
            at += height
    for i in range(rows - 1):
        pairs = [(edges[i, j], edges[i + 1, j]) for j in range(columns)]
        strips = [
            np.hstack(
                [
                    np.concatenate([getattr(a, kind)[_BELOW], getattr(b, kind)[_ABOVE]])
                    for a, b in pairs
                ]
            )
            for kind in ("mean", "field")
        ]
        first = min(2, edges[i, 0].mean[_BELOW].shape[0]) - 1
        found = _residual(*strips, coupling, labels)[first : first + 2].max(axis=0)
        at = 0
        for j, (a, _) in enumerate(pairs):
            width = a.mean[_BELOW].shape[1]
            _note(worst, ((i, j), (i + 1, j)), float(found[at : at + width].max()))
            at += width
    return worst


def _residual(mean: Floats, field: Floats, coupling: Coupling, labels: bool) -> NDArray[np.float32]:
    """Return the residual of each site of a strip; only those with all neighbours are right."""
    pull = IsingModel(field, coupling).local_field(mean)
    if labels:
        return np.asarray(mean * pull < 0, np.float32)
    return np.asarray(np.abs(np.tanh(pull) - mean), np.float32)


def _note(worst: dict[Place, float], places: tuple[Place, ...], value: float) -> None:
    for place in places:
        worst[place] = max(worst[place], value)

"""Whether parts fit together: the residual across their borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
    look = _Look(edges, labels, worst)
    for j in range(columns - 1):
        look.along([((i, j), (i, j + 1)) for i in range(rows)], (_RIGHT, _LEFT), coupling)
    for i in range(rows - 1):
        pairs = [((i, j), (i + 1, j)) for j in range(columns)]
        look.along(pairs, (_BELOW, _ABOVE), coupling.transposed())
    return worst


@dataclass(frozen=True, eq=False)
class _Look:
    """What a look along borders needs, and what it finds."""

    edges: Mapping[Place, Edges]
    labels: bool
    worst: dict[Place, float]

    def along(self, pairs: list[tuple[Place, Place]], sides: tuple[int, int], c: Coupling) -> None:
        """Look along a line of borders from one end of the picture to the other.

        `sides` of each pair touch; a line from left to right is turned upright.
        """
        mean, field = (self._strip(pairs, sides, kind) for kind in ("mean", "field"))
        pull = IsingModel(field, c).local_field(mean)
        found = mean * pull < 0 if self.labels else np.abs(np.tanh(pull) - mean)
        # only the two columns at the border have all their neighbours in the strip
        across = np.asarray(found[:, 1:3], np.float32).max(axis=1)
        at = 0
        for pair in pairs:
            length = max(self.edges[pair[0]].mean[sides[0]].shape)
            value = float(across[at : at + length].max())
            at += length
            for place in pair:
                self.worst[place] = max(self.worst[place], value)

    def _strip(self, pairs: list[tuple[Place, Place]], sides: tuple[int, int], kind: str) -> Floats:
        """Return the two columns on either side of a line of borders."""
        parts = []
        for pair in pairs:
            both = [
                getattr(self.edges[place], kind)[side]
                for place, side in zip(pair, sides, strict=True)
            ]
            parts.append(np.hstack([one.T for one in both] if sides[0] == _BELOW else both))
        return np.concatenate(parts)

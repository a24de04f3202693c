"""How strongly neighbouring pixels pull at one another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .validation import check_real

__all__ = ["Coupling"]

_LIMIT = 1e6


@dataclass(frozen=True)
class Coupling:
    """Ising coupling strengths, one for each direction of the grid.

    The pair term of the model is `sum J_ij z_i z_j`, each undirected edge
    counted once. Positive strengths make neighbours agree, negative ones
    make them differ, zero cuts the edge.

    Parameters
    ----------
    horizontal, vertical : float
        Strength between neighbours in a row, and in a column.
    diagonal : float, default 0
        Strength between (y, x) and (y + 1, x + 1).
    antidiagonal : float, default 0
        Strength between (y, x) and (y + 1, x - 1).

    Raises
    ------
    ParameterError
        A strength is not finite or beyond 1e6 in size.
    """

    horizontal: float
    vertical: float
    diagonal: float = 0.0
    antidiagonal: float = 0.0

    def __post_init__(self) -> None:
        for name in ("horizontal", "vertical", "diagonal", "antidiagonal"):
            value = check_real(name, getattr(self, name), low=-_LIMIT, high=_LIMIT)
            object.__setattr__(self, name, value)

    @classmethod
    def nearest(cls, J: float) -> Coupling:
        """Return equal strength to the four nearest neighbours.

        Parameters
        ----------
        J : float
            The strength.
        """
        J = check_real("coupling", J, low=-_LIMIT, high=_LIMIT)
        return cls(J, J)

    @classmethod
    def eight(cls, J: float, diagonal: float | None = None) -> Coupling:
        """Return strength J to the four nearest neighbours and `diagonal` to the other four.

        Parameters
        ----------
        J : float
            Horizontal and vertical strength.
        diagonal : float, optional
            Strength along both diagonals. The default J / sqrt(2), an edge's
            strength over its length, makes a boundary's cost depend less on
            its direction (Boykov and Kolmogorov, ICCV 2003).
        """
        J = check_real("coupling", J, low=-_LIMIT, high=_LIMIT)
        across = J / math.sqrt(2) if diagonal is None else diagonal
        return cls(J, J, across, across)

    @property
    def neighbours(self) -> int:
        """4, or 8 where a diagonal strength is not zero."""
        return 8 if self.diagonal or self.antidiagonal else 4

    def scaled(self, factor: float) -> Coupling:
        """Return all strengths times `factor`."""
        return Coupling(
            self.horizontal * factor,
            self.vertical * factor,
            self.diagonal * factor,
            self.antidiagonal * factor,
        )

    def __str__(self) -> str:
        """Return the shortest text that tells the strengths."""
        if self.horizontal == self.vertical and self.neighbours == 4:
            return f"{self.horizontal:.4g} on 4 neighbours"
        if self.horizontal == self.vertical and self.diagonal == self.antidiagonal:
            return f"{self.horizontal:.4g} (diagonal {self.diagonal:.4g}) on 8 neighbours"
        parts = (self.horizontal, self.vertical, self.diagonal, self.antidiagonal)
        shown = parts if self.neighbours == 8 else parts[:2]
        directions = ("horizontal", "vertical", "diagonal", "antidiagonal")
        return ", ".join(f"{n} {v:.4g}" for n, v in zip(directions, shown, strict=False))

"""How strongly neighbours pull at one another in a volume: within a plane, and between planes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..coupling import Coupling
from ..edges import LIMIT
from ..errors import ParameterError
from ..validation import check_choice, check_real

__all__ = ["NEIGHBOURS", "Spacing", "VolumeCoupling", "check_spacing"]

#: Neighbours of a voxel, and how many steps along axes lead to the furthest.
NEIGHBOURS = {6: 1, 18: 2, 26: 3}

#: Distances (dz, dy, dx) between neighbouring voxels, in any one unit.
Spacing = tuple[float, float, float]
Table = tuple[tuple[float, float, float], ...]

_STEPS = (-1, 0, 1)


@dataclass(frozen=True)
class VolumeCoupling:
    """Ising coupling strengths of a D x H x W volume, one for each direction.

    The pair term of the model is `sum J_ij z_i z_j`, each undirected edge counted once, as of
    `Coupling`.

    Parameters
    ----------
    plane : Coupling or float
        Strengths within a plane; a float means `Coupling.nearest`. A strength for each edge is
        refused.
    between : float or array_like, shape (3, 3), default 0
        Strengths between planes: at [dy + 1][dx + 1] that between (z, y, x) and
        (z + 1, y + dy, x + dx). A float couples voxels straight above and below alone. With 0
        each plane is a picture of its own.

    Raises
    ------
    ParameterError
        A strength is not finite or beyond 1e6 in size, or a table has another shape.

    Examples
    --------
    >>> VolumeCoupling(Coupling.nearest(0.5), 0.25).neighbours
    6
    >>> VolumeCoupling.twentysix(0.3).neighbours, VolumeCoupling.eighteen(0.3).neighbours
    (26, 18)
    >>> VolumeCoupling.six(0.5, spacing=(2.0, 1.0, 1.0)).between[1][1]
    0.25
    """

    plane: Coupling
    between: Table

    def __init__(
        self, plane: Coupling | float, between: float | Sequence[Sequence[float]] = 0.0
    ) -> None:
        if not isinstance(plane, Coupling):
            plane = Coupling.nearest(plane)
        if plane.shape is not None:
            raise ParameterError("coupling", "must have one strength for each direction")
        object.__setattr__(self, "plane", plane)
        object.__setattr__(self, "between", _table(between))

    @classmethod
    def six(
        cls, J: float, *, spacing: Spacing = (1.0, 1.0, 1.0), between: float = 1.0
    ) -> VolumeCoupling:
        """Return strength J to the nearest neighbours along the axes; parameters as of `of`."""
        return cls.of(J, 6, spacing=spacing, between=between)

    @classmethod
    def eighteen(
        cls, J: float, *, spacing: Spacing = (1.0, 1.0, 1.0), between: float = 1.0
    ) -> VolumeCoupling:
        """Return the same with diagonals of the faces; parameters as of `of`."""
        return cls.of(J, 18, spacing=spacing, between=between)

    @classmethod
    def twentysix(
        cls, J: float, *, spacing: Spacing = (1.0, 1.0, 1.0), between: float = 1.0
    ) -> VolumeCoupling:
        """Return the same with all diagonals; parameters as of `of`."""
        return cls.of(J, 26, spacing=spacing, between=between)

    @classmethod
    def of(
        cls, J: float, neighbours: int, *, spacing: Spacing = (1.0, 1.0, 1.0), between: float = 1.0
    ) -> VolumeCoupling:
        r"""Return strengths that fall with the distance of the two voxels.

        .. math:: J_e = J \, \min(d_y, d_x) / |e|, \qquad
                  |e|^2 = (d_z e_z)^2 + (d_y e_y)^2 + (d_x e_x)^2

        times `between` where the edge leads to another plane: the nearest neighbours within a
        plane have J, and others less, by their distance.

        Parameters
        ----------
        J : float
            Strength between the nearest voxels of a plane.
        neighbours : {6, 18, 26}
            Which are coupled: those along one axis, two axes or all three.
        spacing : tuple of 3 float
            Distances (dz, dy, dx) between neighbouring voxels, in any one unit.
        between : float, default 1
            Factor of all strengths between planes; 0 makes each plane a picture of its own.

        References
        ----------
        Boykov and Kolmogorov, Computing Geodesics and Minimal Surfaces via Graph Cuts, ICCV
        2003: an edge's strength over its length makes the cost of a surface depend less on its
        direction. Their further factor, the share of all directions that an edge stands for, is
        left out.
        """
        J = check_real("coupling", J, low=-LIMIT, high=LIMIT)
        far = _reach(neighbours)
        _, dy, dx = check_spacing(spacing)
        nearest = min(dy, dx)
        across = J * nearest / math.hypot(dy, dx) if far > 1 else 0.0
        plane = Coupling(J * nearest / dx, J * nearest / dy, across, across)
        return cls.over(plane, neighbours, spacing=spacing, between=between, J=J)

    @classmethod
    def over(
        cls,
        plane: Coupling,
        neighbours: int,
        *,
        spacing: Spacing = (1.0, 1.0, 1.0),
        between: float = 1.0,
        J: float | None = None,
    ) -> VolumeCoupling:
        """Return given strengths within planes, and strengths between them as of `of`.

        Parameters
        ----------
        plane : Coupling
            Strengths within a plane, taken as they are.
        neighbours : {6, 18, 26}
            Which voxels of the next plane are coupled: 1, 5 or 9.
        spacing, between
            As of `of`.
        J : float, optional
            As of `of`; by default the mean of the horizontal and the vertical strength.
        """
        far = _reach(neighbours)
        dz, dy, dx = check_spacing(spacing)
        factor = check_real("between", between, low=-LIMIT, high=LIMIT)
        strength = (plane.horizontal + plane.vertical) / 2 if J is None else J
        nearest = min(dy, dx)
        table = [
            [
                factor * strength * nearest / math.hypot(dz, dy * y, dx * x)
                if 1 + abs(y) + abs(x) <= far
                else 0.0
                for x in _STEPS
            ]
            for y in _STEPS
        ]
        return cls(plane, table)

    @property
    def neighbours(self) -> int:
        """How many neighbours a voxel is coupled to: 6, 18 or 26 as usual."""
        return self.plane.neighbours + 2 * sum(J != 0 for row in self.between for J in row)

    @property
    def pull(self) -> float:
        """What the neighbours of a voxel can pull at most, a bound on sum_j abs(J_ij)."""
        return self.plane.pull + 2 * sum(abs(J) for row in self.between for J in row)

    def scaled(self, factor: float) -> VolumeCoupling:
        """Return all strengths times `factor`."""
        table = [[J * factor for J in row] for row in self.between]
        return VolumeCoupling(self.plane.scaled(factor), table)

    def apart(self) -> VolumeCoupling:
        """Return the same without strengths between planes."""
        return VolumeCoupling(self.plane)

    def record(self) -> dict[str, Any]:
        """Return all strengths as plain values."""
        return {**asdict(self.plane), "between": [list(row) for row in self.between]}

    def __str__(self) -> str:
        """Return the shortest text that tells the strengths."""
        values = [J for row in self.between for J in row]
        straight = self.between[1][1]
        if not any(values):
            return f"{self.plane}, none between planes"
        more = sum(J != 0 for J in values) - (straight != 0)
        oblique = f" and {more} oblique ones" if more else ""
        return f"{self.plane}, {straight:.4g} between planes{oblique}"


def _reach(neighbours: int) -> int:
    """Return how many axes an edge may go along at once."""
    return NEIGHBOURS[int(check_choice("neighbours", str(neighbours), map(str, NEIGHBOURS)))]


def check_spacing(spacing: Any) -> Spacing:
    """Return distances (dz, dy, dx) as floats.

    Raises
    ------
    ParameterError
        They are not three numbers in (0, 1e6].
    """
    if isinstance(spacing, (str, bytes)) or not hasattr(spacing, "__len__") or len(spacing) != 3:
        raise ParameterError("spacing", f"must be three distances (dz, dy, dx), not {spacing!r}")
    dz, dy, dx = (check_real("spacing", d, low=0, high=1e6, low_open=True) for d in spacing)
    return dz, dy, dx


def _table(between: float | Sequence[Sequence[float]]) -> Table:
    """Return strengths between planes as a 3 x 3 table."""
    rows: Any = between
    if not hasattr(between, "__len__"):
        rows = [[0.0, 0.0, 0.0], [0.0, between, 0.0], [0.0, 0.0, 0.0]]
    if isinstance(rows, (str, bytes)) or len(rows) != 3:
        raise ParameterError("between", "must be a number, or 3 x 3 of them")
    table = []
    for row in rows:
        if not hasattr(row, "__len__") or len(row) != 3:
            raise ParameterError("between", "must be a number, or 3 x 3 of them")
        left, here, right = (check_real("between", J, low=-LIMIT, high=LIMIT) for J in row)
        table.append((left, here, right))
    return tuple(table)

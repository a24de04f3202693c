"""How strongly neighbouring pixels pull at one another."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .edges import DIRECTIONS, LIMIT, OFFSETS, Offset, Strengths, contrasted, ends, given_planes
from .errors import ParameterError
from .validation import check_image, check_real

__all__ = ["Coupling", "EdgeCoupling"]

_LARGEST_GREY = 1e30  # differences of such grey values can be squared


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

    Examples
    --------
    >>> Coupling(horizontal=1.0, vertical=0.5).neighbours
    4
    >>> Coupling(horizontal=1.0, vertical=0.5).scaled(2.0)
    Coupling(horizontal=2.0, vertical=1.0, diagonal=0.0, antidiagonal=0.0)
    """

    horizontal: float
    vertical: float
    diagonal: float = 0.0
    antidiagonal: float = 0.0

    def __post_init__(self) -> None:
        for name in DIRECTIONS:
            value = check_real(name, getattr(self, name), low=-LIMIT, high=LIMIT)
            object.__setattr__(self, name, value)

    @classmethod
    def nearest(cls, J: float) -> Coupling:
        """Return equal strength to the four nearest neighbours.

        Parameters
        ----------
        J : float
            The strength.

        Examples
        --------
        >>> Coupling.nearest(0.7)
        Coupling(horizontal=0.7, vertical=0.7, diagonal=0.0, antidiagonal=0.0)
        """
        J = check_real("coupling", J, low=-LIMIT, high=LIMIT)
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

        Examples
        --------
        >>> Coupling.eight(0.7).neighbours
        8
        """
        J = check_real("coupling", J, low=-LIMIT, high=LIMIT)
        across = J / math.sqrt(2) if diagonal is None else diagonal
        return cls(J, J, across, across)

    @staticmethod
    def per_edge(
        horizontal: ArrayLike,
        vertical: ArrayLike,
        diagonal: ArrayLike | None = None,
        antidiagonal: ArrayLike | None = None,
    ) -> EdgeCoupling:
        """Return a strength of its own for each edge of an H x W picture.

        Engines take it as any other. Solves take longer: up to twice as long, and mean
        field about six times, since it cannot leave out what rests (`MeanField`).

        Parameters
        ----------
        horizontal : array_like, shape (H, W - 1)
            At [y, x] the strength between (y, x) and (y, x + 1).
        vertical : array_like, shape (H - 1, W)
            Between (y, x) and (y + 1, x).
        diagonal : array_like, shape (H - 1, W - 1), optional
            Between (y, x) and (y + 1, x + 1); none by default.
        antidiagonal : array_like, shape (H - 1, W - 1), optional
            Between (y, x + 1) and (y + 1, x); none by default.

        Raises
        ------
        ParameterError
            The shapes do not fit one another, or a strength is not finite or
            beyond 1e6 in size.

        Examples
        --------
        >>> Coupling.per_edge([[1.0, 0.0], [1.0, 0.0]], [[0.5, 0.5, 0.5]]).shape
        (2, 3)
        """
        return EdgeCoupling(given_planes(horizontal, vertical, diagonal, antidiagonal))

    @staticmethod
    def contrast(image: ArrayLike, J: float | Coupling, beta: float) -> EdgeCoupling:
        r"""Return strengths that are weaker where the picture has contrast.

        .. math:: J_{ij} = J \exp(-\beta (x_i - x_j)^2)

        A boundary then costs least where grey values jump, so that thin strokes
        survive a strength that would else take them. Noise jumps as well:
        take a smoothed or another picture of the same scene where it is strong.

        Parameters
        ----------
        image : array_like, shape (H, W)
            The picture x; bools count as -1 and +1. Towards a pixel that is
            NaN there is no contrast.
        J : float or Coupling
            The strength without contrast, a float for four neighbours.
        beta : float
            How much contrast counts, at least 0, in 1 / grey value^2. With s the
            standard deviation of the noise, 1 / (4 s^2) halves J at jumps of
            1.7 s.

        References
        ----------
        Boykov and Jolly, Interactive Graph Cuts for Optimal Boundary and Region
        Segmentation of Objects in N-D Images, ICCV 2001, section 2.1.

        Examples
        --------
        >>> weaker = Coupling.contrast([[10.0, 10.0, 60.0]], J=1.0, beta=1e-3)
        >>> weaker.shape, 0 < weaker.horizontal < 1
        ((1, 3), True)
        """
        x = check_image("image", image, high=_LARGEST_GREY).astype(np.float64)
        if np.asarray(image).dtype == np.bool_:
            x = 2 * x - 1
        beta = check_real("beta", beta, low=0.0, high=1e200)
        flat = J if isinstance(J, Coupling) else Coupling.nearest(J)
        if flat.shape not in {None, x.shape}:
            raise ParameterError("J", f"is for a picture of {flat.shape}, the image has {x.shape}")
        return EdgeCoupling(contrasted(x, flat.planes, beta))

    @property
    def shape(self) -> tuple[int, int] | None:
        """(H, W) of the only pictures that it is for; None where it is for all."""
        return None

    @property
    def planes(self) -> tuple[tuple[Offset, float | Strengths], ...]:
        """Offset (dy, dx) and strength of the edges of each direction.

        The strength between (y, x) and (y + dy, x + dx) is one number, or stands
        at [y, x] of an H x W array that is 0 where no edge begins.
        """
        strengths = [getattr(self, name) for name in DIRECTIONS[: self.neighbours // 2]]
        return tuple(zip(OFFSETS, strengths, strict=False))

    @property
    def pull(self) -> float:
        """What the neighbours of a pixel can pull at most, a bound on sum_j abs(J_ij)."""
        return 2 * sum(float(np.max(np.abs(strength))) for _, strength in self.planes)

    def rows(self, start: int, stop: int) -> Coupling:
        """Return the coupling of a band of rows, start to stop - 1."""
        del start, stop
        return self

    def transposed(self) -> Coupling:
        """Return the coupling of the transposed picture."""
        return Coupling(self.vertical, self.horizontal, self.diagonal, self.antidiagonal)

    def squared(self) -> Coupling:
        """Return the squares of all strengths."""
        return Coupling(*(getattr(self, name) ** 2 for name in DIRECTIONS))

    def record(self) -> dict[str, Any]:
        """Return plain values that tell it from others."""
        return {name: getattr(self, name) for name in DIRECTIONS}

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


class EdgeCoupling(Coupling):
    """A strength for each edge; `Coupling.per_edge` and `Coupling.contrast` make it.

    Its `horizontal`, `vertical`, `diagonal` and `antidiagonal` are means over the edges.

    Parameters
    ----------
    planes : sequence of array, shape (H, W)
        As of `Coupling.planes`: two for four neighbours, four for eight.

    Raises
    ------
    ParameterError
        A strength is not finite or beyond 1e6 in size.
    """

    def __init__(self, planes: Sequence[Strengths]) -> None:
        edges = tuple(np.ascontiguousarray(plane, np.float32).view() for plane in planes)
        if len(edges) > 2 and not any(plane.any() for plane in edges[2:]):
            edges = edges[:2]
        means = [0.0] * len(DIRECTIONS)
        for k, plane in enumerate(edges):
            if not float(np.max(np.abs(plane))) <= LIMIT:  # NaN is no number either
                message = f"must be in [{-LIMIT:g}, {LIMIT:g}] at every edge; 0 cuts one"
                raise ParameterError(DIRECTIONS[k], message)
            plane.flags.writeable = False
            count = plane[ends(plane.shape, OFFSETS[k])[0]].size
            means[k] = float(np.sum(plane, dtype=np.float64)) / max(count, 1)
        object.__setattr__(self, "_edges", edges)
        super().__init__(*means)

    _edges: tuple[Strengths, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the only pictures that it is for."""
        height, width = self._edges[0].shape
        return height, width

    @property
    def neighbours(self) -> int:
        """4, or 8 where a diagonal strength is not zero."""
        return 2 * len(self._edges)

    @property
    def planes(self) -> tuple[tuple[Offset, float | Strengths], ...]:
        """Offset and strengths of the edges of each direction, as of `Coupling`."""
        return tuple(zip(OFFSETS, self._edges, strict=False))

    def rows(self, start: int, stop: int) -> EdgeCoupling:
        """Return the coupling of a band of rows, start to stop - 1."""
        return EdgeCoupling([plane[start:stop] for plane in self._edges])

    def scaled(self, factor: float) -> EdgeCoupling:
        """Return all strengths times `factor`."""
        return EdgeCoupling([plane * np.float32(factor) for plane in self._edges])

    def transposed(self) -> EdgeCoupling:
        """Return the coupling of the transposed picture."""
        across, down, *diagonals = (plane.T for plane in self._edges)
        if diagonals:  # an antidiagonal edge begins at its other end
            turned = np.zeros_like(diagonals[1])
            turned[:-1, 1:] = diagonals[1][1:, :-1]
            diagonals[1] = turned
        return EdgeCoupling([down, across, *diagonals])

    def squared(self) -> EdgeCoupling:
        """Return the squares of all strengths."""
        return EdgeCoupling([plane * plane for plane in self._edges])

    def record(self) -> dict[str, Any]:
        """Return the means, and a digest of all strengths."""
        digest = hashlib.sha256(repr(self.shape).encode())
        for plane in self._edges:
            digest.update(plane.data)
        return {**super().record(), "edges": digest.hexdigest()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EdgeCoupling):
            return NotImplemented
        mine, theirs = self._edges, other._edges
        return len(mine) == len(theirs) and all(map(np.array_equal, mine, theirs))

    def __hash__(self) -> int:
        return hash((self.shape, *asdict(self).values()))

    def __str__(self) -> str:
        """Return the range of the strengths."""
        inner = [
            p[ends(p.shape, offset)[0]] for offset, p in zip(OFFSETS, self._edges, strict=False)
        ]
        values = np.concatenate([part.reshape(-1) for part in inner if part.size] or [[0.0]])
        low, high = values.min(), values.max()
        return f"{low:.4g} to {high:.4g}, edge by edge, on {self.neighbours} neighbours"

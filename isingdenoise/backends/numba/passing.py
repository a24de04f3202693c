"""Messages between the sites of a packed lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._kernels import messages
from .strengths import strengths_of

if TYPE_CHECKING:
    from .lattice import Lattice, Planes


class Passing:
    """What each site hears from its neighbours, in fractional belief propagation.

    Parameters
    ----------
    lattice : Lattice
        The model.
    mean : ndarray
        Packed means: the first messages are what spins with these means send.
    share : tuple of 4 float
        1 / c of the edges of each direction, at least 0.
    """

    def __init__(self, lattice: Lattice, mean: Planes, share: tuple[float, ...]) -> None:
        self._prepare(lattice, share)
        planes = lattice.model.coupling.planes
        self.message = np.zeros((2 * len(planes), *mean.shape), np.float32)
        # beyond it a float32 mean is 1
        self.total: Planes = np.arctanh(np.clip(mean, -1 + 6e-8, 1 - 6e-8), dtype=np.float32)
        self._run(self.total, 1.0, listen=False)

    @classmethod
    def of(
        cls, lattice: Lattice, share: tuple[float, ...], message: Planes, total: Planes
    ) -> Passing:
        """Return messages that are there already, and the sums at the last visit."""
        passing = cls.__new__(cls)
        passing._prepare(lattice, share)
        passing.message, passing.total = message, total
        return passing

    def _prepare(self, lattice: Lattice, share: tuple[float, ...]) -> None:
        self.lattice = lattice
        self.edges = strengths_of(lattice)
        planes = lattice.model.coupling.planes
        strongest = [
            float(np.max(np.abs(strength))) * part
            for (_, strength), part in zip(planes, share, strict=False)
        ]
        self.weak = max(strongest) <= messages.WEAK
        self.share = tuple(np.float32(part) for part in share)
        self.rows = lattice.rows(np.float32)

    def sweep(self, weight: float) -> float:
        """Let every site send once; return the largest change of a mean since its last visit."""
        self._run(self.total, weight)
        return float(self.rows.max())

    def bethe(self) -> float:
        """Return the Bethe approximation of log Z + c, of messages with shares of 1."""
        from ..._kernels.bethe import bethe

        rows = self.lattice.rows(np.float64)
        self.lattice.run(bethe, self.message, self.total, self.lattice.shape, *self.edges, rows)
        return float(rows.sum()) + self.lattice.model.offset

    def upper_bound(self, weights: tuple[float, ...]) -> float:
        """Return an upper bound on log Z + c, of messages with shares 1 / weights.

        Parameters
        ----------
        weights : tuple of 4 float
            Weight of the forest of each direction; their sum is 1.
        """
        from .forests import forest_field, upper_bound

        total = self.fields()
        forests = (forest_field(self, total, d, 1 / rho) for d, rho in enumerate(weights) if rho)
        return upper_bound(self.lattice, forests, weights)

    def damped(self) -> Passing:
        """Return what holds the messages when they are to be damped: this."""
        return self

    def fields(self) -> Planes:
        """Return a_i as the messages stand, packed."""
        total = self.total.copy()
        self._run(total, 0.0)
        return total

    def mean(self) -> Planes:
        """Return the packed means tanh(a) that the messages give as they stand."""
        total = self.fields()
        np.tanh(total, out=total)
        return total

    def _run(self, total: Planes, weight: float, listen: bool = True) -> None:
        self.lattice.run(
            messages.sweep, self.message, total, self.lattice.field, self.lattice.shape,
            *self.edges, self.share, self.weak, listen, np.float32(weight), self.rows,
        )  # fmt: skip

"""Columns as exact chains: the state of structured mean field on the packed lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._kernels import chains
from .strengths import strengths_of

if TYPE_CHECKING:
    from .lattice import Lattice, Planes


class Chains:
    """The columns of a picture, each an exact chain in the mean field of the others.

    Parameters
    ----------
    lattice : Lattice
        The model.
    mean : ndarray
        Packed means to start from, changed in place.
    """

    def __init__(self, lattice: Lattice, mean: Planes) -> None:
        self.lattice, self.mean = lattice, mean
        self.theta = lattice.allocate(np.float32)
        self.message = lattice.allocate(np.float32)
        self.blocks = (2, -(-mean.shape[2] // chains.BLOCK))
        self.edges = strengths_of(lattice)
        self._aside: tuple[Planes, Planes] | None = None

    def sweep(self) -> float:
        """Set every column to its exact marginals; return the largest step of a mean."""
        return self._run(self.mean, self.theta)

    def look(self) -> float:
        """Return the largest step that a sweep's first visit of a site would make now."""
        if self._aside is None:
            self._aside = np.zeros_like(self.mean), np.empty_like(self.theta)
        return self._run(*self._aside)

    def bound(self) -> float:
        """Return the evidence lower bound of the product of chains, as of the last `sweep`."""
        shares = np.zeros(self.blocks)
        self.lattice.run(
            chains.bound, self.mean, self.theta, self.message, *self._parameters, shares
        )
        return float(shares.sum()) + self.lattice.model.offset

    def _run(self, new: Planes, theta: Planes) -> float:
        largest = np.zeros(self.blocks, np.float32)
        self.lattice.run(
            chains.sweep, new, self.mean, theta, self.message, *self._parameters, largest
        )
        return float(largest.max())

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return self.lattice.field, self.lattice.shape, *self.edges

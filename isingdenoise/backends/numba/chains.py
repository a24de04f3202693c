"""Columns as exact chains: the state of structured mean field on the packed lattice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..._kernels import chain_bound, chains
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
        self.theta, self.down, self.up = (lattice.allocate(np.float32) for _ in range(3))
        height, width = lattice.shape
        self.tiles = (2, -(-width // (2 * chains.BLOCK)), -(-height // chains.SEGMENT))
        self.dirty = self._all()
        self.drift = np.zeros(self.tiles, np.float32)
        self.edges = strengths_of(lattice)
        self.along = self._along()
        self.slope = None if self.along is None else np.float32(math.tanh(self.along))
        self.updates = 0  # of sites, in the last sweep
        self._scratch = np.zeros(self.tiles, np.uint8), np.zeros(self.tiles, np.int32)
        self._aside: tuple[Planes, Planes] | None = None
        self._messages_stand = True

    def sweep(self, threshold: float, whole: bool, weight: float = 1.0) -> float:
        """Set columns to their exact marginals; return the largest step of a mean.

        Parameters
        ----------
        threshold : float
            How far means and messages may move before what lies around is done again.
        whole : bool
            Whether to do all, and not only what may have moved. Only then is the state
            that of a product of chains to the last place, and has a bound.
        weight : float
            Weight of the new means where it is not.
        """
        if whole or not self._messages_stand:
            self.dirty[...] = 1
            weight = 1.0
        self._messages_stand = True
        state = self.mean, self.theta, self.dirty, self.drift
        largest, done = self._run(*state, threshold, weight)
        sites = self.lattice.sites
        self.updates = min(done * chains.SEGMENT * chains.BLOCK, sites)
        return largest

    def waiting(self) -> bool:
        """Return whether anything is known to have moved."""
        width = self.lattice.shape[1]
        # of the odd columns there may be a block less, or none: marks there wait for nobody
        blocks = [-(-columns // chains.BLOCK) for columns in ((width + 1) // 2, width // 2)]
        return any(
            bool(self.dirty[parity, 1 : 1 + count, 1:-1].any())
            for parity, count in enumerate(blocks)
        )

    def look(self) -> float:
        """Return the largest step that any mean would make now, after a whole sweep."""
        if self._aside is None:
            self._aside = np.empty_like(self.mean), np.empty_like(self.theta)
        self._aside[0][...] = self.mean
        self._messages_stand = False
        first = self._all()
        first[1] = 0  # after a whole sweep the columns of the other parity rest as they are
        return self._run(*self._aside, first, np.zeros_like(self.drift), 0.0)[0]

    def bound(self) -> float:
        """Return the evidence lower bound of the product of chains, after a whole sweep."""
        message = self.lattice.allocate(np.float32)  # so that a look at the bound changes nothing
        shares = np.zeros((2, self.mean.shape[2]))
        parameters = self.lattice.field, self.lattice.shape, *self.edges, self.slope
        self.lattice.run(chain_bound.bound, self.mean, self.theta, message, *parameters, shares)
        height, width = self.lattice.shape
        alone = 0.0 if self.along is None else math.log(math.cosh(self.along))
        return float(shares.sum()) + (height - 1) * width * alone + self.lattice.model.offset

    def _run(
        self,
        new: Planes,
        theta: Planes,
        dirty: Planes,
        drift: Planes,
        threshold: float,
        weight: float = 1.0,
    ) -> tuple[float, int]:
        largest, done = np.zeros(self.tiles[:2], np.float32), np.zeros(self.tiles[:2], np.int64)
        self.lattice.run(
            chains.sweep, new, self.mean, theta, self.down, self.up,
            self.lattice.field, self.lattice.shape, *self.edges, self.slope,
            dirty, drift, *self._scratch, np.float32(threshold), np.float32(weight), largest, done,
        )  # fmt: skip
        return float(largest.max()), int(done.sum())

    def _along(self) -> float | None:
        """Return J along chains, if all edges have one and its tanh is not close to 1."""
        J = float(self.edges[0][1])
        return J if self.edges[1] is None and abs(J) <= chains.LIMIT else None

    def _all(self) -> Planes:
        _, blocks, segments = self.tiles
        return np.ones((2, blocks + 2, segments + 2), np.uint8)

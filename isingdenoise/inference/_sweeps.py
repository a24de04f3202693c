"""How mean field visits the sites: one class for each kind of schedule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ._loop import Round

if TYPE_CHECKING:
    from ..backends import Lattice, Planes, WorkList

#: Sweeps in plain checkerboard order that the tiled schedule begins with: the
#: posterior often has several fixed points, and the first sweeps choose one.
_EXACT_SWEEPS = 6
#: From then on a step goes further than the fixed point of its site. The
#: evidence lower bound still never falls: up to 1.5 a step that overshoots
#: leaves the site nearer to its optimum, in Kullback-Leibler divergence, than
#: it was before.
_RELAXATION = 1.3
#: Whole sweeps are worth their while as long as so many sites move; from here down
#: to a quarter of it, it makes no difference.
_MOVING_SHARE = 1e-2
#: So many whole sweeps are done while a strip of rows is in cache.
_BLOCK = 6
#: How often a tile is swept at a visit, and the list gone through at a call: while
#: many tiles move, news from the neighbours is worth more than going on alone.
_OF_MANY, _OF_FEW = (8, 2), (64, 16)
_FEW_TILES = 0.05


class Sweeps(Protocol):
    """Rounds of updates of `mean`, and whether it rests."""

    def step(self, budget: int) -> Round:
        """Do one round, of at most `budget` whole sweeps."""
        ...

    def residual(self) -> float:
        """Return the largest |tanh(a) - mean| over the picture as it stands."""
        ...

    def bound(self) -> float:
        """Return the evidence lower bound of the picture as it stood at the last `residual`."""
        ...


class FullSweeps:
    """Every site in every sweep, checkerboard or Jacobi.

    Parameters
    ----------
    lattice : Lattice
        The model.
    mean : ndarray
        Packed means, changed in place.
    weight : float
        Weight of the new value.
    tol : float
        Stop when the residual is at most this.
    jacobi : bool
        Whether all sites are updated from the values before the sweep.
    """

    def __init__(
        self, lattice: Lattice, mean: Planes, *, weight: float, tol: float, jacobi: bool = False
    ) -> None:
        self.lattice, self.mean, self.weight, self.tol = lattice, mean, weight, tol
        self.old = lattice.allocate(np.float32) if jacobi else mean
        self.rows = lattice.rows(np.float32)
        self.moving = lattice.rows(np.int32)

    def step(self, budget: int) -> Round:
        """Update every site once."""
        if self.old is not self.mean:
            self.lattice.copy(self.old, self.mean)
        residual = self.update(self.old, self.weight)
        # Within a sweep the first sites have not seen the last ones move: only a
        # look at the picture as it stands can say that it is done.
        if residual <= self.tol:
            residual = self.residual()
        return Round(self.lattice.sites, residual, done=residual <= self.tol)

    def residual(self) -> float:
        """Return the largest |tanh(a) - mean| over the picture as it stands."""
        return self.update(self.mean, 0.0)

    def bound(self) -> float:
        """Return the evidence lower bound of the picture."""
        return self.lattice.elbo(self.mean)

    def update(self, old: Planes, weight: float) -> float:
        """Do one sweep with neighbours from `old`; return the largest step."""
        self.lattice.mean_field_sweep(self.mean, old, weight, self.tol, self.rows, self.moving)
        return float(self.rows.max())


class TiledSweeps:
    """Whole sweeps while much moves, then only the units that still do.

    Where the lattice keeps no list of them, whole sweeps to the end.

    Parameters
    ----------
    lattice, mean, tol
        As for `FullSweeps`.
    weight : float
        Weight of the new value; below 1 it is never raised.
    """

    def __init__(self, lattice: Lattice, mean: Planes, *, weight: float, tol: float) -> None:
        self.lattice, self.mean, self.tol = lattice, mean, tol
        self.exact_weight = weight
        self.weight = _RELAXATION if weight == 1 else weight
        # A site whose neighbours hide moves of `threshold` is at most `tol` off.
        self.threshold = 0.8 * tol / max(lattice.model.coupling.pull, 1.0)
        self.rows = lattice.rows(np.float32)
        self.moving = lattice.rows(np.int32)
        self.sweeps = 0
        self.list: WorkList | None = None
        self._bound = math.nan

    def step(self, budget: int) -> Round:
        """Do some whole sweeps, or visit every tile on the work list."""
        if self.list is None:
            return self._whole_sweeps(min(_BLOCK, budget))
        many = self.list.waiting() >= _FEW_TILES
        visits, rounds = _OF_MANY if many else _OF_FEW
        updates = self.list.visit(self.weight, self.threshold, visits, rounds)
        if self.list.waiting():
            return Round(updates)
        residual = self.residual()
        if residual > self.tol:
            self.list.wake_rows(self.rows > self.tol)
        return Round(updates + self.lattice.sites, residual, done=residual <= self.tol)

    def residual(self) -> float:
        """Return the largest |tanh(a) - mean| over the picture as it stands."""
        self._bound = self.lattice.look(self.mean, self.rows)
        return float(self.rows.max())

    def bound(self) -> float:
        """Return the evidence lower bound that the last look at the picture found."""
        return self._bound

    def _whole_sweeps(self, count: int) -> Round:
        sites = self.lattice.sites
        exact = self.sweeps < _EXACT_SWEEPS
        residual = self._blocked(self.exact_weight if exact else self.weight, count)
        self.sweeps += count
        few = int(self.moving.sum()) <= _MOVING_SHARE * sites
        # The last sweep's steps are no residual: later sites have moved since.
        if residual <= self.tol:
            residual = self.residual()
        done = residual <= self.tol
        if self.lattice.listed and few and self.sweeps >= _EXACT_SWEEPS and not done:
            self.list = self.lattice.work_list(self.mean)
        return Round(count * sites, residual, done=done)

    def _blocked(self, weight: float, count: int) -> float:
        """Do `count` sweeps; return the largest step of the last."""
        self.lattice.mean_field_blocks(self.mean, weight, self.tol, self.rows, self.moving, count)
        return float(self.rows.max())

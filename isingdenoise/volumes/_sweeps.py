"""How mean field visits the voxels: one class for each kind of schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..inference._loop import Round

if TYPE_CHECKING:
    from ..backends import Planes, VolumeLattice, VolumeList

#: Sweeps in plain order that the tiled schedule begins with: the posterior often has several fixed
#: points, and the first sweeps choose one. From then on a step goes further than the fixed point
#: of its voxel; the evidence lower bound still never falls (`inference._sweeps`).
_EXACT_SWEEPS = 8
_RELAXATION = 1.4
#: Whole sweeps are worth their while as long as voxels move in such a share of the rows.
_MOVING_ROWS = 0.15
#: So many times the work list is gone through in a round.
_ROUNDS = 8


class FullSweeps:
    """Every voxel in every sweep, colour by colour or all at once.

    Parameters
    ----------
    lattice : VolumeLattice
        The model.
    mean : ndarray
        Packed means, changed in place.
    weight : float
        Weight of the new value.
    tol : float
        Stop when the residual is at most this.
    jacobi : bool
        Whether all voxels are updated from the values before the sweep.
    single : bool
        Whether a round is one sweep, even where several at once take less time.
    """

    def __init__(
        self,
        lattice: VolumeLattice,
        mean: Planes,
        *,
        weight: float,
        tol: float,
        jacobi: bool = False,
        single: bool = False,
    ) -> None:
        self.lattice, self.mean, self.weight, self.tol = lattice, mean, weight, tol
        self.old = mean.copy() if jacobi else mean
        self.several = 1 if single else max(lattice.together, 1)
        self._bound = np.nan

    def step(self, budget: int) -> Round:
        """Update every voxel once, or as often as it pays to at once."""
        count = 1
        if self.old is not self.mean:
            self.old[...] = self.mean
            residual = self.lattice.mean_field(self.mean, self.old, self.weight)
        else:
            count = min(self.several, budget)
            residual = self.sweep(count)
        # Within a sweep the first voxels have not seen the last ones move: only a
        # look at the volume as it stands can say that it is done.
        if residual <= self.tol:
            residual = self.residual()
        return Round(self.lattice.sites * count, residual, done=residual <= self.tol)

    def sweep(self, count: int) -> float:
        """Do so many sweeps in place; return the largest step of the last."""
        if self.lattice.together:
            return self.lattice.mean_field_blocks(self.mean, self.weight, count)
        for _ in range(count):
            residual = self.lattice.mean_field(self.mean, self.mean, self.weight)
        return residual

    def residual(self) -> float:
        """Return the largest |tanh(a) - mean| over the volume as it stands."""
        self._bound = self.lattice.look(self.mean)
        return float(self.lattice.residuals.max())

    def bound(self) -> float:
        """Return the evidence lower bound at the last `residual`, less the model's offset."""
        return self._bound


class TiledSweeps(FullSweeps):
    """Whole sweeps at first, then only the parts that still move.

    Parameters
    ----------
    lattice, mean, weight, tol
        As for `FullSweeps`; a weight below 1 is never raised.
    pull : float
        sum_j abs(J_ij) at most.
    """

    def __init__(
        self, lattice: VolumeLattice, mean: Planes, *, weight: float, tol: float, pull: float
    ) -> None:
        super().__init__(lattice, mean, weight=weight, tol=tol)
        # A voxel whose neighbours hide moves of `threshold` is at most `tol` off.
        self.threshold = 0.8 * tol / max(pull, 1.0)
        self.sweeps = 0
        self.list: VolumeList | None = None

    def step(self, budget: int) -> Round:
        """Do some whole sweeps, or go through the work list."""
        if self.list is None:
            return self._whole_sweeps(budget)
        updates = self.list.visit(self.weight, self.threshold, min(_ROUNDS, budget))
        if self.list.waiting():
            return Round(updates)
        residual = self.residual()
        if residual > self.tol:
            self.list.wake(self.lattice.residuals > self.tol)
        return Round(updates + self.lattice.sites, residual, done=residual <= self.tol)

    def _whole_sweeps(self, budget: int) -> Round:
        """Update every voxel; begin the work list where few move."""
        if self.sweeps >= _EXACT_SWEEPS and self.weight == 1:
            self.weight = _RELAXATION
        count = min(self.several, budget)
        residual = self.sweep(count)
        self.sweeps += count
        # moves up to the threshold need not be heard of; with tol 0 everything waits for ever
        moved = self.lattice.residuals > self.threshold
        moving = np.count_nonzero(self.lattice.residuals > self.tol) / self.lattice.filled_rows
        if residual <= self.tol:
            residual = self.residual()
        done = residual <= self.tol
        if self.tol and not done and moving <= _MOVING_ROWS and self.sweeps >= _EXACT_SWEEPS:
            self.list = self.lattice.work_list(self.mean, moved)
        return Round(self.lattice.sites * count, residual, done=done)

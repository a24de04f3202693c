"""The rounds of structured mean field: means first, then chains of one or both orientations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ._loop import Round
from ._sweeps import FullSweeps, Sweeps, TiledSweeps

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

#: What may go unnoticed while chains are left out, of `tol`; the last sweep is whole again.
_THRESHOLD = 0.8
#: In between, means go further than the chains' own, as those of mean field do.
_RELAXATION = 1.3


class Settings(Protocol):
    """What the rounds ask of the engine."""

    @property
    def chains(self) -> str: ...

    @property
    def tol(self) -> float: ...

    @property
    def bound_every(self) -> int: ...


class Course:
    """Mean field first, then chains of each orientation in turn."""

    def __init__(self, lattice: Lattice, start: Planes, settings: Settings) -> None:
        self.lattice, self.mean, self.settings = lattice, start, settings
        tiled = lattice.uniform
        kind = TiledSweeps if tiled else FullSweeps
        self.factorised: Sweeps | None = kind(lattice, start, weight=1.0, tol=settings.tol)
        height, width = lattice.shape
        both = settings.chains in {"better", "alternating"}
        wanted = ("columns", "rows") if both else (settings.chains,)
        single = "columns" if width == 1 else "rows" if height == 1 else None
        self.waiting = [single] if single else list(wanted)
        self.solved: list[Oriented] = []
        self.done = True  # the orientation at hand

    def step(self, budget: int) -> Round:
        """Do one round of mean field, or one sweep of chains."""
        updates, sites = 0, self.lattice.sites
        if self.factorised is not None:
            if budget > 1:
                done = self.factorised.step(budget - 1)
                updates = done.site_updates
                if not done.done and (budget - 1) * sites > updates:
                    return done
            self.factorised = None
        left = budget - -(-updates // sites)
        if self.settings.chains == "better" and len(self.waiting) == 2 and left > 1:
            return self._try_both(updates)
        if self.done:
            self._turn()
        oriented = self.solved[-1]
        every = self.settings.bound_every
        due = bool(every) and (oriented.sweeps + 1) % every == 0
        self.done = oriented.sweep(self.settings.tol, due or left <= 1)
        bound = oriented.bound() if due else math.nan
        finished = self.done and not self.waiting
        updates += oriented.chains.updates
        return Round(updates, oriented.residual, lower_bound=bound, done=finished)

    def _try_both(self, updates: int) -> Round:
        """Sweep columns and rows once each, and go on with those that have the greater bound."""
        for _ in range(2):
            self._turn()
            self.solved[-1].sweep(self.settings.tol, True)
            updates += self.lattice.sites
        self.solved = [self.best()]
        self.done = self.solved[0].residual <= self.settings.tol
        bound = self.solved[0].bound() if self.settings.bound_every == 1 else math.nan
        return Round(updates, self.solved[0].residual, lower_bound=bound, done=self.done)

    def _turn(self) -> None:
        rows = self.waiting.pop(0) == "rows"
        if self.solved and self.settings.chains == "alternating":
            self.solved[-1].rest()
        lattice = self.lattice.transposed() if rows else self.lattice
        mean = self.mean
        if rows:
            mean = lattice.pack(self.lattice.unpack(mean).T)
        elif self.waiting:
            mean = mean.copy()  # the rows start from here, too
        self.solved.append(Oriented(lattice, mean, rows))

    def stop(self) -> None:
        """End before it is done: by one whole sweep of chains, which their bound asks for."""
        if not self.solved:  # still at mean field
            self._turn()
        self.solved[-1].sweep(self.settings.tol, True)

    def best(self) -> Oriented:
        """Return the orientation with the greater bound, the first of two that are equal."""
        if len(self.solved) == 1:
            return self.solved[0]
        return max(self.solved, key=lambda oriented: oriented.bound())

    def snapshot(self) -> NDArray[np.float32]:
        """Return the means as they stand."""
        image: NDArray[np.float32]
        image = self.best().picture() if self.solved else self.lattice.unpack(self.mean)
        return image


class Oriented:
    """Chains of one orientation."""

    def __init__(self, lattice: Lattice, mean: Planes, turned: bool) -> None:
        self.lattice, self.mean, self.turned = lattice, mean, turned
        self.chains = lattice.chains(mean)
        self.sweeps = 0
        self.residual = math.inf
        self._kept: float | None = None

    def sweep(self, tol: float, whole: bool) -> bool:
        """Update chains; return whether they rest.

        `whole` asks for all of them; so it is the first time, and once nothing is known to have
        moved.
        """
        self._kept = None
        self.sweeps += 1
        whole = whole or self.sweeps == 1 or not self.chains.waiting()
        threshold = _THRESHOLD * tol / max(self.lattice.model.coupling.pull, 1.0)
        self.residual = self.chains.sweep(threshold, whole, _RELAXATION)
        # the first chains have not seen the last ones move
        if whole and self.residual <= tol:
            self.residual = self.chains.look()
        return whole and self.residual <= tol

    def bound(self) -> float:
        """Return the evidence lower bound."""
        if self._kept is None:
            self._kept = self.chains.bound()
        return self._kept

    def rest(self) -> None:
        """Keep means and bound alone."""
        self.bound()
        del self.chains

    def answer(self) -> tuple[NDArray[np.int8], NDArray[np.float32], float]:
        """Return labels, means and the labels' energy, and give up what is held."""
        labels, mean, energy = self.lattice.answer(self.mean)
        if self.turned:
            labels, mean = np.ascontiguousarray(labels.T), np.ascontiguousarray(mean.T)
        return labels, mean, energy

    def picture(self) -> NDArray[np.float32]:
        """Return the means, (H, W)."""
        image: NDArray[np.float32] = self.lattice.unpack(self.mean)
        return np.ascontiguousarray(image.T) if self.turned else image

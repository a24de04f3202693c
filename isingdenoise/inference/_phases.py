"""Engines that go through several phases, one round after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ._loop import Round
from ._sweeps import FullSweeps, Sweeps, TiledSweeps

if TYPE_CHECKING:
    from ..backends import Lattice, Planes


class Phases:
    """Rounds of a generator as the steps of the convergence loop.

    A class that derives from it yields rounds in `rounds`, the last with `done`, and
    reads in `budget` how many sweeps are left.
    """

    budget = 0

    def __init__(self) -> None:
        self._rounds = self.rounds()

    def rounds(self) -> Iterator[Round]:
        """Yield one round after another."""
        raise NotImplementedError

    def step(self, budget: int) -> Round:
        """Do one round."""
        self.budget = budget
        return next(self._rounds)

    def settle(
        self,
        lattice: Lattice,
        mean: Planes,
        tol: float,
        most: int | None = None,
        ends: bool = False,
    ) -> Iterator[Round]:
        """Yield mean-field rounds until the residual is at most `tol`.

        Parameters
        ----------
        lattice : Lattice
            The model.
        mean : ndarray
            Packed means, changed in place.
        tol : float
            Largest |tanh(a) - mean| at the end.
        most : int, optional
            End after so many sweeps in any case.
        ends : bool
            Whether the round that comes to rest is `done`: those of other phases are not.
        """
        sweeps = mean_field_sweeps(lattice, mean, tol)
        updates, resting = 0, False
        while not resting and (most is None or updates < most * lattice.sites):
            done = sweeps.step(self.budget if most is None else min(self.budget, most))
            updates += done.site_updates
            resting = done.done
            yield replace(done, done=resting and ends)


def mean_field_sweeps(lattice: Lattice, mean: Planes, tol: float, weight: float = 1.0) -> Sweeps:
    """Return the fastest undamped schedule for a lattice: tiles need uniform strengths."""
    kind = TiledSweeps if lattice.uniform else FullSweeps
    return kind(lattice, mean, weight=weight, tol=tol)


def the_last_is_done(rounds: Iterator[Round]) -> Iterator[Round]:
    """Yield rounds one later than they are made, so that the last can be told from others."""
    ready: Round | None = None
    for made in rounds:
        if ready is not None:
            yield ready
        ready = made
    if ready is not None:
        yield replace(ready, done=True)

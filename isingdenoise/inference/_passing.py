"""The rounds that all message-passing engines share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..model import IsingModel
from ._loop import Round, iterate
from ._start import starting_mean
from .solution import Callback, Solution, Status, Trace, Work, ran_out

if TYPE_CHECKING:
    from ..backends import Lattice, Passing, Ratios

#: After so many sweeps in which the residual has not halved, messages may go in circles:
#: the weight of new ones is halved, down to a limit.
_PATIENCE = 32
_LEAST_WEIGHT = 1 / 16


class Settings(Protocol):
    """What the rounds ask of an engine."""

    @property
    def damping(self) -> float: ...

    @property
    def tol(self) -> float: ...

    @property
    def max_sweeps(self) -> int: ...


@dataclass
class Rounds:
    """Sweeps of messages until the means rest.

    Parameters
    ----------
    passing : Passing
        The messages, changed in place.
    weight : float
        Weight of a new message; it is lowered while messages go in circles.
    tol : float
        Stop when the residual is at most this.
    """

    passing: Passing | Ratios
    weight: float
    tol: float
    residual: float = np.inf
    sweeps: int = 0
    _before: float = np.inf

    def step(self, _: int) -> Round:
        """Let every site send once."""
        self.residual = self.passing.sweep(self.weight) / self.weight
        self.sweeps += 1
        # the first sites have not heard what the last ones sent
        if self.residual <= self.tol:
            self.look()
        if self.sweeps % _PATIENCE == 0:
            if self.residual > self._before / 2:
                self.weight = max(self.weight / 2, _LEAST_WEIGHT)
                self.passing = self.passing.damped()
            self._before = self.residual
        sites = self.passing.lattice.sites
        return Round(sites, self.residual, done=self.residual <= self.tol)

    def look(self) -> float:
        """Find the fields as the messages now are; return how far their means have moved."""
        self.residual = self.passing.sweep(0.0) / self.weight
        return self.residual

    def snapshot(self) -> NDArray[np.float32]:
        """Return the means that the messages give as they stand."""
        image: NDArray[np.float32] = self.passing.lattice.unpack(self.passing.mean())
        return image


def passed(rounds: Rounds, settings: Settings, callback: Callback | None) -> tuple[Trace, Status]:
    """Do rounds until they rest or the sweeps run out, and one look at what they leave."""
    trace, status = iterate(
        rounds.step,
        max_sweeps=settings.max_sweeps,
        sites=rounds.passing.lattice.sites,
        snapshot=rounds.snapshot,
        callback=callback,
    )
    if status is not Status.CONVERGED:
        rounds.look()
    return trace, status


def begun(
    lattice: Lattice,
    model: IsingModel,
    init: ArrayLike | None,
    share: tuple[float, ...],
    damping: float,
) -> Passing | Ratios:
    """Return the messages that spins with the means `init` send."""
    mean = lattice.pack(starting_mean(model, init), -1, 1)
    lattice.load_field()
    return (lattice.undamped if damping == 1 else lattice.passing)(mean, share)


def solution(
    name: str,
    model: IsingModel,
    rounds: Rounds,
    course: tuple[Trace, Status],
    *,
    lower: float | None = None,
    upper: float | None = None,
    diagnostics: dict[str, float] | None = None,
) -> Solution:
    """Return what an engine found, its labels being the signs of the means."""
    trace, status = course
    passing = rounds.passing
    labels, mean, energy = passing.lattice.answer(passing.mean())
    message = f"{name} did not converge in {len(trace)} sweeps"
    return Solution(
        labels=labels,
        mean=mean,
        energy=energy,
        lower_bound=lower,
        upper_bound=upper,
        status=status,
        work=Work(len(trace), int(trace.site_updates[-1])),
        trace=trace,
        engine=name,
        diagnostics={"residual": rounds.residual, **(diagnostics or {})},
        advice=ran_out(status, message, "max_sweeps", "tol"),
    )

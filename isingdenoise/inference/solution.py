"""What a solve gives back: the answer, how it ended, and its course."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MEASURES",
    "Advice",
    "Callback",
    "Solution",
    "Status",
    "Step",
    "Trace",
    "Work",
    "ran_out",
]

#: Measures of a solve that have a meaning beyond one engine, in `Solution.diagnostics`.
MEASURES = ("residual", "effective_sample_size", "r_hat")


class Status(StrEnum):
    """How a solve ended."""

    CONVERGED = "converged"  #: the stopping rule was met
    MAX_SWEEPS = "max_sweeps"  #: the sweeps ran out first
    EXACT = "exact"  #: the answer is exact, not a limit
    SAMPLED = "sampled"  #: all sweeps asked for were drawn
    STOPPED = "stopped"  #: the callback asked for the end


@dataclass(frozen=True)
class Step:
    """What a callback sees after each round.

    Attributes
    ----------
    round : int
        Rounds done, from 1.
    sweeps : int
        Sweeps done.
    site_updates : int
        Site updates done.
    residual : float
        Largest ``|tanh(a) - mean|`` of the round (mean field), the number of labels
        changed (ICM), NaN (Gibbs).
    lower_bound, upper_bound : float
        Bounds on log Z + c after the round; NaN where they were not computed.
    energy : float
        Energy after the round; NaN where it was not computed.
    seconds : float
        Time spent in the engine, callbacks not counted.
    snapshot : callable
        Returns a fresh array of the state: means (H, W) float32, labels (H, W)
        int8, or labels of all chains (chains, H, W) int8.
    """

    round: int
    sweeps: int
    site_updates: int
    residual: float
    lower_bound: float
    upper_bound: float
    energy: float
    seconds: float
    snapshot: Callable[[], NDArray[np.generic]]


#: Sees each round, and ends the solve by raising `StopIteration`.
Callback = Callable[[Step], object]


@dataclass(frozen=True, eq=False)
class Trace:
    """The course of a solve, one entry for each round.

    Attributes
    ----------
    site_updates : ndarray, shape (rounds,), int64
        Site updates done so far.
    residual, lower_bound, upper_bound : ndarray, shape (rounds,), float64
        As in `Step`.
    energy : ndarray, shape (rounds,) or (rounds, chains), float64
        As in `Step`; of each chain for Gibbs.
    seconds : ndarray, shape (rounds,), float64
        Time spent so far.
    """

    site_updates: NDArray[np.int64]
    residual: NDArray[np.float64]
    lower_bound: NDArray[np.float64]
    upper_bound: NDArray[np.float64]
    energy: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of rounds."""
        return len(self.seconds)


class Work(NamedTuple):
    """What a solve cost.

    Attributes
    ----------
    sweeps : int
        Sweeps done, one sweep being as many site updates as there are sites (of all chains).
    site_updates : int
        Updates of single sites.
    """

    sweeps: int
    site_updates: int


class Advice(NamedTuple):
    """What did not go well in a solve, and what helps.

    Attributes
    ----------
    message : str
        What happened.
    settings : tuple of str
        Settings of the engine to raise.
    together : bool
        Whether all of them, and not one of them.
    """

    message: str
    settings: tuple[str, ...] = ()
    together: bool = False

    def __str__(self) -> str:
        """Return it in one line, the settings by their names."""
        return self.worded(str)

    def worded(self, setting: Callable[[str], str]) -> str:
        """Return it in one line.

        Parameters
        ----------
        setting : callable
            Returns how a setting is called, from its name.

        Returns
        -------
        str
            What happened, and what to raise.
        """
        if not self.settings:
            return self.message
        what = (" and " if self.together else " or ").join(map(setting, self.settings))
        return f"{self.message}; raise {what}"


def ran_out(status: Status, message: str, *settings: str) -> tuple[Advice, ...]:
    """Return the advice to raise some settings where the sweeps ran out, else none."""
    return (Advice(message, settings),) if status is Status.MAX_SWEEPS else ()


@dataclass(frozen=True, eq=False)
class Solution:
    """What an engine found.

    Attributes
    ----------
    labels : ndarray, shape (H, W), int8
        The restored spins, -1 or +1.
    mean : ndarray, shape (H, W), float32, or None
        (Approximate) posterior means; None for engines that seek only labels.
        Where they are there, `labels` are their signs, 0 being +1.
    energy : float
        Energy of `labels`.
    lower_bound, upper_bound : float or None
        Bounds on log Z + c, in nats; None where there are none. The lower one
        of a variational engine is that of `mean`.
    status : Status
        How it ended.
    work : Work
        What it cost.
    trace : Trace
        The course of the solve.
    diagnostics : mapping of str to float
        What the engine measures of itself. Of `MEASURES`: `residual`, at the
        end, the largest ``|tanh(a) - mean|`` over the picture (mean field) or the
        number of labels that the last sweep changed (ICM);
        `effective_sample_size` and split `r_hat` of the energy over the kept
        sweeps of all chains (samplers).
    engine : str
        The engine's name.
    advice : tuple of Advice
        What did not go well.
    """

    labels: NDArray[np.int8]
    mean: NDArray[np.float32] | None
    energy: float
    lower_bound: float | None
    upper_bound: float | None
    status: Status
    work: Work
    trace: Trace
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    engine: str = ""
    advice: tuple[Advice, ...] = ()

    @property
    def seconds(self) -> float:
        """Time spent in the rounds, callbacks not counted."""
        return float(self.trace.seconds[-1]) if len(self.trace) else 0.0

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.labels.shape
        lower = "" if self.lower_bound is None else f", lower bound {self.lower_bound:.6g}"
        upper = "" if self.upper_bound is None else f", upper bound {self.upper_bound:.6g}"
        return (
            f"Solution({self.engine}, {height} x {width}, {self.status.value} after "
            f"{self.work.sweeps} sweeps, energy {self.energy:.6g}{lower}{upper})"
        )

"""What every engine takes and gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..model import IsingModel

__all__ = ["Callback", "Engine", "Solution", "Status", "Step", "Trace"]


class Status(StrEnum):
    """How a solve ended."""

    CONVERGED = "converged"  #: the stopping rule was met
    MAX_SWEEPS = "max_sweeps"  #: the sweeps ran out first
    EXACT = "exact"  #: the answer is the optimum, not a limit
    SAMPLED = "sampled"  #: all sweeps asked for were drawn


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
        Largest |tanh(a) - mean| of the round (mean field), the number of labels
        changed (ICM), NaN (Gibbs).
    bound, energy : float
        The objective after the round; NaN where it was not computed.
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
    bound: float
    energy: float
    seconds: float
    snapshot: Callable[[], NDArray[np.generic]]


Callback = Callable[[Step], object]


@dataclass(frozen=True, eq=False)
class Trace:
    """The course of a solve, one entry for each round.

    Attributes
    ----------
    site_updates : ndarray, shape (rounds,), int64
        Site updates done so far.
    residual, bound : ndarray, shape (rounds,), float64
        As in `Step`.
    energy : ndarray, shape (rounds,) or (rounds, chains), float64
        As in `Step`; of each chain for Gibbs.
    seconds : ndarray, shape (rounds,), float64
        Time spent so far.
    effective_sample_size : float or None
        Of the energy, over the kept sweeps of all chains (Gibbs).
    r_hat : float or None
        Split R-hat of the energy over the kept sweeps (Gibbs).
    """

    site_updates: NDArray[np.int64]
    residual: NDArray[np.float64]
    bound: NDArray[np.float64]
    energy: NDArray[np.float64]
    seconds: NDArray[np.float64]
    effective_sample_size: float | None = None
    r_hat: float | None = None

    def __len__(self) -> int:
        """Return the number of rounds."""
        return len(self.seconds)


@dataclass(frozen=True, eq=False)
class Solution:
    """What an engine found.

    Attributes
    ----------
    labels : ndarray, shape (H, W), int8
        The restored spins, -1 or +1.
    mean : ndarray, shape (H, W), float32, or None
        (Approximate) posterior means; None for engines that seek only labels.
    energy : float
        Energy of `labels`.
    bound : float or None
        Lower bound on log Z + c at `mean`, in nats; None where there is none.
    status : Status
        How it ended.
    sweeps : int
        Sweeps done, one sweep being as many site updates as there are sites.
    residual : float
        At the end: the largest |tanh(a) - mean| over the picture (mean field),
        the number of labels the last sweep changed (ICM), NaN (Gibbs).
    trace : Trace
        The course of the solve.
    engine : str
        The engine's name.
    """

    labels: NDArray[np.int8]
    mean: NDArray[np.float32] | None
    energy: float
    bound: float | None
    status: Status
    sweeps: int
    residual: float
    trace: Trace
    engine: str

    @property
    def seconds(self) -> float:
        """Time spent in the rounds, callbacks not counted."""
        return float(self.trace.seconds[-1]) if len(self.trace) else 0.0

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.labels.shape
        bound = "" if self.bound is None else f", bound {self.bound:.6g}"
        return (
            f"Solution({self.engine}, {height} x {width}, {self.status.value} after "
            f"{self.sweeps} sweeps, energy {self.energy:.6g}{bound})"
        )


class Engine(Protocol):
    """A frozen dataclass of settings that solves a model.

    Attributes
    ----------
    name : str
        Name in `ENGINES` and on the command line.
    summary : str
        One line for the list of engines.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @property
    def parallel(self) -> bool | None:
        """Whether to use threads; None leaves it to the picture's size.

        The answer is the same bit for bit.
        """
        ...

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Solve `model`.

        Parameters
        ----------
        model : IsingModel
            The posterior.
        init : array_like, shape (H, W), optional
            Means or labels to start from; tanh(h) by default.
        rng : numpy.random.Generator or int, optional
            Randomness, for engines that need it.
        callback : callable, optional
            Called with a `Step` after each round.
        """
        ...

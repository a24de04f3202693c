"""How an answer comes about: what a solve has at hand after each round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference import Engine, Step, Trace
from ..model import IsingModel

__all__ = ["Course", "Watch"]


@dataclass(frozen=True, eq=False)
class Course(Trace):
    """A trace in which nothing is missing that the state after a round tells.

    The bound of independent spins and the energy stand in it whether or not the engine
    computes them, and the time is that without: they are worked out by a callback.

    Attributes
    ----------
    error : ndarray, shape (rounds,), float64
        Share of the pixels that would be wrong if the solve ended here; NaN where the clean
        picture is not known. Of chains the signs of the mean over all draws behind the
        burn-in count (within it, of the last ones).
    """

    error: NDArray[np.float64]


class Watch:
    """A callback that measures the state after each round.

    Parameters
    ----------
    engine : Engine
        Whose solve it is.
    model : IsingModel
        What is solved.
    clean : ndarray of bool, shape (H, W), optional
        The clean picture.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel does not count.
    """

    def __init__(
        self,
        engine: Engine,
        model: IsingModel,
        clean: NDArray[Any] | None = None,
        known: NDArray[np.bool_] | None = None,
    ) -> None:
        self._factorised = engine.traits.factorised and not engine.traits.learned
        self._burn_in = int(getattr(engine, "burn_in", 0))
        self._model, self._clean, self._known = model, clean, known
        self._sum: NDArray[np.float64] | None = None
        self._bounds: list[float] = []
        self._energies: list[float] = []
        self._errors: list[float] = []

    def __call__(self, step: Step) -> None:
        """Measure the state after a round."""
        state = step.snapshot()
        chains = state.ndim == 3
        mean = state.mean(axis=0) if chains else state
        labels = np.where(np.asarray(mean) >= 0, np.int8(1), np.int8(-1))
        means = self._factorised and not chains
        self._bounds.append(self._model.elbo(state) if means else np.nan)
        self._energies.append(np.nan if chains else self._model.energy(labels))
        if self._clean is None:
            return
        if chains and step.round > self._burn_in:
            if self._sum is None:
                self._sum = np.zeros(mean.shape)
            self._sum += np.asarray(mean, np.float64)
            labels = np.where(self._sum >= 0, np.int8(1), np.int8(-1))
        wrong = (labels > 0) != self._clean
        self._errors.append(float(np.mean(wrong if self._known is None else wrong[self._known])))

    def course(self, trace: Trace) -> Course:
        """Return the trace of the solve that was watched, with what it lacks."""
        nothing = np.full(len(trace), np.nan)
        bound = np.asarray(self._bounds) if len(self._bounds) == len(trace) else nothing
        energy = np.asarray(self._energies) if len(self._energies) == len(trace) else nothing
        error = np.asarray(self._errors) if len(self._errors) == len(trace) else nothing
        filled = replace(
            trace,
            lower_bound=np.where(np.isnan(trace.lower_bound), bound, trace.lower_bound),
            energy=energy if np.isnan(trace.energy).all() else trace.energy,
        )
        return Course(**vars(filled), error=error)

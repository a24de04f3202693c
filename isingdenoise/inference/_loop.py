"""The only convergence loop: rounds, stopping rule, trace, callback, timer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..deadline import check_deadline
from .solution import Callback, Status, Step, Trace


@dataclass(frozen=True)
class Round:
    """What one round of an engine reports.

    Attributes
    ----------
    site_updates : int
        Updates made in this round.
    residual : float
        Distance from a fixed point, in the engine's own measure.
    lower_bound, upper_bound : float
        Bounds on log Z + c, NaN where not computed.
    energy : float or tuple of float
        Energy, of each chain where there are several; NaN where not computed.
    done : bool
        Whether the engine's stopping rule holds.
    """

    site_updates: int
    residual: float = math.nan
    lower_bound: float = math.nan
    upper_bound: float = math.nan
    energy: float | tuple[float, ...] = math.nan
    done: bool = False


def iterate(
    step: Callable[[int], Round],
    *,
    max_sweeps: int,
    sites: int,
    snapshot: Callable[[], NDArray[Any]],
    callback: Callback | None,
    whole: bool = False,
) -> tuple[Trace, Status]:
    """Call `step` until it reports `done`, the sweeps run out or the callback ends it.

    Parameters
    ----------
    step : callable
        Does one round; it is told how many sweeps are left.
    max_sweeps : int
        Stop after so many sweeps' worth of site updates.
    sites : int
        Sites of the model, to count sweeps.
    snapshot : callable
        Returns the state, for the callback.
    callback : callable or None
        Called after each round; its time is not counted. It ends the rounds by
        raising `StopIteration`.
    whole : bool
        Whether there is no answer before the last round: a callback that ends the rounds is
        then not called again, and they go on.

    Returns
    -------
    trace : Trace
    status : Status
        `converged`, `max_sweeps` or `stopped`.

    Raises
    ------
    TimeLimitError
        Between two rounds: the time of a `deadline` is over.
    """
    history: list[tuple[int, Round, float]] = []
    updates, seconds = 0, 0.0
    status = Status.MAX_SWEEPS
    while updates < max_sweeps * sites:
        check_deadline()
        started = time.perf_counter()
        done = step(max_sweeps - updates // sites)
        seconds += time.perf_counter() - started
        updates += done.site_updates
        history.append((updates, done, seconds))
        stopped = callback is not None and _stops(
            callback, _step(len(history), updates, sites, done, seconds, snapshot)
        )
        if done.done:
            status = Status.CONVERGED
            break
        if stopped and whole:
            callback = None
        elif stopped and updates < max_sweeps * sites:
            status = Status.STOPPED
            break
    return _trace(history), status


def _stops(callback: Callback, step: Step) -> bool:
    """Show a round to the callback; tell whether that ends the solve."""
    try:
        callback(step)
    except StopIteration:
        return True
    return False


def _step(
    number: int,
    updates: int,
    sites: int,
    done: Round,
    seconds: float,
    snapshot: Callable[[], NDArray[Any]],
) -> Step:
    return Step(
        round=number,
        sweeps=-(-updates // sites),
        site_updates=updates,
        residual=done.residual,
        lower_bound=done.lower_bound,
        upper_bound=done.upper_bound,
        energy=float(np.mean(done.energy)),
        seconds=seconds,
        snapshot=snapshot,
    )


def _trace(history: list[tuple[int, Round, float]]) -> Trace:
    rounds = [entry[1] for entry in history]
    return Trace(
        site_updates=np.array([entry[0] for entry in history], np.int64),
        residual=np.array([r.residual for r in rounds], np.float64),
        lower_bound=np.array([r.lower_bound for r in rounds], np.float64),
        upper_bound=np.array([r.upper_bound for r in rounds], np.float64),
        energy=np.array([r.energy for r in rounds], np.float64),
        seconds=np.array([entry[2] for entry in history], np.float64),
    )

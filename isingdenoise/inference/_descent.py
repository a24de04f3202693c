"""Coordinate descent on an energy, whatever its labels and their lattice are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from ..validation import check_int, check_switch, store
from ._loop import Round, iterate
from .solution import Callback, Work, ran_out


def check_descent(engine: Any) -> None:
    """Check the settings `max_sweeps` and `parallel` of an engine, and keep what they become.

    Raises
    ------
    ParameterError
        One is out of range.
    """
    store(
        engine,
        max_sweeps=check_int("max_sweeps", engine.max_sweeps, low=1),
        parallel=check_switch("parallel", engine.parallel),
    )


def descend(
    engine: Any,
    sweep: Callable[[], tuple[int, float]],
    energy: float,
    *,
    sites: int,
    snapshot: Callable[[], NDArray[Any]],
    callback: Callback | None,
) -> dict[str, Any]:
    """Sweep until no label changes; return what a solution tells of the rounds.

    Parameters
    ----------
    engine : dataclass
        With name and max_sweeps.
    sweep : callable
        Sets every label to the mode of its conditional; returns how many changed, and the
        energy given up.
    energy : float
        At the start.
    sites, snapshot, callback
        As of `iterate`.

    Returns
    -------
    dict
        status, work, trace, engine, diagnostics and advice.
    """

    def step(_: int) -> Round:
        nonlocal energy
        changed, drop = sweep()
        energy -= drop
        return Round(sites, changed, energy=energy, done=changed == 0)

    trace, status = iterate(
        step, max_sweeps=engine.max_sweeps, sites=sites, snapshot=snapshot, callback=callback
    )
    message = f"{engine.name} did not converge in {engine.max_sweeps} sweeps"
    return {
        "status": status,
        "work": Work(len(trace), int(trace.site_updates[-1])),
        "trace": trace,
        "engine": engine.name,
        "diagnostics": {"residual": float(trace.residual[-1])},
        "advice": ran_out(status, message, "max_sweeps"),
    }

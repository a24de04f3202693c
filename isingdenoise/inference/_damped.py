"""What mean field has, whatever its labels and their lattice are: settings, rounds, ending."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..errors import ParameterError
from ..validation import check_choice, check_int, check_real, check_switch, store
from ._loop import Round, iterate
from .solution import Callback, Status, Work, ran_out

if TYPE_CHECKING:
    from ._sweeps import Sweeps


def check_damped(engine: Any, schedules: Iterable[str]) -> None:
    """Check the settings of damped sweeps, and keep what they become.

    Parameters
    ----------
    engine : dataclass
        With damping, schedule, tol, max_sweeps, bound_every and parallel.
    schedules : iterable of str
        Those it knows.

    Raises
    ------
    ParameterError
        One is out of range, or Jacobi's schedule is undamped.
    """
    store(
        engine,
        damping=check_real("damping", engine.damping, low=0, high=1, low_open=True),
        schedule=check_choice("schedule", engine.schedule, schedules),
        tol=check_real("tol", engine.tol, low=0),
        max_sweeps=check_int("max_sweeps", engine.max_sweeps, low=1),
        bound_every=check_int("bound_every", engine.bound_every, low=0),
        parallel=check_switch("parallel", engine.parallel),
    )
    if engine.schedule == "jacobi" and engine.damping == 1:
        raise ParameterError(
            "damping", "must be below 1 with schedule jacobi, which may cycle; try 0.5"
        )


def ascend(
    engine: Any,
    sweeps: Sweeps,
    elbo: Callable[[], float],
    *,
    sites: int,
    snapshot: Callable[[], NDArray[Any]],
    callback: Callback | None,
) -> dict[str, Any]:
    """Do rounds until the means rest; return what a solution tells of them.

    Parameters
    ----------
    engine : dataclass
        With name, bound_every and max_sweeps.
    sweeps : Sweeps
        What a round is; it has looked at the state as it stands when this returns.
    elbo : callable
        Returns the evidence lower bound, for rounds that tell it.
    sites, snapshot, callback
        As of `iterate`.

    Returns
    -------
    dict
        status, work, trace, engine, diagnostics and advice.
    """
    rounds = 0

    def step(budget: int) -> Round:
        nonlocal rounds
        rounds += 1
        done = sweeps.step(budget)
        if engine.bound_every and rounds % engine.bound_every == 0:
            done = replace(done, lower_bound=elbo())
        return done

    trace, status = iterate(
        step, max_sweeps=engine.max_sweeps, sites=sites, snapshot=snapshot, callback=callback
    )
    # a solve that has converged ended with this very look at the state
    converged = status is Status.CONVERGED
    residual = float(trace.residual[-1]) if converged else sweeps.residual()
    updates = int(trace.site_updates[-1])
    message = f"{engine.name} did not converge in {engine.max_sweeps} sweeps"
    return {
        "status": status,
        "work": Work(-(-updates // sites), updates),
        "trace": trace,
        "engine": engine.name,
        "diagnostics": {"residual": residual},
        "advice": ran_out(status, message, "max_sweeps", "tol"),
    }

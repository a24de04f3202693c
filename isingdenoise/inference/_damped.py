"""Settings that mean field has, whatever its labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ParameterError
from ..validation import check_choice, check_int, check_real, check_switch, store


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

"""`damping`: how many sweeps mean field takes, and where it goes round in circles."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from ...inference import MeanField, Solution, Status
from ...model import IsingModel
from ...noise import GaussianNoise
from ..summary import summarise
from .base import Findings, Plan
from .scenes import letter, posterior, start

__all__ = ["DAMPINGS", "damping"]

DAMPINGS = tuple(round(0.1 * k, 1) for k in range(1, 11))
COUPLINGS = (0.5, 1.0, -1.0)
_SCHEDULES = ("checkerboard", "jacobi")
_SWEEPS, _TOL = 2000, 1e-3
_MOVES, _BACK = 0.01, 0.1  # of means in a sweep, and what is left of that after two
_NOISE = GaussianNoise(2.0)


def damping(plan: Plan) -> Generator[None, None, Findings]:
    """Converge with every damping from 0.1 to 1, one colour after the other and all at once.

    Asked is how many sweeps it takes to a residual of 1e-3, and where updating all at
    once ("jacobi") cycles: where after 2000 sweeps some mean goes on moving by more than 0.01,
    and is back after a second sweep. The engine refuses to do so undamped; 1 is the
    largest number below it, which in the kernels' precision is 1.
    """
    clean = letter()
    rows: list[dict[str, Any]] = []
    for coupling in COUPLINGS:
        for seed in plan.seeds:
            x = _NOISE.sample(clean, np.random.default_rng(seed))
            model, first = posterior(x, _NOISE, coupling), start(x, _NOISE)
            for schedule in _SCHEDULES:
                for weight in DAMPINGS:
                    engine = MeanField(
                        damping=float(np.nextafter(weight, 0)),
                        schedule=schedule,  # type: ignore[arg-type]
                        tol=_TOL,
                        max_sweeps=_SWEEPS,
                    )
                    solution = engine.solve(model, init=first)
                    ended = solution.status is Status.CONVERGED
                    rows.append(
                        {
                            "coupling": coupling,
                            "schedule": schedule,
                            "damping": weight,
                            "seed": seed,
                            "sweeps": solution.work.sweeps if ended else None,
                            "cycles": float(not ended and _cycles(engine, model, solution)),
                            "residual": solution.diagnostics["residual"],
                        }
                    )
            yield
    table = summarise(rows, ("coupling", "schedule", "damping"), ("sweeps", "cycles"))
    notes = []
    for coupling in COUPLINGS:
        for schedule in _SCHEDULES:
            own = [r for r in table if (r["coupling"], r["schedule"]) == (coupling, schedule)]
            where = [f"{r['damping']:g} ({r['cycles']:.0%})" for r in own if r["cycles"]]
            told = f"cycles at damping {', '.join(where)}" if where else "never cycles"
            best = min((r for r in own if r["sweeps"]), key=lambda r: r["sweeps"])
            told += f"; fewest sweeps at {best['damping']:g}, {best['sweeps']:.0f}"
            notes.append(f"J = {coupling:g}, {schedule}: {told}")
    return Findings(rows, {"letter, normal noise, sigma = 2": table}, notes=notes)


def _cycles(engine: MeanField, model: IsingModel, solution: Solution) -> bool:
    """Tell whether some mean moves with every sweep, and is back after two."""
    once = replace(engine, max_sweeps=1)
    states = [solution.mean]
    for _ in range(2):
        states.append(once.solve(model, init=states[-1]).mean)
    first, second, third = (np.asarray(state) for state in states)
    step, left = np.abs(second - first), np.abs(third - first)
    return bool(np.any((step > _MOVES) & (left < _BACK * step)))

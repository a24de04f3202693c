"""`noise-level`: all engines, from next to no noise to nothing but noise."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from ...inference import ENGINES, Engine, objection_to
from ...metrics import bit_error_rate
from ...noise import FlipNoise, GaussianNoise, NoiseModel
from ..summary import summarise
from .base import Findings, Plan
from .scenes import posterior, start, strip

__all__ = ["noise_level", "noises"]

_COUPLING = 0.6


def noises() -> list[tuple[str, float, NoiseModel]]:
    """Return the noise, its level, and the model that it is drawn from."""
    sigmas = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
    shares = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.49)
    found: list[tuple[str, float, NoiseModel]] = [("sigma", s, GaussianNoise(s)) for s in sigmas]
    return [*found, *(("p", p, FlipNoise(p)) for p in shares)]


def noise_level(plan: Plan) -> Generator[None, None, Findings]:
    """Run all engines on a word under normal noise and under flipped pixels of every level.

    Asked is which engine is best where. The noise is known, every strength 0.6. The
    limits are 0 errors, chance (half of the pixels) and a page that is all paper (the
    share of ink): with nothing but noise nobody can do better than that on average. The
    minimum cut is the exact most probable picture; the transfer matrix gives the exact
    marginals, whose signs would have the fewest errors, were pictures drawn from this model.
    """
    clean = strip()
    rows: list[dict[str, Any]] = []
    for noise, level, model in noises():
        for seed in plan.seeds:
            x = model.sample(clean, np.random.default_rng(seed))
            solved = posterior(x, model, _COUPLING)
            for kind in ENGINES.values():
                engine: Engine = kind()
                if objection_to(engine, solved) is not None:
                    continue
                solution = engine.solve(solved, init=start(x, model), rng=seed)
                rows.append(
                    {
                        "noise": noise,
                        "level": level,
                        "engine": engine.name,
                        "seed": seed,
                        "bit_error_rate": bit_error_rate(solution.labels, clean),
                        "energy": solution.energy / clean.size,
                        "seconds": solution.seconds,
                    }
                )
            yield
    table = summarise(rows, ("noise", "level", "engine"), ("bit_error_rate", "energy", "seconds"))
    thick = [name for name, kind in ENGINES.items() if kind.traits.exact]
    pictures = {"ink": float(1 - np.mean(clean)), "thick": thick}
    notes = []
    for noise in dict.fromkeys(row["noise"] for row in table):
        for level in dict.fromkeys(row["level"] for row in table if row["noise"] == noise):
            own = [row for row in table if (row["noise"], row["level"]) == (noise, level)]
            notes.append(f"{noise} = {level:g}: fewest errors {_best(own)}")
    return Findings(rows, {"the word 'neighbours', J = 0.6": table}, pictures, notes)


def _best(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the three engines with the fewest errors, and how many more have as few."""
    ranked = sorted(rows, key=lambda row: row["bit_error_rate"])
    third = ranked[:3][-1]["bit_error_rate"]
    alike = sum(row["bit_error_rate"] == third for row in ranked[3:])
    if alike and ranked[0]["bit_error_rate"] == third:
        return f"{third:.1%}, of {alike + 3} engines"
    told = ", ".join(f"{row['engine']} {row['bit_error_rate']:.1%}" for row in ranked[:3])
    return f"{told}{f' and {alike} more' if alike else ''}"

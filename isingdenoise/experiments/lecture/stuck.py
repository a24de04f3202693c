"""`icm`: where greedy descent and mean field get stuck."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from ...inference import ICM, Engine, GraphCut, MeanField
from ...metrics import bit_error_rate
from ...noise import GaussianNoise
from ..summary import summarise
from .base import Findings, Plan
from .scenes import posterior, scenes, start

__all__ = ["stuck"]

_NOISE, _COUPLING = GaussianNoise(2.0), 1.0
_MEASURES = ("bit_error_rate", "energy", "above", "off")


def stuck(plan: Plan) -> Generator[None, None, Findings]:
    """Run ICM and mean field on the data of `gaussian`, beside the least energy there is.

    Asked is where each gets stuck. Both begin at x and go downhill, ICM in labels and mean
    field in means; the minimum cut is the picture of least energy, and what differs from it is
    where they did not get there. `above` is the energy beyond the least, in nats a pixel, `off` the
    share of pixels that differ from that picture. To be stuck is no fault where the model is
    wrong: with so strong a coupling the least energy is that of a blank page, and whatever is
    left of the text is left because descent did not get there.
    """
    exact: Engine = GraphCut()
    engines: list[Engine] = [ICM(), MeanField(damping=0.5, schedule="jacobi"), exact]
    rows: list[dict[str, Any]] = []
    pictures: dict[str, Any] = {}
    for name, clean in scenes().items():
        for seed in plan.seeds:
            x = _NOISE.sample(clean, np.random.default_rng(seed))
            model = posterior(x, _NOISE, _COUPLING)
            found = {e.name: e.solve(model, init=start(x, _NOISE)) for e in engines}
            best = found[exact.name]
            for engine, solution in found.items():
                rows.append(
                    {
                        "picture": name,
                        "engine": engine,
                        "seed": seed,
                        "bit_error_rate": bit_error_rate(solution.labels, clean),
                        "energy": solution.energy / clean.size,
                        "above": (solution.energy - best.energy) / clean.size,
                        "off": float(np.mean(solution.labels != best.labels)),
                        "sweeps": solution.work.sweeps,
                    }
                )
            if seed == plan.seeds[0]:
                labels = {engine: s.labels > 0 for engine, s in found.items()}
                best_labels = labels.pop(exact.name)
                pictures[name] = {"noisy": x, "clean": clean, "best": best_labels, "found": labels}
            yield
    table = summarise(rows, ("picture", "engine"), (*_MEASURES, "sweeps"))
    notes = [
        f"{name}: the picture of least energy is all {'white' if shown['best'].all() else 'black'}"
        for name, shown in pictures.items()
        if shown["best"].all() or not shown["best"].any()
    ]
    return Findings(rows, {"normal noise, sigma = 2, J = 1": table}, pictures, notes)

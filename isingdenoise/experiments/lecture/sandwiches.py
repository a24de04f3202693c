"""`sandwich`: how tight the bounds on the log evidence are."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from ...inference import ENGINES, TransferMatrix, objection_to
from ...noise import GaussianNoise
from ..summary import summarise
from .base import Findings, Plan
from .scenes import posterior, start, strip

__all__ = ["COUPLINGS", "sandwiches"]

COUPLINGS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3)
_NOISE = GaussianNoise(1.0)


def sandwiches(plan: Plan) -> Generator[None, None, Findings]:
    """Compare all bounds on log Z + c with its exact value, from weak to strong coupling.

    Asked is how wide the sandwich is, and which bound is best where: in nats a pixel,
    bound less exact value, below 0 for lower and above 0 for upper bounds. That of a lower
    bound is the Kullback-Leibler divergence of the engine's posterior from the true one.
    """
    clean = strip()
    kinds = [
        kind for kind in ENGINES.values()
        if (kind.traits.lower_bound or kind.traits.upper_bound)
        and not (kind.traits.exact or kind.traits.learned)
    ]  # fmt: skip
    rows: list[dict[str, Any]] = []
    for coupling in COUPLINGS:
        for seed in plan.seeds:
            x = _NOISE.sample(clean, np.random.default_rng(seed))
            model = posterior(x, _NOISE, coupling)
            exact = TransferMatrix(model).log_z
            for kind in kinds:
                engine = kind()
                if objection_to(engine, model) is not None:
                    continue
                solution = engine.solve(model, init=start(x, _NOISE), rng=seed)
                for side in ("lower", "upper"):
                    bound = getattr(solution, f"{side}_bound")
                    if bound is not None:
                        rows.append(
                            {
                                "coupling": coupling,
                                "engine": engine.name,
                                "side": side,
                                "seed": seed,
                                "gap": (bound - exact) / clean.size,
                                "log_evidence": exact / clean.size,
                            }
                        )
            yield
    table = summarise(rows, ("coupling", "side", "engine"), ("gap", "log_evidence"))
    notes = []
    for coupling in COUPLINGS:
        own = [row for row in table if row["coupling"] == coupling]
        low = max((r for r in own if r["side"] == "lower"), key=lambda r: r["gap"])
        high = min((r for r in own if r["side"] == "upper"), key=lambda r: r["gap"])
        notes.append(
            f"J = {coupling:g}: {low['gap']:.4f} ({low['engine']}) to "
            f"+{high['gap']:.4f} ({high['engine']}) nats a pixel"
        )
    return Findings(rows, {"the word 'neighbours', normal noise, sigma = 1": table}, notes=notes)

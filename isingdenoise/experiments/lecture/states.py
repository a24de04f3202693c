"""`gaussian`, `flip`: what mean field holds after a few iterations."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...inference import MeanField
from ...metrics import bit_error_rate
from ...noise import FlipNoise, GaussianNoise, NoiseModel
from ..summary import summarise
from .base import Findings, Plan, Run
from .scenes import posterior, scenes, start

__all__ = ["AFTER", "states"]

AFTER = (1, 2, 5, 17)
_COUPLING, _DAMPING = 1.0, 0.5
_MEASURES = ("bit_error_rate", "bound", "moved")


def states(noise: str) -> Run:
    r"""Return the experiment on normal noise, sigma = 2, or on flipped pixels, p = 0.2.

    Asked is how fast the lecture's algorithm gets from the noisy picture to the clean one:
    all pixels at once,

    .. math:: \mu \leftarrow (1 - \lambda) \mu + \lambda \tanh(J \mu + h), \qquad \lambda = 1/2

    with every strength 1 (the lecture's W), begun at mu = x. Means outside [-1, 1] have no
    bound: x is cut off there. The state is looked at after 1, 2, 5 and 17 iterations.
    """
    models: dict[str, tuple[str, NoiseModel]] = {
        "gaussian": ("normal noise, sigma = 2", GaussianNoise(2.0)),
        "flip": ("flipped pixels, p = 0.2", FlipNoise(0.2)),
    }
    return partial(_run, *models[noise])


def _run(what: str, noise: NoiseModel, plan: Plan) -> Generator[None, None, Findings]:
    rows: list[dict[str, Any]] = []
    pictures: dict[str, Any] = {}
    for name, clean in scenes().items():
        for seed in plan.seeds:
            x = noise.sample(clean, np.random.default_rng(seed))
            model, mean = posterior(x, noise, _COUPLING), start(x, noise)
            states = {0: mean}
            for after in AFTER:
                engine = MeanField(damping=_DAMPING, schedule="jacobi", tol=0, max_sweeps=after)
                found = engine.solve(model, init=mean).mean
                assert found is not None
                states[after] = found
            for after, state in states.items():
                rows.append(
                    {
                        "picture": name,
                        "iterations": after,
                        "seed": seed,
                        "bit_error_rate": bit_error_rate(state >= 0, clean),
                        "bound": model.elbo(state) / clean.size,
                        "moved": float(np.mean(np.abs(state - mean))),
                    }
                )
            if seed == plan.seeds[0]:
                pictures[name] = {"clean": clean, "noisy": x, "states": states}
            yield
    table = summarise(rows, ("picture", "iterations"), _MEASURES)
    notes = [_course([row for row in table if row["picture"] == name]) for name in pictures]
    return Findings(rows, {f"{what}, J = 1, damping 0.5": table}, pictures, notes)


def _course(table: Sequence[Mapping[str, Any]]) -> str:
    """Return how far the errors of one picture have fallen, in words."""
    told = [f"{row['bit_error_rate']:.1%} after {row['iterations']}" for row in table[1:]]
    first = table[0]
    return f"{first['picture']}: {first['bit_error_rate']:.1%} of x are wrong, {', '.join(told)}"

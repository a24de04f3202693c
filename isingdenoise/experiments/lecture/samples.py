"""`means-or-samples`: the claim that passing means is more efficient than passing samples."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from ...inference import Engine, Gibbs, MeanField, TransferMatrix
from ...metrics import bit_error_rate
from ...noise import GaussianNoise
from ..summary import summarise
from .base import Findings, Plan
from .scenes import posterior, start, strip

__all__ = ["COUPLINGS", "means_or_samples"]

COUPLINGS = (0.3, 0.6, 1.0)
_SWEEPS = tuple(2**k for k in range(11))
_NOISE = GaussianNoise(1.0)
_MEASURES = ("marginal_error", "bit_error_rate")
_WORDS = {-1: "means are better", 0: "there is no telling", 1: "samples are better"}
_BURN_IN = 4  # a fourth of the sweeps is thrown away


def means_or_samples(plan: Plan) -> Generator[None, None, Findings]:
    """Give mean field and Gibbs sampling the same number of site updates, and the exact answer.

    Asked is whether passing means is more efficient than passing samples: where does that hold,
    and where does Gibbs overtake? Both begin at x and update one colour after the other, so
    that a sweep costs both one update of each site. Of the sweeps of the one chain the first
    fourth is thrown away; its means are averages of conditional means. `marginal_error` is
    the mean of abs(P - exact) over the pixels, the exact P from the transfer matrix;
    `ideal_bit_error_rate` has the errors of the exact answer. Each seed is a noisy picture
    of its own, and a chain.
    """
    means, samples = MeanField.name, Gibbs.name
    clean = strip()
    rows: list[dict[str, Any]] = []
    for coupling in COUPLINGS:
        for seed in plan.seeds:
            x = _NOISE.sample(clean, np.random.default_rng(seed))
            model, first = posterior(x, _NOISE, coupling), start(x, _NOISE)
            exact = TransferMatrix(model).mean
            ideal = bit_error_rate(exact >= 0, clean)
            for sweeps in _SWEEPS:
                burn_in = sweeps // _BURN_IN
                engines: list[Engine] = [
                    MeanField(schedule="checkerboard", tol=0, max_sweeps=sweeps),
                    Gibbs(burn_in=burn_in, sweeps=sweeps - burn_in, chains=1),
                ]
                for engine in engines:
                    mean = engine.solve(model, init=first, rng=seed).mean
                    assert mean is not None
                    rows.append(
                        {
                            "coupling": coupling,
                            "engine": engine.name,
                            "sweeps": sweeps,
                            "site_updates": sweeps * clean.size,
                            "seed": seed,
                            "marginal_error": float(np.mean(np.abs(mean - exact))) / 2,
                            "bit_error_rate": bit_error_rate(mean >= 0, clean),
                            "ideal_bit_error_rate": ideal,
                        }
                    )
            yield
    by = ("coupling", "engine", "sweeps", "site_updates")
    table = summarise(rows, by, (*_MEASURES, "ideal_bit_error_rate"))
    notes = [
        _overtaken(rows, coupling, measure, means, samples)
        for coupling in COUPLINGS
        for measure in _MEASURES
    ]
    return Findings(rows, {"normal noise, sigma = 1": table}, notes=notes)


def _overtaken(
    rows: Sequence[dict[str, Any]], coupling: float, measure: str, means: str, samples: str
) -> str:
    """Return from how many sweeps on samples are better than means, in words.

    Better is what is so by two standard errors of the difference on the same pictures.
    """
    leads = {}
    for sweeps in _SWEEPS:
        own = [row for row in rows if (row["coupling"], row["sweeps"]) == (coupling, sweeps)]
        pair = [np.array([r[measure] for r in own if r["engine"] == e]) for e in (means, samples)]
        lead = pair[0] - pair[1]
        error = float(np.std(lead, ddof=1)) / lead.size**0.5 if lead.size > 1 else 0.0
        leads[sweeps] = 0 if abs(lead.mean()) <= 2 * error else int(np.sign(lead.mean()))
    what = f"J = {coupling:g}, {measure.replace('_', ' ')}"
    parts = []
    for lead, run in groupby(_SWEEPS, key=leads.__getitem__):
        span = list(run)
        where = f"{span[0]} to {span[-1]}" if len(span) > 1 else f"{span[0]}"
        parts.append(f"{_WORDS[lead]} at {where}")
    return f"{what}: {', '.join(parts)} sweeps"

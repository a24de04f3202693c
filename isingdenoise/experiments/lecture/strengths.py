"""`coupling`: what the strength of the coupling does to errors, bound and prediction."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from ...inference import Engine, GraphCut, MeanField
from ...learning import held_out_score
from ...metrics import bit_error_rate
from ...noise import GaussianNoise
from ..summary import summarise
from .base import Findings, Plan
from .scenes import page, posterior, start

__all__ = ["STRENGTHS", "log_z0", "strengths"]

STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0)
_NOISE = GaussianNoise(2.0)
_MEASURES = ("bit_error_rate", "bound", "bound_less_prior", "held_out", "minority")


def strengths(plan: Plan) -> Generator[None, None, Findings]:
    """Clean a page of text with every strength from weak to strong.

    Asked is which strength is best, whether bound and hidden pixels tell, and from where on
    nearly everything turns one colour (`minority`, the share of the rarer one, below a tenth of
    what it is in truth), for mean field begun at x and for the most probable picture (the
    minimum cut). All in nats a pixel: `bound` is that of mean field on log Z + c, which leaves
    out the prior's normaliser and so grows with any strength; `bound_less_prior` takes it off,
    by Onsager's solution for a picture without borders (`log_z0`), which makes it comparable.
    `held_out` is what `estimate` maximises: log likelihood of hidden pixels.
    """
    clean = page()
    engines: tuple[Engine, ...] = (MeanField(), GraphCut())
    rows: list[dict[str, Any]] = []
    shown: dict[str, dict[float, Any]] = {engine.name: {} for engine in engines}
    for seed in plan.seeds:
        x = _NOISE.sample(clean, np.random.default_rng(seed))
        for coupling in STRENGTHS:
            model = posterior(x, _NOISE, coupling)
            for engine in engines:
                solution = engine.solve(model, init=start(x, _NOISE))
                white = float(np.mean(solution.labels > 0))
                row: dict[str, Any] = {
                    "coupling": coupling,
                    "engine": engine.name,
                    "seed": seed,
                    "bit_error_rate": bit_error_rate(solution.labels, clean),
                    "minority": min(white, 1 - white),
                    **dict.fromkeys(("bound", "bound_less_prior", "held_out")),
                }
                if solution.lower_bound is not None:
                    row["bound"] = solution.lower_bound / clean.size
                    row["bound_less_prior"] = row["bound"] - log_z0(coupling)
                    row["held_out"] = held_out_score(x, _NOISE, coupling, rng=seed)
                rows.append(row)
                shown[engine.name].setdefault(coupling, solution.labels > 0)
        yield
    table = summarise(rows, ("coupling", "engine"), _MEASURES)
    white = float(np.mean(clean))
    truth = min(white, 1 - white)
    pictures = {"shown": shown, "truth": truth}
    notes = [note for engine in engines for note in _notes(table, engine.name, truth)]
    return Findings(rows, {"page, normal noise, sigma = 2": table}, pictures, notes)


def _notes(table: Sequence[Mapping[str, Any]], engine: str, truth: float) -> list[str]:
    """Return which strengths are best, and from which on everything is one colour."""
    own = [row for row in table if row["engine"] == engine]
    best = {"fewest errors": min(own, key=lambda row: row["bit_error_rate"])}
    if all(row["bound"] is not None for row in own):
        best["best bound less prior"] = max(own, key=lambda row: row["bound_less_prior"])
        best["best prediction"] = max(own, key=lambda row: row["held_out"])
    notes = [f"{engine}: {what} at J = {row['coupling']:g}" for what, row in best.items()]
    one = [row["coupling"] for row in own if row["minority"] < truth / 10]
    told = f"from J = {min(one):g} on" if one else "nowhere"
    return [*notes, f"{engine}: nine tenths of the ink and more are lost {told}"]


def log_z0(coupling: float) -> float:
    r"""Return log Z0 of the Ising model without a field, in nats a spin of an infinite lattice.

    .. math:: \log(\sqrt 2 \cosh 2J) + \frac{1}{\pi} \int_0^{\pi/2}
              \log\Bigl(1 + \sqrt{1 - \kappa^2 \sin^2 \phi}\Bigr) d\phi,
              \qquad \kappa = \frac{2 \sinh 2J}{\cosh^2 2J}

    Parameters
    ----------
    coupling : float
        Strength J on four neighbours.

    Returns
    -------
    float

    References
    ----------
    Onsager, Crystal Statistics I, Phys. Rev. 65 (1944).

    Examples
    --------
    >>> bool(abs(log_z0(0.0) - math.log(2)) < 1e-12)
    True
    """
    kappa = 2 * math.sinh(2 * coupling) / math.cosh(2 * coupling) ** 2
    steps = 4096
    phi = (np.arange(steps) + 0.5) * (math.pi / 2 / steps)  # midpoints
    inside = np.log1p(np.sqrt(np.maximum(1 - (kappa * np.sin(phi)) ** 2, 0)))
    return 0.5 * math.log(2) + math.log(math.cosh(2 * coupling)) + float(np.mean(inside)) / 2

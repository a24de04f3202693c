"""Measure how far each engine's marginals and bounds are from the exact ones.

    .venv/bin/python scripts/benchmark_marginals.py [--json] [--crops 24] [--models 200]

Two tables. The first is of 16 x 16 crops of pictures, whose noise and coupling were
estimated on the whole picture, as `denoise` does: the distance of each engine's
probabilities from those of exact inference. The second is of 12 x 12 models with
random fields: by how much bounds and the Bethe value miss the log evidence, and whether
the bounds are in their order in every one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent))

from quality import pictures

from isingdenoise import ENGINES, Coupling, EngineRefusalError, IsingModel, denoise
from isingdenoise.inference import Solution

SIDE = 16  # of the crops: the exact answer takes 2^16 states a row
EDGE = 0.2  # a crop has at least such a share of its pixels in the rarer colour
COUPLINGS, SIGMAS, MODEL_SIDE = (0.1, 1.2), (0.5, 3.0), 12
TRUTH = "exact"


@dataclass
class Distance:
    """What one engine says of one model, against the exact answer.

    `mean` and `worst`: of the pixels' |P - P_exact|; `sure`: by how much max(P, 1 - P)
    exceeds the exact one, in the mean; `lower`, `upper`: nats a pixel that the bounds
    are off; `bethe`: the relative error of the Bethe value.
    """

    engine: str
    setting: str
    seconds: float
    mean: float | None = None
    worst: float | None = None
    sure: float | None = None
    lower: float | None = None
    upper: float | None = None
    bethe: float | None = None


def crops(count: int) -> Iterator[tuple[str, IsingModel]]:
    """Yield models of crops with two colours in them, over all pictures and noises."""
    rng = np.random.default_rng(16)
    shown = list(pictures.pictures().items())
    for k in range(count):
        name, clean = shown[k % len(shown)]
        setting = list(pictures.SETTINGS)[k % len(pictures.SETTINGS)]
        noisy, kind, _ = pictures.corrupt(clean, setting, k)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = denoise(noisy, kind, rng=0).model
        for _ in range(1000):
            y, x = (int(rng.integers(0, side - SIDE + 1)) for side in clean.shape)
            window = np.s_[y : y + SIDE, x : x + SIDE]
            share = clean[window].mean()
            if EDGE <= share <= 1 - EDGE:
                yield f"{name}, {setting}", IsingModel(model.field[window], model.coupling)
                break


def random_models(count: int) -> Iterator[tuple[str, IsingModel]]:
    """Yield models of drawn two-level patches in Gaussian noise; every other has diagonals."""
    for seed in range(count):
        rng = np.random.default_rng([12, seed])
        J, sigma = rng.uniform(*COUPLINGS), rng.uniform(*SIGMAS)
        patch = np.ones((MODEL_SIDE, MODEL_SIDE))
        patch[:, : rng.integers(2, MODEL_SIDE - 1)] = -1
        x = np.roll(patch, rng.integers(MODEL_SIDE), axis=0) + sigma * rng.normal(size=patch.shape)
        coupling = Coupling.eight(J) if seed % 2 else Coupling.nearest(J)
        yield f"J {J:.2f}, sigma {sigma:.2f}", IsingModel(x / sigma**2, coupling)


def measured(name: str, setting: str, model: IsingModel, truth: Solution) -> Distance | None:
    """Return how far an engine is from the exact answer; None where it refuses the model."""
    started = time.perf_counter()
    try:
        found = ENGINES[name]().solve(model, rng=0)
    except EngineRefusalError:
        return None
    out = Distance(name, setting, time.perf_counter() - started)
    exact, sites = float(truth.lower_bound or 0.0), model.field.size
    if found.mean is not None and truth.mean is not None:
        gap: npt.NDArray[Any] = np.abs(found.mean - truth.mean) / 2
        out.mean, out.worst = float(gap.mean()), float(gap.max())
        out.sure = float(np.mean(np.abs(found.mean) - np.abs(truth.mean))) / 2
    if found.lower_bound is not None:
        out.lower = (exact - found.lower_bound) / sites
    if found.upper_bound is not None:
        out.upper = (found.upper_bound - exact) / sites
    if "bethe" in found.diagnostics:
        out.bethe = abs(found.diagnostics["bethe"] / exact - 1)
    return out


def against_exact(models: Iterator[tuple[str, IsingModel]]) -> list[Distance]:
    """Return the distances of every engine on every model."""
    rows = []
    for setting, model in models:
        truth = ENGINES[TRUTH]().solve(model)
        found = (measured(name, setting, model, truth) for name in ENGINES)
        rows += [row for row in found if row is not None]
    return rows


def table(rows: list[Distance]) -> str:
    """Return one line an engine, means and worst over the models, as markdown."""
    lines = [
        "| engine | mean abs(P - exact) | worst pixel | too sure by | lower bound, nats"
        " a pixel below | upper bound, above | Bethe, % off in the median | ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row.engine for row in rows):
        own = [row for row in rows if row.engine == name]
        cells = [
            _figure(own, "mean", np.mean), _figure(own, "worst", np.max),
            _figure(own, "sure", np.mean), _figure(own, "lower", np.mean),
            _figure(own, "upper", np.mean), _figure(own, "bethe", np.median, 100),
            f"{1e3 * float(np.median([row.seconds for row in own])):.2g}",
        ]  # fmt: skip
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figure(rows: list[Distance], name: str, whole: Any, factor: float = 1.0) -> str:
    known = [value for row in rows if (value := getattr(row, name)) is not None]
    return f"{factor * float(whole(known)):.2g}" if known else ""


def orders(rows: list[Distance]) -> list[str]:
    """Return in how many models the bounds are in their order."""
    by_model: dict[str, dict[str, Distance]] = {}
    for row in rows:
        by_model.setdefault(row.setting, {})[row.engine] = row
    slack = 1e-6  # nats a pixel: means are float32

    def count(lower: str, upper: str) -> str:
        known = [m for m in by_model.values() if lower in m and upper in m]
        kept = sum((m[upper].lower or 0) <= (m[lower].lower or 0) + slack for m in known)
        return f"{lower} <= {upper}: {kept} of {len(known)}"

    outside = [
        f"{r.engine}, {r.setting}"
        for r in rows
        for off in (r.lower, r.upper)
        if off is not None and off < -slack
    ]
    said = [count("mf", name) for name in ("structured", "mixture", "anneal") if name in ENGINES]
    return [*said, f"bounds on the wrong side of the log evidence: {len(outside)} {outside[:3]}"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print every record as JSON")
    parser.add_argument("--crops", type=int, default=24)
    parser.add_argument("--models", type=int, default=200)
    options = parser.parse_args(arguments)
    of_crops = against_exact(crops(options.crops))
    of_models = against_exact(random_models(options.models))
    if options.json:
        found = {"crops": of_crops, "models": of_models}
        print(json.dumps({key: [asdict(r) for r in rows] for key, rows in found.items()}))
        return
    print(f"{options.crops} crops of {SIDE} x {SIDE} pixels\n\n{table(of_crops)}\n")
    print(f"{options.models} models of {MODEL_SIDE} x {MODEL_SIDE} spins\n\n{table(of_models)}\n")
    print("\n".join(orders(of_models)))


if __name__ == "__main__":
    main()

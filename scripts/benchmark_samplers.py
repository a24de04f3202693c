"""Effective samples a second of the samplers, over strength and noise.

    .venv/bin/python scripts/benchmark_samplers.py [--side 64] [--sweeps 1000] [--quick]

Of each sampler four chains start from opposite states, all dark and all bright. Two
quantities are followed, because they say different things:

- the magnetisation, the mean of all spins: whether the chains go from one mode to another.
  Its R-hat is far above 1 where they do not, and its effective samples are then those of
  chains that stand still, however fast they move about within a mode;
- the energy: how fast a chain moves within the mode that it is in. It is the same in both modes
  of a picture without a field, so that it looks well where nothing has mixed.

The samples of `perfect` are independent: all that have met count. "-" where none has met
within its sweeps. Rates are of one thread; each figure is the median of three runs, and the
samplers take turns, so that other work on the machine meets all of them.
"""

from __future__ import annotations

import argparse
import statistics
from typing import NamedTuple

import numpy as np

from isingdenoise import Gibbs, IsingModel
from isingdenoise.diagnostics import effective_sample_size, r_hat
from isingdenoise.inference import PerfectSampler, SwendsenWang

STRENGTHS = (0.3, 0.44, 0.6, 1.0)
#: Standard deviation of the noise on a picture of -1 and +1; None: no field.
NOISES = (None, 4.0, 2.0, 1.0)
STARTS = (-1.0, 1.0, -1.0, 1.0)
RUNS = 3
COLUMNS = ("gibbs", "swendsen-wang", "clusters alone", "perfect")


class Rate(NamedTuple):
    """Effective samples a second of two quantities, and R-hat of the first."""

    magnetisation: float
    energy: float
    mixing: float


def picture(side: int) -> np.ndarray:
    """Return a picture of -1 and +1: blocks of 8 pixels."""
    blocks = np.random.default_rng(0).choice([-1.0, 1.0], (-(-side // 8), -(-side // 8)))
    return np.kron(blocks, np.ones((8, 8)))[:side, :side]


def model_of(strength: float, noise: float | None, side: int) -> IsingModel:
    """Return the posterior of a noisy picture, or the prior alone."""
    if noise is None:
        return IsingModel(np.zeros((side, side)), strength)
    clean = picture(side)
    x = clean + noise * np.random.default_rng(1).normal(size=clean.shape)
    return IsingModel(x / noise**2, strength)


def rate_of_chains(engine: Gibbs | SwendsenWang, model: IsingModel, seed: int) -> Rate:
    """Follow four chains from opposite states."""
    spins: list[list[float]] = []
    energies, seconds = [], 0.0
    for number, start in enumerate(STARTS):
        means: list[float] = []
        found = engine.solve(
            model,
            init=np.full(model.shape, start),
            rng=10 * seed + number,
            callback=lambda step, means=means: means.append(float(step.snapshot().mean())),
        )
        spins.append(means[engine.burn_in :])
        energies.append(found.trace.energy[engine.burn_in :].reshape(-1))
        seconds += found.seconds
    return Rate(
        effective_sample_size(spins) / seconds,
        effective_sample_size(np.array(energies)) / seconds,
        r_hat(spins),
    )


def rate_of_perfect(engine: PerfectSampler, model: IsingModel, seed: int) -> Rate:
    """Count the samples that have met: each is worth one, of any quantity."""
    found = engine.solve(model, rng=seed)
    each = found.diagnostics["effective_sample_size"] / found.seconds
    return Rate(each, each, 1.0) if each else Rate(float("nan"), float("nan"), float("nan"))


def measure(model: IsingModel, sweeps: int) -> list[Rate]:
    """Return the rate of each sampler."""
    chain = {"burn_in": 50, "sweeps": sweeps, "chains": 1}
    engines = [
        Gibbs(**chain, parallel=False),
        SwendsenWang(**chain),
        SwendsenWang(**chain, local_sweeps=0),
    ]
    exact = PerfectSampler(samples=16, sweeps=1, max_sweeps=20 * sweeps, parallel=False)
    runs: list[list[Rate]] = [[] for _ in COLUMNS]
    for seed in range(RUNS):
        for into, engine in zip(runs, engines, strict=False):
            into.append(rate_of_chains(engine, model, seed))
        runs[-1].append(rate_of_perfect(exact, model, seed))
    return [Rate(*(statistics.median(column) for column in zip(*run, strict=True))) for run in runs]


def table(side: int, sweeps: int, strengths: tuple[float, ...] = STRENGTHS) -> None:
    """Print effective samples a second for every strength and noise."""
    print(f"{side} x {side} pixels, {sweeps} sweeps; effective samples a second")
    head = "".join(f"{name:>24}" for name in COLUMNS)
    print(f"{'J':>5} {'sigma':>6}{head}   clusters to gibbs")
    print(f"{'':12}{'   magn.  energy  R-hat'.rjust(24) * len(COLUMNS)}   magn.  energy")
    for strength in strengths:
        for noise in NOISES:
            rates = measure(model_of(strength, noise, side), sweeps)
            shown = "".join(
                f"{_number(r.magnetisation):>9}{_number(r.energy):>8}{_number(r.mixing):>7}"
                for r in rates
            )
            best, gibbs = rates[1], rates[0]
            ratio = best.magnetisation / gibbs.magnetisation, best.energy / gibbs.energy
            kind = "-" if noise is None else f"{noise:g}"
            print(
                f"{strength:5.2f} {kind:>6}{shown}   {ratio[0]:5.3g}  {ratio[1]:6.2g}", flush=True
            )


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="one strength, few sweeps")
    options = parser.parse_args(arguments)
    if options.quick:
        table(min(options.side, 16), min(options.sweeps, 100), STRENGTHS[-1:])
    else:
        table(options.side, options.sweeps)


if __name__ == "__main__":
    main()

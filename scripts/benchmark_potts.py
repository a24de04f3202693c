"""Measure label maps: sweeps against those of the Ising model, and errors of `segment`.

python scripts/benchmark_potts.py speed 512 1024     # sides of pictures
python scripts/benchmark_potts.py errors
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from isingdenoise import Coupling, IsingModel
from isingdenoise.backends.numba import Lattice
from isingdenoise.backends.numba.potts import PottsLattice
from isingdenoise.potts import PottsModel
from isingdenoise.segmentation import segment

LABELS = (2, 4, 8)
SIDE = 256
SEVERAL = 4  # sweeps at once


def sweeps(side: int) -> dict[str, Callable[[], object]]:
    """Return one sweep of each kind, serial, on a picture of this side."""
    rng = np.random.default_rng(0)
    field = rng.normal(size=(side, side)).astype(np.float32)
    lattice = Lattice(IsingModel(field, Coupling.nearest(0.4)), False)
    mean = lattice.field * np.float32(0.1)
    rows = lattice.rows(np.float32), lattice.rows(np.int32)
    found: dict[str, Callable[[], object]] = {
        "Ising": lambda: lattice.mean_field_sweep(mean, mean, 1.0, 1e-3, *rows)
    }
    for count in LABELS:
        model = PottsModel(rng.normal(size=(count, side, side)), 0.8)
        potts = PottsLattice(model.unary, model.coupling, False)
        state = potts.pack(np.full(model.unary.shape, 1 / count, np.float32))
        found[f"K = {count}"] = lambda p=potts, q=state: p.mean_field(q, q, 1.0)
        found[f"K = {count}, {SEVERAL} sweeps"] = lambda p=potts, q=state: p.mean_field_blocks(
            q, 1.0, SEVERAL
        )
    return found


def speed(sides: list[int], repeats: int) -> None:
    """Print the least time of a sweep of each kind, all kinds in turn."""
    print("| side | Ising, G sites/s | " + " | ".join(list(sweeps(8))[1:]) + " |")
    print("|---" * (2 * len(LABELS) + 2) + "|")
    for side in sides:
        kinds = sweeps(side)
        least = dict.fromkeys(kinds, np.inf)
        for _ in range(repeats):
            for name, sweep in kinds.items():
                started = time.perf_counter()
                sweep()
                took = time.perf_counter() - started
                least[name] = min(least[name], took / (SEVERAL if "sweeps" in name else 1))
        ising, *others = least.values()
        ratios = " | ".join(f"{other / ising:.1f} x" for other in others)
        print(f"| {side} | {side * side / ising / 1e9:.2f} | {ratios} |")


def cells(count: int) -> np.ndarray:
    """Return a map of the nearest of some random points, whose labels go round."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    points = rng.uniform(0, SIDE, (5 * count, 2))
    distance = (y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2
    return np.argmin(distance, axis=-1) % count


def errors() -> None:
    """Print wrong labels before and after, for both noises that are drawn."""
    print("| labels | noise | alone | mean field | alpha-expansion |")
    print("|---|---|---|---|---|")
    for count in (2, 4, 6):
        truth, rng = cells(count), np.random.default_rng(1)
        pictures = {}
        for share in (0.05, 0.2, 0.4):
            wrong = (truth + rng.integers(1, count, truth.shape)) % count
            noisy = np.where(rng.random(truth.shape) < share, wrong, truth)
            pictures[f"{share:.0%} wrong"] = noisy, None
        for sigma in (0.5, 0.8):
            noisy = 50 + 30 * (truth + sigma * rng.normal(size=truth.shape))
            pictures[f"sigma {sigma:g} steps"] = noisy, count
        for name, (noisy, labels) in pictures.items():
            found = segment(noisy, labels, rng=0)
            cut = segment(noisy, labels, engine="expansion", coupling=found.coupling)
            alone = segment(noisy, labels, coupling=0.0)
            shares = [np.mean(result.labels != truth) for result in (alone, found, cut)]
            print(f"| {count} | {name} | " + " | ".join(f"{s:.2%}" for s in shares) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["speed", "errors"])
    parser.add_argument("sides", nargs="*", type=int, default=[512, 1024])
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.sides, options.repeats)
    else:
        errors()


if __name__ == "__main__":
    main()

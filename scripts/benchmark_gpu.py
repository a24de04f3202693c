"""Sweeps on a graphics card against the bandwidth of its own copies.

    python scripts/benchmark_gpu.py [--sides 1024,4096,16384] [--sweeps 60] [--runs 5] [--cpu]

Without a card it says so and ends with code 3. `--simulate` runs it on numba's simulator with
NUMBA_ENABLE_CUDASIM=1 and tiny sides: that the script works is all it shows then.

First the card copies one gigabyte from its memory to its memory: what is read and written in
a second is the bandwidth that all else is held against. Then, for each side and each kind of
sweep, on a lattice that stays on the card:

- sweeps and sites a second, from one look at the clock to another, with the card idle at both;
- the bytes that such a sweep has to read and write at least, a second, and their share of the
  copy's. A field, the means or labels of both colours and what is written count once a phase:
  so many bytes a site stand in the table. Pictures that fit the card's cache come out above 1.

The last columns are whole solves by mean field with as many sweeps: the picture goes to the
card, means and labels come back, and kernels have been compiled before. `--cpu` does the same
sweeps on the CPU. Figures are medians of the runs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from isingdenoise import Coupling, IsingModel
from isingdenoise.backends import backends_here
from isingdenoise.backends.cuda.card import lacking, simulated
from isingdenoise.inference import MeanField

NO_CARD = 3
GIGABYTE = 1 << 30
SIDES = (1024, 2048, 4096, 8192, 16384)
#: Bytes a site that a sweep reads and writes at least, by neighbours: with each phase the field,
#: the other planes and its own, and what it writes.
BYTES = {
    ("mean field", 4): 4 + 4 + 4 + 4,
    ("mean field", 8): 4 + 3 * 4 + 4 + 4,
    ("icm", 4): 4 + 1 + 1,
    ("icm", 8): 4 + 3 * 1 + 1,
    ("gibbs", 4): 4 + 1 + 1 + 8,
    ("gibbs", 8): 4 + 3 * 1 + 1 + 8,
}


class Rate(NamedTuple):
    """One kind of sweep on one picture."""

    name: str
    seconds: float
    sites: float
    bytes: float


def median(runs: int, work: Callable[[], Any], wait: Callable[[], None]) -> float:
    """Return the median time of some work, done once before."""
    work()
    found = []
    for _ in range(runs):
        wait()
        started = time.perf_counter()
        work()
        wait()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def copy_bandwidth(size: int, runs: int) -> float:
    """Return the bytes a second that a copy within the card reads and writes."""
    from isingdenoise._kernels.cuda import arrays

    source, target = (arrays.empty((size,), np.uint8) for _ in range(2))
    target.copy_to_device(source)
    return 2 * size / median(runs, lambda: target.copy_to_device(source), arrays.wait)


def model_of(side: int, neighbours: int) -> IsingModel:
    """Return a posterior at which sweeps do not come to rest at once."""
    field = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    return IsingModel(field, Coupling.nearest(0.4) if neighbours == 4 else Coupling.eight(0.25))


def sweep_rates(model: IsingModel, sweeps: int, runs: int) -> list[Rate]:
    """Time each kind of sweep on a lattice that is on the card."""
    from isingdenoise._kernels.cuda import arrays
    from isingdenoise.backends.cuda.lattice import CudaLattice

    lattice = CudaLattice(model, 3, 1)
    lattice.load_field()
    mean, total = lattice.pack(np.tanh(model.field), -1, 1), lattice.allocate(np.float32)
    labels = lattice.packed_signs(model.field)
    rows, moving = lattice.rows(np.float32), lattice.rows(np.int32)
    key = np.uint32(1), np.uint32(2)

    def draw() -> None:
        for sweep in range(sweeps):
            lattice.gibbs_sweep(labels, total, 1.0, (sweep, 0), key)

    def turn() -> None:
        for _ in range(sweeps):
            lattice.icm_sweep(labels)

    works = {
        "mean field": lambda: lattice.mean_field_blocks(mean, 1.0, 1e-3, rows, moving, sweeps),
        "gibbs": draw,
        "icm": turn,
    }
    found = []
    for name, work in works.items():
        seconds = median(runs, work, arrays.wait) / sweeps
        moved = BYTES[name, model.coupling.neighbours] * lattice.sites
        found.append(Rate(name, seconds, lattice.sites / seconds, moved / seconds))
    return found


def solve_seconds(model: IsingModel, backend: str, sweeps: int, runs: int) -> float:
    """Time whole solves, pictures going to and fro."""
    schedule = "tiled" if backend == "gpu" else "checkerboard"  # whole sweeps, both
    engine = MeanField(tol=0, max_sweeps=sweeps, backend=backend, schedule=schedule)
    return median(runs, lambda: engine.solve(model), lambda: None)


def table(options: argparse.Namespace) -> None:
    """Print what is found for all sides."""
    from isingdenoise._kernels.cuda import arrays

    size = 1 << 16 if options.simulate else min(GIGABYTE, arrays.memory() // 4)
    bandwidth = copy_bandwidth(size, options.runs)
    print(f"{'simulator' if options.simulate else arrays.name()}, copies {size / 2**20:.3g} MiB at")
    print(f"{bandwidth / 1e9:.4g} GB/s (read and written); {options.neighbours} neighbours,")
    print(f"{options.sweeps} sweeps a run, median of {options.runs} runs")
    heads = ("bytes/site", "sweeps/s", "Gsites/s", "GB/s", "of copy", "solve s", "cpu s")
    print(f"{'side':>6} {'sweep':<11}" + "".join(f"{h:>11}" for h in heads[: 6 + options.cpu]))
    for side in options.sides:
        model = model_of(side, options.neighbours)
        for rate in sweep_rates(model, options.sweeps, options.runs):
            line = (
                f"{side:>6} {rate.name:<11}{BYTES[rate.name, options.neighbours]:>11}"
                f"{1 / rate.seconds:>11.4g}{rate.sites / 1e9:>11.3g}{rate.bytes / 1e9:>11.3g}"
                f"{rate.bytes / bandwidth:>11.3g}"
            )
            if rate.name == "mean field":
                backends = ("gpu", "cpu") if options.cpu else ("gpu",)
                for backend in backends:
                    took = solve_seconds(model, backend, options.sweeps, options.runs)
                    line += f"{took:>11.4g}"
            print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--sweeps", type=int, default=60)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--neighbours", type=int, choices=(4, 8), default=4)
    parser.add_argument("--cpu", action="store_true", help="time the CPU, too")
    parser.add_argument("--simulate", action="store_true", help="on numba's simulator")
    options = parser.parse_args(arguments)
    reason = lacking()
    if reason is not None or simulated() != options.simulate:
        told = "the simulator and --simulate go together" if reason is None else reason
        print(f"no card: gpu {told} (here: {backends_here()})", file=sys.stderr)
        return NO_CARD
    options.sides = options.sides or ([8] if options.simulate else list(SIDES))
    table(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())

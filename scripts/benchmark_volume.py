"""Measure volumes: sweeps and solves against jitted JAX, memory, and errors against slices.

python scripts/benchmark_volume.py speed --side 256     # needs isingdenoise[bench]
python scripts/benchmark_volume.py memory --side 512
python scripts/benchmark_volume.py errors

All contestants run in turn in each round, and medians are told: other programs on the machine
slow all of them.
"""

from __future__ import annotations

import argparse
import functools
import os
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from isingdenoise.backends import packed_volume
from isingdenoise.backends.numba.volume import VolumeLattice
from isingdenoise.volumes import (
    VolumeCoupling,
    VolumeGibbs,
    VolumeICM,
    VolumeMeanField,
    VolumeModel,
    denoise_volume,
)

SIGMA, J, TOL = 1.0, 0.35, 1e-3
KEY = (np.uint32(1), np.uint32(2))
Run = Callable[[], object]


def spheres(shape: tuple[int, int, int], seed: int = 0, share: float = 0.35) -> np.ndarray:
    """Return solid spheres that fill a share of a volume, radii from 1/40 to 1/10 of its side."""
    rng = np.random.default_rng(seed)
    found = np.zeros(shape, bool)
    side = max(shape)
    filled = 0
    while filled < share * found.size:
        centre, radius = rng.uniform(0, shape), rng.uniform(side / 40, side / 10)
        low = np.maximum(centre - radius, 0).astype(int)
        high = np.minimum(centre + radius + 2, shape).astype(int)
        box = tuple(map(slice, low, high))
        grids = np.ogrid[box]
        inside = sum((g - c) ** 2 for g, c in zip(grids, centre, strict=True)) < radius**2
        filled += int(np.count_nonzero(inside & ~found[box]))
        found[box] |= inside
    return found


def noisy(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a volume, and the field h = x / sigma^2 of what is seen of it; read-only float32."""
    clean = spheres((side, side, side))
    rng = np.random.default_rng(1)
    field = np.empty(clean.shape, np.float32)
    for plane, true in zip(field, clean, strict=True):
        plane[...] = np.where(true, 1, -1) + SIGMA * rng.standard_normal(plane.shape, np.float32)
    field /= SIGMA**2
    field.flags.writeable = False
    return clean, field


def interleaved(runs: dict[str, Run], rounds: int) -> dict[str, np.ndarray]:
    """Return seconds of each, and of all its threads on a core: (rounds, 2).

    All run once in each round, after one round that is not counted.
    """
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for k in range(rounds + 1):
        for name, run in runs.items():
            started, busy = time.perf_counter(), time.process_time()
            run()
            if k:
                spent = time.perf_counter() - started, time.process_time() - busy
                seconds[name].append(spent)
    return {name: np.array(times) for name, times in seconds.items()}


def _sweep(lattice: VolumeLattice, mean: np.ndarray, several: int) -> None:
    if lattice.together:
        lattice.mean_field_blocks(mean, 1.0, several)
    else:
        lattice.mean_field(mean, mean, 1.0)


def sweeps(field: np.ndarray, parallel: bool | None) -> dict[str, tuple[Run, int]]:
    """Return sweeps of each kind, and how many a run does."""
    found: dict[str, tuple[Run, int]] = {}
    for count in (6, 18, 26):
        c = VolumeCoupling.of(J * 6 / count, count)
        with packed_volume(field, c.plane, c.between, parallel) as lattice:
            mean = lattice.pack(np.tanh(plane) for plane in field)
            several = max(lattice.together, 1)
            run = functools.partial(_sweep, lattice, mean, several)
            found[f"mean field, {count} neighbours"] = run, several
            if count > 6:
                continue
            labels, total = lattice.signs(mean), lattice.allocate(np.float32)
            found["ICM, 6 neighbours"] = functools.partial(lattice.icm_sweep, labels), 1
            draw = functools.partial(lattice.gibbs_sweep, labels, total, True, (1, 0), KEY)
            found["Gibbs, 6 neighbours"] = draw, 1
    return found


def jax_sweeps(field: np.ndarray) -> tuple[dict[str, Run], dict[str, Run]]:
    """Return single sweeps of jitted JAX, and solves to the tolerance."""
    import jax
    import jax.numpy as jnp

    h = jnp.asarray(field)
    z, y, x = np.ogrid[tuple(map(slice, field.shape))]
    even = jnp.asarray((z + y + x) % 2 == 0)
    inner = slice(1, -1)

    def pull(m: Any) -> Any:
        p = jnp.pad(m, 1)
        total = p[2:, inner, inner] + p[:-2, inner, inner] + p[inner, 2:, inner]
        return J * (total + p[inner, :-2, inner] + p[inner, inner, 2:] + p[inner, inner, :-2])

    def jacobi(m: Any, weight: float) -> tuple[Any, Any]:
        step = jnp.tanh(pull(m) + h) - m
        return m + weight * step, jnp.abs(step).max()

    def checkerboard(m: Any) -> tuple[Any, Any]:
        one = jnp.where(even, jnp.tanh(pull(m) + h), m)
        two = jnp.where(even, one, jnp.tanh(pull(one) + h))
        return two, jnp.abs(two - m).max()

    def solver(body: Callable[[Any], tuple[Any, Any]]) -> Run:
        solve = jax.jit(
            lambda m: jax.lax.while_loop(
                lambda s: (s[1] > TOL) & (s[2] < 2000),
                lambda s: (*body(s[0]), s[2] + 1),
                (m, jnp.float32(1), 0),
            )
        )
        start = jnp.tanh(h)
        return lambda: jax.block_until_ready(solve(start))

    kinds: dict[str, Callable[[Any], tuple[Any, Any]]] = {
        "JAX, checkerboard": checkerboard,
        "JAX, Jacobi of half steps": lambda m: jacobi(m, 0.5),
    }
    state = jnp.tanh(h)
    single = {}
    for name, body in kinds.items():
        once = jax.jit(body)
        single[name] = lambda once=once: jax.block_until_ready(once(state))
    return single, {name: solver(body) for name, body in kinds.items()}


def told(title: str, seconds: dict[str, np.ndarray], sites: int) -> None:
    """Print medians, the least time, what a core does in a second, and ratios to the first."""
    print(f"\n| {title} | median | least | G voxels/s, median and best | in a second of a core | "
          "time, against mean field | time of cores |")  # fmt: skip
    print("|---" * 7 + "|")
    base = np.median(next(iter(seconds.values())), axis=0)
    for name, times in seconds.items():
        (median, busy), (least, _) = np.median(times, axis=0), times.min(axis=0)
        rates = (sites / 1e9 / s for s in (median, least, busy))
        print("| {} | {:.4g} s | {:.4g} s | {:.3g}, {:.3g} | {:.3g} | {:.3g} x | {:.3g} x |".format(
            name, median, least, *rates, median / base[0], busy / base[1]))  # fmt: skip


def speed(side: int, rounds: int, jax: bool, solves: bool) -> None:
    """Print sweeps and solves of this package and of jitted JAX, all in turn."""
    clean, field = noisy(side)
    ours = sweeps(field, None)
    runs = {name: run for name, (run, _) in ours.items()}
    single, whole = jax_sweeps(field) if jax else ({}, {})
    print(f"{side}^3, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    seconds = interleaved({**runs, **single}, rounds)
    for name, (_, count) in ours.items():
        seconds[name] = seconds[name] / count
    told("one sweep", seconds, field.size)
    if not solves:
        return
    del ours, runs, single
    model = VolumeModel(field, J)
    engines = {
        "mean field": VolumeMeanField(tol=TOL),
        "mean field, checkerboard": VolumeMeanField(tol=TOL, schedule="checkerboard"),
        "ICM": VolumeICM(),
    }
    solved: dict[str, Run] = {name: (lambda e=e: e.solve(model)) for name, e in engines.items()}
    told(f"solve() to {TOL:g}", interleaved({**solved, **whole}, max(rounds // 2, 1)), field.size)
    for name, engine in engines.items():
        found = engine.solve(model)
        wrong = np.mean((found.labels > 0) != clean)
        print(f"\n{name}: {found.work.sweeps} sweeps, {wrong:.2%} wrong", end="")
    print()


def memory(side: int, engine: str) -> None:
    """Print the peak of a solve, beside what was there before."""
    _, field = noisy(side)
    engines: dict[str, Any] = {
        "mf": VolumeMeanField(),
        "icm": VolumeICM(),
        "gibbs": VolumeGibbs(2, 4),
    }
    model, solver = VolumeModel(field, J), engines[engine]
    small = VolumeModel(field[:8, :64, :64].copy(), J)
    type(solver)(**{"parallel": True}).solve(small, rng=0)  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    solver.solve(model, rng=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{engine}, {side}^3: {peak:.2f} GB at the peak, {before:.2f} GB before (field "
        f"{field.nbytes / 1e9:.2f} GB): {(peak - before) * 1e9 / field.size:.1f} bytes a voxel; "
        f"footprint {solver.footprint(field.size) / 1e9:.2f} GB"
    )


def errors(side: int) -> None:
    """Print wrong voxels of volumes and of the same planes one by one, all estimated."""
    clean = spheres((side, side, side), seed=2)
    rng = np.random.default_rng(3)
    kinds = {
        f"sigma {s:g}": 2.0 * clean - 1 + s * rng.normal(size=clean.shape) for s in (0.7, 1, 1.5, 2)
    }
    kinds |= {f"{p:.0%} flipped": clean ^ (rng.random(clean.shape) < p) for p in (0.05, 0.2, 0.35)}
    print("| noise | plane by plane | 6 neighbours | 18 | 26 | factor, nats |")
    print("|---|---|---|---|---|---|")
    for name, x in kinds.items():
        cells = [f"{np.mean(denoise_volume(x, between=0, coupling='auto').image != clean):.2%}"]
        for count in (6, 18, 26):
            found = denoise_volume(x, neighbours=count)
            cells.append(f"{np.mean(found.image != clean):.2%}")
            if count == 6 and found.found is not None:
                more = f"{found.found.between:g}, {found.found.gain:.0f}"
        print(f"| {name} | {' | '.join(cells)} | {more} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["speed", "memory", "errors"])
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--engine", choices=["mf", "icm", "gibbs"], default="mf")
    parser.add_argument("--no-jax", action="store_true")
    parser.add_argument("--no-solves", action="store_true")
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.side, options.rounds, not options.no_jax, not options.no_solves)
    elif options.what == "memory":
        memory(options.side, options.engine)
    else:
        errors(options.side)


if __name__ == "__main__":
    main()

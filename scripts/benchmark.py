"""Measure the engines against peers, in one interleaved run.

    .venv/bin/pip install -e '.[bench]'
    .venv/bin/python scripts/benchmark.py [--json] [--rounds 5] [--size 4096]

Every row is the median over rounds; in each round every contestant runs once,
so that a slow minute of the machine hits all alike. Peers that are not
installed are left out with a word. Peak memory is that of a fresh process that
does the one thing, less what its imports take.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from isingdenoise import ENGINES, ICM, Gibbs, IsingModel, MeanField

J, SIGMA, TOL = 0.45, 1.0, 1e-3
Run = Callable[[], Any]


@dataclass
class Row:
    """One line of the table: who, how long, and against what."""

    work: str
    contestant: str
    seconds: float | None
    note: str = ""


def page(size: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Return a page of rendered text, True where bright."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(str(fonts / "DejaVuSerif.ttf"), 24)
    words = "a page that has been copied too often is covered with ink".split()  # noqa: SIM905
    rng = np.random.default_rng(seed)
    picture = Image.new("L", (size, size), 255)
    draw = ImageDraw.Draw(picture)
    for y in range(40, size - 60, 36):
        draw.text((40, y), " ".join(rng.choice(words, size // 48)), font=font, fill=0)
    return np.asarray(picture) > 127


def noisy_page(size: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(1)
    clean = np.where(page(size), np.float32(1), np.float32(-1))
    return clean + np.float32(SIGMA) * rng.standard_normal(clean.shape, np.float32)


def interleaved(contestants: dict[str, Run], rounds: int) -> dict[str, float]:
    """Return the median seconds of each contestant; one run each to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(t) for name, t in times.items()}


def sweep_rates(size: int, rounds: int) -> list[Row]:
    """Time single sweeps of each engine beside a copy of as many bytes."""
    from isingdenoise._kernels import gibbs, icm, mean_field
    from isingdenoise.backends import packed

    x = noisy_page(size)
    model = IsingModel(x / SIGMA**2, J)
    with packed(model, True) as lattice:
        mean, labels = lattice.pack(x, -1, 1), lattice.signs(lattice.pack(x))
        total, scratch = lattice.allocate(np.float32), np.empty((64, size), np.float32)
        out = lattice.rows(np.float32), lattice.rows(np.int32)
        flips, drop = lattice.rows(np.int64), lattice.rows(np.float64)
        one, counter = np.float32(1), (np.uint32(1), np.uint32(0))
        tol = np.float32(TOL)
        a = np.zeros(3 * x.size // 2, np.float32)
        b = np.empty_like(a)
        seconds = interleaved(
            {
                "copy of 12 bytes a site": lambda: np.copyto(b, a),
                "mf sweep": lambda: lattice.run(
                    mean_field.sweep, mean, mean, *lattice.parameters, one, tol, *out
                ),
                "mf sweep in blocks of 3": lambda: lattice.run(
                    mean_field.blocked_sweeps, mean, *lattice.parameters, one, tol, *out, 3
                ),
                "icm sweep": lambda: lattice.run(
                    icm.sweep, labels, *lattice.parameters, flips, drop
                ),
                "gibbs sweep": lambda: lattice.run(
                    gibbs.sweep, labels, total, scratch, *lattice.parameters, one, counter, counter
                ),
            },
            rounds,
        )
    seconds["mf sweep in blocks of 3"] /= 3
    rows = []
    for name, s in seconds.items():
        rate = f"{x.size / s / 1e9:.2f} G sites/s"
        rows.append(Row(f"one sweep, {size}²", name, s, rate))
    return rows


def to_a_fixed_point(size: int, rounds: int) -> list[Row]:
    """Time whole solves beside filters of OpenCV and scikit-image."""
    x = noisy_page(size)
    model, start = IsingModel(x / SIGMA**2, J), np.clip(x, -1, 1)
    inside: list[float] = []

    def mf() -> None:
        inside.append(MeanField(tol=TOL).solve(model, init=start).seconds)

    contestants: dict[str, Run] = {
        "mf, solve()": mf,
        "icm, solve()": lambda: ICM().solve(model, init=start),
    }
    rows = []
    try:
        import cv2

        contestants["cv2.medianBlur 5, float32"] = lambda: cv2.medianBlur(x, 5)
    except ImportError:
        rows.append(Row(f"fixed point, {size}²", "cv2.medianBlur", None, "not installed"))
    jax_times = {}
    try:
        jax_times = interleaved({"jax damped Jacobi": jax_mean_field(x / SIGMA**2, start)}, 1)
    except ImportError:
        rows.append(Row(f"fixed point, {size}²", "jax", None, "not installed"))
    seconds = interleaved(contestants, rounds)
    median = seconds.get("cv2.medianBlur 5, float32")
    seconds["mf, its sweeps alone"] = statistics.median(inside)
    for name, s in (seconds | jax_times).items():
        note = f"{s / median:.2f} x median blur" if median else ""
        if name in jax_times:
            note = f"{s / seconds['mf, solve()']:.0f} x mf, solve()"
        rows.append(Row(f"residual {TOL:g}, {size}²", name, s, note))
    return rows


def against_slow_peers(size: int, rounds: int) -> list[Row]:
    """Time peers that need seconds, on a smaller picture, beside mean field on the same."""
    x = noisy_page(size)
    field, start = x / SIGMA**2, np.clip(x, -1, 1)
    model = IsingModel(field, J)
    contestants: dict[str, Run] = {
        "mf, solve()": lambda: MeanField(tol=TOL).solve(model, init=start)
    }
    gibbs = Gibbs(burn_in=0, sweeps=100, chains=1)
    contestants["gibbs, 100 sweeps"] = lambda: gibbs.solve(model, init=start, rng=0)
    rows = []
    for name, make in (
        ("NumPy, 10 Jacobi sweeps", numpy_mean_field),
        ("jax damped Jacobi", jax_mean_field),
        ("jax chromatic Gibbs, 100 sweeps (5 x 20)", jax_gibbs),
        ("PyMaxflow, exact MAP", maxflow),
        ("scikit-image TV (Chambolle)", total_variation),
    ):
        try:
            contestants[name] = make(field, start)
        except ImportError as missing:
            rows.append(Row(f"peers, {size}²", name, None, f"{missing.name} is not installed"))
    seconds = interleaved(contestants, rounds)
    for name, s in seconds.items():
        own = seconds["gibbs, 100 sweeps" if "Gibbs" in name else "mf, solve()"]
        whole = s * 5 if "(5 x 20)" in name else s
        note = "" if name.startswith(("mf", "gibbs")) else f"{whole / own:.1f} x ours"
        rows.append(Row(f"peers, {size}²", name, whole, note))
    return rows


def numpy_mean_field(field: Any, start: Any) -> Run:
    """Return ten sweeps of the plain thing: it takes hundreds."""

    def run() -> Any:
        m = np.pad(start, 1)
        inside = m[1:-1, 1:-1]
        for _ in range(10):
            pull = J * (m[:-2, 1:-1] + m[2:, 1:-1] + m[1:-1, :-2] + m[1:-1, 2:])
            inside += np.float32(0.5) * (np.tanh(pull + field) - inside)
        return m

    return run


def jax_mean_field(field: Any, start: Any) -> Run:
    import jax
    import jax.numpy as jnp

    def pull(m: Any) -> Any:
        p = jnp.pad(m, 1)
        return J * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:])

    def body(state: Any) -> Any:
        m, _, n = state
        step = jnp.tanh(pull(m) + field) - m
        return m + 0.5 * step, jnp.abs(step).max(), n + 1

    solve = jax.jit(
        lambda m: jax.lax.while_loop(lambda s: (s[1] > TOL) & (s[2] < 3000), body, (m, 1.0, 0))
    )
    m = jnp.asarray(start)
    return lambda: jax.block_until_ready(solve(m))


def jax_gibbs(field: Any, start: Any) -> Run:
    import jax
    import jax.numpy as jnp

    colour = (np.add.outer(np.arange(start.shape[0]), np.arange(start.shape[1])) % 2) == 0

    def half(z: Any, key: Any, mine: Any) -> Any:
        p = jnp.pad(z, 1)
        a = J * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]) + field
        u = jax.random.uniform(key, z.shape, minval=-1.0)
        return jnp.where(mine, jnp.where(u < jnp.tanh(a), 1.0, -1.0), z)

    def body(i: Any, state: Any) -> Any:
        z, key = state
        key, one, two = jax.random.split(key, 3)
        return half(half(z, one, colour), two, ~colour), key

    run = jax.jit(lambda z, key: jax.lax.fori_loop(0, 20, body, (z, key))[0])
    z, key = jnp.sign(jnp.asarray(start)), jax.random.PRNGKey(0)
    return lambda: run(z, key).block_until_ready()


def maxflow(field: Any, start: Any) -> Run:
    import maxflow as pymaxflow

    def run() -> Any:
        graph = pymaxflow.Graph[float](field.size, 2 * field.size)
        nodes = graph.add_grid_nodes(field.shape)
        graph.add_grid_edges(nodes, 2 * J)
        graph.add_grid_tedges(nodes, 2 * np.maximum(field, 0), 2 * np.maximum(-field, 0))
        graph.maxflow()
        return graph.get_grid_segments(nodes)

    return run


def total_variation(field: Any, start: Any) -> Run:
    from skimage.restoration import denoise_tv_chambolle

    return lambda: denoise_tv_chambolle(field, weight=1.0)


def scaling(rounds: int) -> list[Row]:
    """Time mean field per pixel over sizes, and one thread beside two."""
    import numba

    rows = []
    for size in (256, 512, 1024, 2048, 4096, 8192):
        x = noisy_page(size)
        model, start = IsingModel(x / SIGMA**2, J), np.clip(x, -1, 1)
        run = partial(MeanField(tol=TOL).solve, model, init=start)
        s = interleaved({"mf": run}, rounds)["mf"]
        rows.append(Row("mf by size", f"{size}²", s, f"{s / x.size * 1e9:.2f} ns a pixel"))
        if size == 4096:
            two = s
            threads = numba.get_num_threads()
            numba.set_num_threads(1)
            s = interleaved({"mf": run}, rounds)["mf"]
            numba.set_num_threads(threads)
            note = f"{s / two:.2f} x with {threads} threads"
            rows.append(Row("mf by threads", f"{size}², 1 thread", s, note))
    return rows


_CHILD = """
import resource, sys, numpy as np
from isingdenoise import IsingModel, ENGINES
from isingdenoise.inference import objection_to
from isingdenoise.warmup import compile_for
engine, size = ENGINES[sys.argv[1]](), int(sys.argv[2])
rng = np.random.default_rng(0)
x = rng.standard_normal((size, size), np.float32)
model = IsingModel(x, 0.45)
compile_for(engine, model.coupling, x.size)
def peak():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
if objection_to(engine, model):
    sys.exit("refused")
before = peak()
out = engine.solve(model, init=x, rng=0)
print((peak() - before) / x.size - 1 - (0 if out.mean is None else 4))
"""


def memory(size: int) -> list[Row]:
    """Measure bytes a pixel beyond input and output, each engine in a process of its own."""
    rows = []
    for engine in ENGINES:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, engine, str(size)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        note = (
            f"{float(done.stdout):.1f} bytes a pixel"
            if not done.returncode
            else done.stderr.strip()
        )
        rows.append(Row(f"memory, {size}²", engine, None, note))
    return rows


def start_up(rounds: int) -> list[Row]:
    """Time whole commands."""
    script = str(Path(sys.executable).parent / "isingdenoise")
    picture = Path("/tmp") / f"isingdenoise-benchmark-{os.getpid()}.png"
    from PIL import Image

    Image.fromarray(np.clip(noisy_page(512) * 64 + 128, 0, 255).astype(np.uint8)).save(picture)
    target = str(picture.with_suffix(".out.png"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "isingdenoise --help": [script, "--help"],
        "python -c 'import numba'": [sys.executable, "-c", "import numba"],
        "isingdenoise run, 512²": [script, "run", str(picture), "-o", target, "--force"],
    }
    runs: dict[str, Run] = {
        name: (lambda c=c: subprocess.run(c, check=True, capture_output=True))  # type: ignore[misc]
        for name, c in commands.items()
    }
    seconds = interleaved(runs, rounds)
    for path in (picture, Path(target)):
        path.unlink(missing_ok=True)
    return [Row("start-up", name, s) for name, s in seconds.items()]


def goals(rounds: int) -> list[Row]:
    """Tell what estimating everything costs, with the goals and whether they hold."""
    import estimate_goals as figures
    from PIL import Image

    def draw(size: int) -> Any:
        return figures.grey(noisy_page(size))

    found = list(figures.solves(draw, tuple(figures.SOLVES), rounds))
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.png", Path(folder) / "page.png"
        Image.fromarray(draw(512)).save(small)
        Image.fromarray(draw(3508)[:, :2480]).save(large)
        found += figures.commands(small, large, rounds)
    return [Row("goals", goal.words, None, goal.note) for goal in found]


def show(rows: list[Row], seconds: float) -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, {seconds:.0f} s in all\n")  # fmt: skip
    print("| work | contestant | seconds | |\n|---|---|---|---|")
    for r in rows:
        cell = "" if r.seconds is None else f"{r.seconds:.4f}"
        print(f"| {r.work} | {r.contestant} | {cell} | {r.note} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=4096, help="side of the large picture")
    options = parser.parse_args()
    started = time.perf_counter()
    rows = start_up(options.rounds) + goals(options.rounds)
    rows += sweep_rates(options.size, options.rounds)
    rows += to_a_fixed_point(options.size, options.rounds)
    rows += memory(options.size)
    rows += scaling(min(options.rounds, 3))
    rows += against_slow_peers(2048, min(options.rounds, 3))
    if options.json:
        print(json.dumps([asdict(r) for r in rows], indent=2))
    else:
        show(rows, time.perf_counter() - started)


if __name__ == "__main__":
    main()

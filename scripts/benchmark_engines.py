"""Measure message passing and chains against mean field and against jitted JAX, interleaved.

    .venv/bin/python scripts/benchmark_engines.py [--size 1024] [--rounds 5] [--peer-rounds 2]

Whole solves to a residual of 1e-3 on a page of noisy text are timed in one process, every
contestant once in each round. Peers are the same algorithm in plain JAX, all
messages at once, on all cores; PGMax runs as many iterations as our belief propagation.
Beside peers each contestant runs three times in a row, and the best counts: what ran before it
leaves its own data in cache, and threads that still spin.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmark import SIGMA, TOL, J, interleaved, noisy_page

from isingdenoise import IsingModel, MeanField
from isingdenoise.inference import BeliefPropagation, StructuredMeanField, TreeReweighted

Run = Callable[[], Any]


def ours(model: IsingModel) -> dict[str, Run]:
    engines = {
        "mf": MeanField(tol=TOL),
        "structured, columns": StructuredMeanField(tol=TOL, chains="columns"),
        "structured": StructuredMeanField(tol=TOL),
        "bp": BeliefPropagation(tol=TOL),
        "trw": TreeReweighted(tol=TOL),
    }
    return {name: (lambda e=engine: e.solve(model)) for name, engine in engines.items()}  # type: ignore[misc]


def jax_messages(field: Any, rho: float) -> Run:
    """Return BP (rho = 1) or TRW (rho = 1/2, with its bound) with all messages at once."""
    import jax
    import jax.numpy as jnp

    h = jnp.asarray(field, jnp.float32)
    t = float(np.tanh(J / rho))

    def heard(out: Any) -> Any:
        right, left, down, up = out
        return jnp.stack([
            jnp.pad(right[:, :-1], ((0, 0), (1, 0))), jnp.pad(left[:, 1:], ((0, 0), (0, 1))),
            jnp.pad(down[:-1], ((1, 0), (0, 0))), jnp.pad(up[1:], ((0, 1), (0, 0))),
        ])  # fmt: skip

    def body(state: Any) -> Any:
        w, mean, _, n = state  # heard from the left, the right, above, below
        a = h + rho * w.sum(0)
        out = jnp.arctanh(t * jnp.tanh(a - w[jnp.array([1, 0, 3, 2])]))
        new = jnp.tanh(a)
        return heard(out), new, jnp.abs(new - mean).max(), n + 1

    def chains(theta: Any) -> Any:
        def down(g: Any, row: Any) -> Any:
            g = row + jnp.arctanh(t * jnp.tanh(g))
            return g, g

        first = theta[0]
        last, rest = jax.lax.scan(down, first, theta[1:])
        before = jnp.concatenate([first[None], rest[:-1]])
        K = J / rho
        halves = jnp.logaddexp(before + K, -before - K) + jnp.logaddexp(before - K, K - before)
        return halves.sum() / 2 + jnp.logaddexp(last, -last).sum()

    @jax.jit
    def solve(w: Any) -> Any:
        start = (w, jnp.zeros_like(h), jnp.float32(1), 0)
        w, mean, _, n = jax.lax.while_loop(lambda s: (s[2] > TOL) & (s[3] < 1000), body, start)
        a = h + rho * w.sum(0)
        bound = 0.0
        if rho < 1:
            bound = rho * (chains(a - w[2] - w[3]) + chains((a - w[0] - w[1]).T))
        return mean, bound, n

    w = jnp.zeros((4, *h.shape), jnp.float32)
    return lambda: jax.block_until_ready(solve(w))


def jax_structured(field: Any) -> Run:
    """Return columns as chains, every second one at a time."""
    import jax
    import jax.numpy as jnp

    h = jnp.asarray(field, jnp.float32)
    t = float(np.tanh(J))
    odd = jnp.arange(h.shape[1]) % 2 == 1

    def marginals(theta: Any) -> Any:
        def pass_on(g: Any, row: Any) -> Any:
            out = jnp.arctanh(t * jnp.tanh(row + g))
            return out, g

        zero = jnp.zeros(h.shape[1], jnp.float32)
        _, down = jax.lax.scan(pass_on, zero, theta)
        _, up = jax.lax.scan(pass_on, zero, theta, reverse=True)
        return jnp.tanh(theta + down + up)

    def half(mean: Any, mine: Any) -> Any:
        p = jnp.pad(mean, ((0, 0), (1, 1)))
        return jnp.where(mine, marginals(h + J * (p[:, :-2] + p[:, 2:])), mean)

    def body(state: Any) -> Any:
        mean, _, n = state
        new = half(half(mean, ~odd), odd)
        return new, jnp.abs(new - mean).max(), n + 1

    solve = jax.jit(
        lambda m: jax.lax.while_loop(lambda s: (s[1] > TOL) & (s[2] < 1000), body, (m, 1.0, 0))
    )
    start = jnp.tanh(h)
    return lambda: jax.block_until_ready(solve(start))


def pgmax(field: Any, iterations: int) -> Run:
    """Return PGMax's BP at temperature 1 over as many iterations."""
    import jax

    if not hasattr(jax.lib, "xla_bridge"):  # PGMax 0.6.1 asks for it where it no longer is
        from jax._src import xla_bridge

        jax.lib.xla_bridge = xla_bridge
    from pgmax import fgraph, fgroup, infer, vgroup

    height, width = field.shape
    variables = vgroup.NDVarArray(num_states=2, shape=(height, width))
    graph = fgraph.FactorGraph(variables)
    pairs = [
        [variables[y, x], variables[y + dy, x + dx]]
        for dy, dx in ((0, 1), (1, 0))
        for y in range(height - dy)
        for x in range(width - dx)
    ]
    table = J * np.array([[1.0, -1.0], [-1.0, 1.0]])
    graph.add_factors(fgroup.PairwiseFactorGroup(
        variables_for_factors=pairs, log_potential_matrix=table,
    ))  # fmt: skip
    bp = infer.build_inferer(graph.bp_state, backend="bp")
    evidence = {variables: np.stack([-field, field], -1)}
    start = bp.init(evidence_updates=evidence)

    def run() -> Any:
        after = bp.run(start, num_iters=iterations, damping=0.0, temperature=1.0)
        return bp.get_beliefs(after)[variables].block_until_ready()

    return run


def beside_peers(contestants: dict[str, Run], rounds: int) -> dict[str, float]:
    """Return the median over rounds of each contestant's best of three runs in a row."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds + 1):  # the first compiles
        for name, run in contestants.items():
            times = []
            for _ in range(3):
                started = time.perf_counter()
                run()
                times.append(time.perf_counter() - started)
            found[name].append(min(times))
    return {name: statistics.median(seconds[1:]) for name, seconds in found.items()}


def speed(size: int, rounds: int, peer_rounds: int) -> None:
    x = noisy_page(size)
    field = x / SIGMA**2
    model = IsingModel(field, J)
    seconds = interleaved(ours(model), rounds)
    print(f"| {size}², residual {TOL:g} | seconds | x mf |\n|---|---|---|")
    for name, s in seconds.items():
        print(f"| {name} | {s:.4f} | {s / seconds['mf']:.1f} |")
    peers: dict[str, tuple[str, Callable[[], Run]]] = {
        "jax bp": ("bp", lambda: jax_messages(field, 1.0)),
        "jax trw": ("trw", lambda: jax_messages(field, 0.5)),
        "jax structured": ("structured, columns", lambda: jax_structured(field)),
    }
    for name, (own, make) in peers.items():
        try:
            contestants = {own: ours(model)[own], name: make()}
        except ImportError as missing:
            print(f"| {name} | {missing.name} is not installed | |")
            continue
        s = beside_peers(contestants, peer_rounds)
        print(f"| {name} | {s[name]:.3f} | {s[name] / s[own]:.1f} x {own} |")
    small = min(size, 256)  # its graph is built edge by edge
    try:
        part = field[:small, :small]
        model = IsingModel(part, J)
        sweeps = BeliefPropagation(tol=TOL).solve(model).work.sweeps
        contestants = {"bp": ours(model)["bp"], "pgmax": pgmax(part, 2 * sweeps)}
        s = beside_peers(contestants, peer_rounds)
        print(f"| pgmax bp, {small}² | {s['pgmax']:.3f} | {s['pgmax'] / s['bp']:.1f} x bp |")
    except ImportError as missing:
        print(f"| pgmax | {missing.name} is not installed | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-rounds", type=int, default=2)
    options = parser.parse_args()
    speed(options.size, options.rounds, options.peer_rounds)


if __name__ == "__main__":
    main()

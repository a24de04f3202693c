"""What a cluster of this machine costs a picture, and what a second worker brings.

    python scripts/benchmark_cluster.py [--tiny 200] [--pictures 24] [--size 512] [--rounds 5]

First: milliseconds a picture of 16 x 16 with everything given, in this process (`-j 1`) and on
one worker (`local:1`); the difference is what the scheduler, the way there and back, and the
second name of each file cost. Then: pictures of `--size` with everything estimated, on one
worker and on two. All take turns, after a round that is not counted; medians, and the fastest
and the slowest in brackets.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from isingdenoise.batch import Cluster, Journal, denoise_many, plan
from isingdenoise.io import write_bilevel
from isingdenoise.pipeline import CleanOptions

sys.path.insert(0, str(Path(__file__).resolve().parent))
from benchmark_batch import make_pictures

Run = Callable[[], float]


def make_tiny(folder: Path, count: int) -> None:
    """Write blocks of 16 x 16 with flips, each with a seed of its own."""
    folder.mkdir()
    block = np.zeros((16, 16), np.bool_)
    block[4:12, 4:12] = True
    for number in range(count):
        flips = np.random.default_rng(number).random(block.shape) < 0.1
        write_bilevel(folder / f"{number:04}.png", block ^ flips)


def seconds(source: Path, target: Path, options: CleanOptions, cluster: Cluster | None) -> float:
    """Clean a folder into a fresh one, with a journal; return seconds a picture."""
    shutil.rmtree(target, ignore_errors=True)
    journal = Journal(target, options.fingerprint())
    jobs = plan(source, target, journal=journal)
    started = time.perf_counter()
    outcomes = denoise_many(jobs, options, journal=journal, scheduler=cluster)
    wrong = [outcome.line for outcome in outcomes if outcome.error is not None]
    if wrong:
        sys.exit(wrong[0])
    return (time.perf_counter() - started) / len(jobs)


def in_turns(runs: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each run, one round after another, the first not counted."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            value = run()
            if turn:
                found[name].append(value)
    return found


def told(values: list[float]) -> str:
    """Return a median with the extremes."""
    return f"{statistics.median(values):7.1f}  ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tiny", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        make_tiny(folder / "tiny", given.tiny)
        make_pictures(folder / "in", given.pictures, given.size)
        one, two = (stack.enter_context(Cluster(f"local:{count}")) for count in (1, 2))
        known = CleanOptions(noise="flip", coupling=1.0)

        def run(source: str, options: CleanOptions, cluster: Cluster | None) -> Run:
            return lambda: seconds(folder / source, folder / "out", options, cluster)

        tiny = in_turns(
            {"-j 1": run("tiny", known, None), "local:1": run("tiny", known, one)}, given.rounds
        )
        print(f"{given.tiny} pictures of 16 x 16      ms a picture")
        for label, values in tiny.items():
            print(f"  {label:<28}{told([1e3 * value for value in values])}")
        more = [1e3 * (b - a) for a, b in zip(tiny["-j 1"], tiny["local:1"], strict=True)]
        print(f"  {'local:1 more than -j 1':<28}{told(more)}")
        estimated = CleanOptions()
        runs = {"-j 1": None, "local:1": one, "local:2": two}
        large = in_turns({k: run("in", estimated, c) for k, c in runs.items()}, given.rounds)
        print(f"{given.pictures} pictures of {given.size} x {given.size}    pictures a second")
        for label, values in large.items():
            print(f"  {label:<28}{told([1 / value for value in values])}")
        gain = [a / b for a, b in zip(large["local:1"], large["local:2"], strict=True)]
        print(f"  {'local:2 times local:1':<28}{told(gain)}")


if __name__ == "__main__":
    main()

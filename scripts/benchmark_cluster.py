"""What a cluster of this machine costs a picture, and what a second worker brings.

    python scripts/benchmark_cluster.py [--tiny 200] [--pictures 24] [--size 512] [--rounds 5]
        [--others 1] [--patience 300]

First: milliseconds a picture of 16 x 16 with everything given, in this process (`-j 1`) and on
one worker (`local:1`); the difference is what the scheduler, the way there and back, and the
second name of each file cost. Then: pictures of `--size` with everything estimated, on one
worker and on two. All take turns, after a round that is not counted; medians, and the least
and the most in brackets. On a shared machine `--others 0.1` leaves aside rounds in which other
programs took more than a tenth of the cores, and takes others, for as long as `--patience` says.

Processor time, which others disturb less, is told for this process (journal, names, scheduler)
and for the workers. It bounds the gain: two workers and this process share the cores, while of
one worker only its own time counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from isingdenoise.batch import Cluster, Journal, denoise_many, plan
from isingdenoise.io import write_bilevel
from isingdenoise.pipeline import CleanOptions

sys.path.insert(0, str(Path(__file__).resolve().parent))
from benchmark_batch import make_pictures

CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Took:
    """What a picture took: wall seconds, and processor seconds here and in the workers."""

    wall: float
    here: float
    workers: float


Run = Callable[[], Took]


def processor_time() -> tuple[float, float, float]:
    """Return the processor seconds of this process, of its workers, and of all programs."""
    me, every = psutil.Process(), psutil.cpu_times()
    workers = 0.0
    for process in me.children(recursive=True):
        with suppress(psutil.Error):
            workers += sum(process.cpu_times()[:2])
    busy = every.user + every.nice + every.system + every.steal
    return sum(me.cpu_times()[:2]), workers, busy


def make_tiny(folder: Path, count: int) -> None:
    """Write blocks of 16 x 16 with flips, each with a seed of its own."""
    folder.mkdir()
    block = np.zeros((16, 16), np.bool_)
    block[4:12, 4:12] = True
    for number in range(count):
        flips = np.random.default_rng(number).random(block.shape) < 0.1
        write_bilevel(folder / f"{number:04}.png", block ^ flips)


def took(source: Path, target: Path, options: CleanOptions, cluster: Cluster | None) -> Took:
    """Clean a folder into a fresh one, with a journal."""
    shutil.rmtree(target, ignore_errors=True)
    journal = Journal(target, options.fingerprint())
    jobs = plan(source, target, journal=journal)
    started, (here, workers, _) = time.perf_counter(), processor_time()
    outcomes = denoise_many(jobs, options, journal=journal, scheduler=cluster)
    wrong = [outcome.line for outcome in outcomes if outcome.error is not None]
    if wrong:
        sys.exit(wrong[0])
    wall, (here_now, workers_now, _) = time.perf_counter() - started, processor_time()
    return Took(*(x / len(jobs) for x in (wall, here_now - here, workers_now - workers)))


def in_turns(runs: dict[str, Run], given: argparse.Namespace) -> dict[str, list[Took]]:
    """Return what each run took, one round after another, the first not counted."""
    found: dict[str, list[Took]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    end, left, shares = time.monotonic() + given.patience, 0, []
    while len(shares) < given.rounds and (not shares or time.monotonic() < end):
        before, started = processor_time(), time.perf_counter()
        values = {name: run() for name, run in runs.items()}
        here, workers, busy = (b - a for a, b in zip(before, processor_time(), strict=True))
        share = max(busy - here - workers, 0.0) / (CORES * (time.perf_counter() - started))
        if share > given.others and time.monotonic() < end:
            left += 1
            continue
        shares.append(share)
        for name, value in values.items():
            found[name].append(value)
    taken = (
        f"others took {statistics.median(shares):.0%} of {CORES} cores, at most {max(shares):.0%}"
    )
    print(f"{len(shares)} rounds ({taken}), {left} left aside")
    return found


def told(values: Iterable[float]) -> str:
    """Return a median with the extremes."""
    known = list(values)
    return f"{statistics.median(known):7.1f}  ({min(known):.1f} to {max(known):.1f})"


def line(label: str, values: Iterable[float]) -> None:
    """Print a row."""
    print(f"  {label:<44}{told(values)}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tiny", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--others", type=float, default=1.0)
    parser.add_argument("--patience", type=float, default=300.0, metavar="SECONDS")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        make_tiny(folder / "tiny", given.tiny)
        make_pictures(folder / "in", given.pictures, given.size)
        one, two = (stack.enter_context(Cluster(f"local:{count}")) for count in (1, 2))
        known, estimated = CleanOptions(noise="flip", coupling=1.0), CleanOptions()

        def run(source: str, options: CleanOptions, cluster: Cluster | None) -> Run:
            return lambda: took(folder / source, folder / "out", options, cluster)

        print(f"{given.tiny} pictures of 16 x 16, everything given: ms a picture")
        runs = {"-j 1": run("tiny", known, None), "local:1": run("tiny", known, one)}
        tiny = in_turns(runs, given)
        for label, values in tiny.items():
            line(label, (1e3 * took.wall for took in values))
            line("  processor time here", (1e3 * took.here for took in values))
            line("  processor time of workers", (1e3 * took.workers for took in values))
        pairs = zip(tiny["-j 1"], tiny["local:1"], strict=True)
        line("local:1 more than -j 1", (1e3 * (b.wall - a.wall) for a, b in pairs))
        print(f"{given.pictures} pictures of {given.size} x {given.size}: pictures a second")
        wanted = {"-j 1": None, "local:1": one, "local:2": two}
        large = in_turns({k: run("in", estimated, c) for k, c in wanted.items()}, given)
        for label, values in large.items():
            line(label, (1 / took.wall for took in values))
        pairs = [*zip(large["local:1"], large["local:2"], strict=True)]
        line("local:2 times local:1", (a.wall / b.wall for a, b in pairs))
        line("  ms of processor time here", (1e3 * b.here for _, b in pairs))
        line("  ms of processor time of workers", (1e3 * b.workers for _, b in pairs))
        bound = (CORES * a.workers / (b.here + b.workers) for a, b in pairs)
        line("  the gain that processor time allows", bound)


if __name__ == "__main__":
    main()

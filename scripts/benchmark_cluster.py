"""What a cluster of this machine costs a picture, and what a second worker brings.

    python scripts/benchmark_cluster.py [--tiny 200] [--pictures 24] [--size 512] [--rounds 5]
        [--others 1] [--patience 300]

First: milliseconds a picture of 16 x 16 with everything given, in this process (`-j 1`) and on
one worker (`local:1`); the difference is what the scheduler, the way there and back, and the
second name of each file cost. Then: pictures of `--size` with everything estimated, on one
worker and on two. All take turns, after a round that is not counted; medians, and the least
and the most in brackets. On a shared machine `--others 0.1` leaves aside rounds in which other
programs took more than a tenth of the cores, and takes others, for as long as `--patience` says.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import psutil

from isingdenoise.batch import Cluster, Journal, denoise_many, plan
from isingdenoise.io import write_bilevel
from isingdenoise.pipeline import CleanOptions

sys.path.insert(0, str(Path(__file__).resolve().parent))
from benchmark_batch import make_pictures

Run = Callable[[], float]
CORES = len(os.sched_getaffinity(0))


class Others:
    """What share of the cores programs that are not ours took since it was made."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = time.perf_counter(), *self._look()

    @staticmethod
    def _look() -> tuple[float, float]:
        every, me = psutil.cpu_times(), psutil.Process()
        own = 0.0
        for process in (me, *me.children(recursive=True)):
            with suppress(psutil.Error):
                own += sum(process.cpu_times()[:2])
        return every.user + every.nice + every.system + every.steal, own

    def share(self) -> float:
        """Return it."""
        busy, own = self._look()
        taken = busy - self._busy - (own - self._own)
        return max(taken, 0.0) / (CORES * (time.perf_counter() - self._started))


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


def in_turns(runs: dict[str, Run], given: argparse.Namespace) -> dict[str, list[float]]:
    """Return the seconds of each run, one round after another, the first not counted."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    end, left, shares = time.monotonic() + given.patience, 0, []
    while len(shares) < given.rounds and (not shares or time.monotonic() < end):
        others = Others()
        values = {name: run() for name, run in runs.items()}
        share = others.share()
        if share > given.others and time.monotonic() < end:
            left += 1
            continue
        shares.append(share)
        for name, value in values.items():
            found[name].append(value)
    print(
        f"{len(shares)} rounds, others took {statistics.median(shares):.0%} of {CORES} cores ",
        end="",
    )
    print(f"(at most {max(shares):.0%}); {left} rounds left aside")
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
    parser.add_argument("--others", type=float, default=1.0)
    parser.add_argument("--patience", type=float, default=300.0, metavar="SECONDS")
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
            {"-j 1": run("tiny", known, None), "local:1": run("tiny", known, one)}, given
        )
        print(f"{given.tiny} pictures of 16 x 16      ms a picture")
        for label, values in tiny.items():
            print(f"  {label:<28}{told([1e3 * value for value in values])}")
        more = [1e3 * (b - a) for a, b in zip(tiny["-j 1"], tiny["local:1"], strict=True)]
        print(f"  {'local:1 more than -j 1':<28}{told(more)}")
        estimated = CleanOptions()
        runs = {"-j 1": None, "local:1": one, "local:2": two}
        large = in_turns({k: run("in", estimated, c) for k, c in runs.items()}, given)
        print(f"{given.pictures} pictures of {given.size} x {given.size}    pictures a second")
        for label, values in large.items():
            print(f"  {label:<28}{told([1 / value for value in values])}")
        gain = [a / b for a, b in zip(large["local:1"], large["local:2"], strict=True)]
        print(f"  {'local:2 times local:1':<28}{told(gain)}")


if __name__ == "__main__":
    main()

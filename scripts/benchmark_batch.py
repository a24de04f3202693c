"""How busy `isingdenoise batch` keeps the cores, what memory it takes, and when it starts.

    python scripts/benchmark_batch.py [--pictures 500] [--size 512] [--names 100000] [--prior auto]

Prints one line for each number of jobs: wall and processor time, the share of
the cores that were busy, the peak of memory, and whether the results are those
of one job, byte by byte. Then: the seconds from the command's start to its
first result, in a folder of many names.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

COMMAND = str(Path(sys.executable).with_name("isingdenoise"))


def make_pictures(folder: Path, count: int, size: int) -> None:
    """Write noisy pictures of blocks, each with a seed of its own."""
    folder.mkdir()
    for number in range(count):
        rng = np.random.default_rng(number)
        blocks = rng.integers(0, 2, (size // 16, size // 16)).repeat(16, 0).repeat(16, 1)
        grey = 64 + 127 * blocks + 64 * rng.standard_normal(blocks.shape)
        pixels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05}.png")


def contents(folder: Path) -> str:
    """Return one digest of all results."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.png")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def run(source: Path, target: Path, jobs: int, prior: str) -> dict[str, float]:
    """Run the command; return wall and processor seconds and the peak of memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [COMMAND, "batch", source, target, "-j", str(jobs), "-q", "--prior", prior]
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"exit status {status}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024}


def first_result(folder: Path, names: int, pictures: list[Path]) -> float:
    """Return the seconds to the first result in a folder of many names of a few pictures."""
    source, target = folder / "names", folder / "first"
    source.mkdir()
    for number in range(names):
        os.link(pictures[number % len(pictures)], source / f"{number:06}.png")
    started = time.perf_counter()
    process = subprocess.Popen([COMMAND, "batch", source, target, "-q"])
    while process.poll() is None and not any(target.glob("*.png")):
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    process.send_signal(signal.SIGINT)
    process.wait()
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--prior", default="auto")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    # the first run of all compiles
    subprocess.run([COMMAND, "warmup", "-q"], check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pictures(folder / "in", options.pictures, options.size)
        print("jobs   wall s    cpu s   busy   pictures/s   peak MB   same bytes")
        expected = None
        for turn in range(options.rounds):
            for jobs in (1, cores, 2 * cores):
                target = folder / f"out{turn}-{jobs}"
                r = run(folder / "in", target, jobs, options.prior)
                found = contents(target)
                expected = expected or found
                print(
                    f"{jobs:4} {r['wall']:8.1f} {r['cpu']:8.1f} {r['cpu'] / r['wall'] / cores:6.0%}"
                    f" {options.pictures / r['wall']:12.1f} {r['peak']:9.0f}   {found == expected}"
                )
        if options.names:
            seconds = first_result(folder, options.names, sorted((folder / "in").iterdir()))
            print(f"{options.names} names: first result after {seconds:.1f} s")


if __name__ == "__main__":
    main()

"""Schedulers and workers as processes of their own, and options that act on workers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from command_line import save, scene

from isingdenoise.pipeline import CleanOptions

#: Everything is given, so that a picture takes milliseconds.
QUICK = ["--noise", "flip", "--coupling", "0.7"]
DEADLY = (24, 24)  # the size of pictures that `Deadly` dies of


@dataclass(frozen=True, kw_only=True)
class Deadly(CleanOptions):
    """Ends the process that cleans a picture of one size, as a fault in a decoder would."""

    def solve(self, x):
        if x.shape == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().solve(x)


@dataclass(frozen=True, kw_only=True)
class Waiting(CleanOptions):
    """Cleans nothing before a file is there."""

    gate: Path

    def solve(self, x):
        wait_until(self.gate.exists)
        return super().solve(x)


def flipped(folder, count, size=16):
    """Write small pictures with flips, 000.png and so on; return the folder."""
    for number in range(count):
        save(folder / f"{number:03}.png", scene(size, size) ^ flips((size, size), number))
    return folder


def flips(shape, seed):
    return np.random.default_rng(seed).random(shape) < 0.1


def entries(path):
    """Return the lines of a journal, without the time that each picture took."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        if line["result"] is not None:
            line["result"].pop("seconds")
    return lines


def wait_until(there, seconds=60):
    """Wait until `there()`; fail when it takes too long."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "did not come about"
        time.sleep(0.005)


@contextlib.contextmanager
def process(*words, **options):
    """Start a program in a session of its own; all that is left of it is killed at the end."""
    with subprocess.Popen(
        [*map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    ) as started:
        try:
            yield started
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.communicate()


@contextlib.contextmanager
def scheduler(folder):
    """Start a scheduler; yield its process, its address in `address`."""
    file = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file]
    quiet = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]"}
    command = (sys.executable, "-m", "distributed.cli.dask_scheduler")
    with process(
        *command, *words, "--dashboard-address", "127.0.0.1:0", env=quiet, cwd=folder
    ) as started:
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        started.address = json.loads(file.read_text())["address"]
        yield started


def worker_command(address, folder):
    """Return the command of a worker of one thread, whose nanny starts it again."""
    command = (sys.executable, "-m", "distributed.cli.dask_worker", address)
    return (*command, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))


def workers_of(process):
    """Return the processes that clean pictures for a command, or for a `dask worker`."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            if "spawn_main" in " ".join(child.cmdline()) and child.status() != "zombie":
                found.append(child)
    return found

"""A folder of pictures: what `batch` asks of the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.coupling import Coupling
from isingdenoise.inference import Engine

from . import options as o

if TYPE_CHECKING:
    from isingdenoise.batch import Journal, Outcome, Plan

    from .signals import Stop
    from .tally import Tally


#: More threads for each core gain nothing, and each takes memory for itself.
_BESIDE = 4


@dataclass(frozen=True, kw_only=True)
class Work:
    """What decides what comes out, and how it is done.

    Attributes
    ----------
    prepare : Preparation
        Noise and light.
    engine, coupling, max_change, seed
        As `denoise` takes them.
    reading : dict
        Arguments of `read_pages`.
    compression : str or None
        Of what is written.
    force : bool
        Whether existing files may be replaced, and all is done once more.
    threads : int
        Pictures cleaned at a time; four for each core at most.
    """

    prepare: o.Preparation
    engine: Engine
    coupling: str | Coupling
    max_change: float | None
    seed: int
    reading: dict[str, Any]
    compression: str | None
    force: bool
    threads: int

    def journal(self, target: Path) -> Journal:
        """Return the journal of the folder of results."""
        from isingdenoise.batch import Journal, describe_settings

        settings = describe_settings(
            self.prepare.noise,
            engine=self.engine,
            coupling=self.coupling,
            max_change=self.max_change,
            seed=self.seed,
            background=self.prepare.background,
            frame=self.reading["frame"],
            compression=self.compression,
        )
        return Journal(target, settings)

    def outcomes(self, jobs: Plan, journal: Journal, told: Tally, stop: Stop) -> Generator[Outcome]:
        """Check the settings, and return what cleans the pictures one by one."""
        from isingdenoise.batch import denoise_many

        return denoise_many(
            jobs,
            prepare=lambda x: self.prepare(x).arguments,
            engine=self.engine,
            coupling=self.coupling,
            background=self.prepare.background,
            max_change=self.max_change,
            rng=self.seed,
            overwrite=self.force,
            journal=journal,
            reading=self.reading,
            compression=self.compression,
            describe=told.describe,
            threads=min(self.threads, _BESIDE * available_cores()),
            stopped=lambda: stop.number is not None,
        )


def check_report(path: Path, target: Path, jobs: Plan, force: bool) -> None:
    """Refuse a report that could not be written; make the folder of results if it lies there."""
    from isingdenoise.batch import check_report, make_folder

    if jobs and path.parent.resolve() == target.resolve():
        make_folder(target)  # else it is made when nothing is refused any more
    with o.named(report="--report", output="--report"):
        check_report(path, (job.source for job in jobs), overwrite=force)


@contextmanager
def short_turns() -> Iterator[None]:
    """Let Python's threads take turns ten times as often as they do by themselves.

    Who comes back from a kernel waits for another thread to finish its turn:
    with turns of 5 ms two threads kept 83 % of two cores busy, now 90 %.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""One result after another, or several at a time: checked, then done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from ..api import resolve_engine
from ..coupling import Coupling
from ..errors import IsingDenoiseError
from ..inference import Engine
from ..io import read_size
from ..learning import AUTO
from ..memory import memory_to_denoise
from ..noise import NOISE_MODELS, NoiseModel
from ..result import DenoiseResult
from ..validation import as_generator, check_choice, check_int, check_real
from .cleaning import Cleaner
from .jobs import Job, Outcome
from .journal import Journal
from .pool import run_jobs

__all__ = ["denoise_many"]

#: From so many pixels on a picture is done alone, on all cores.
LARGE = 4_000_000


def denoise_many(  # noqa: PLR0913 - the arguments of `denoise`, and the batch's own
    jobs: Iterable[Job],
    noise: str | NoiseModel | Callable[[NDArray[Any]], NoiseModel] = AUTO,
    *,
    engine: str | Engine = "mf",
    coupling: str | float | Coupling = AUTO,
    background: str | None = None,
    max_change: float | None = None,
    rng: int | None = None,
    overwrite: bool = False,
    prepare: Callable[[NDArray[Any]], Mapping[str, Any]] | None = None,
    journal: Journal | None = None,
    reading: Mapping[str, Any] | None = None,
    compression: str | None = None,
    describe: Callable[[DenoiseResult], Any] | None = None,
    threads: int = 1,
    timeout: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Generator[Outcome]:
    """Clean pictures, all their pages; a bad file is an outcome, not an end.

    What comes out is the same for any number of threads, bit by bit.

    Parameters
    ----------
    jobs : iterable of Job
        What to do. Folders of targets are made as needed.
    noise : str, NoiseModel or callable
        As in `denoise`, or a function that makes the model for a picture.
    engine, coupling, background, max_change, rng
        As in `denoise`, the same for each picture.
    overwrite : bool
        Whether existing targets are replaced, and all is done once more.
    prepare : callable, optional
        Returns arguments of `denoise` that depend on the picture, such as
        `noise`, `background` or `mask`; they win over those given here.
    journal : Journal, optional
        Of the folder of the targets: what it has is skipped, what it knows as
        its own is replaced, and what is done is added to it.
    reading : mapping, optional
        Arguments of `isingdenoise.io.read_pages`, such as `frame`.
    compression : str, optional
        As in `isingdenoise.io.encode_pages`.
    describe : callable, optional
        Called with the result of each page, it returns what is kept of it; by
        default figures, as in the journal. What it warns of by
        `isingdenoise.noise.warn` is added to the outcome's warnings.
    threads : int
        How many pictures are cleaned at a time. Those of four million pixels
        or more are cleaned alone, on all cores.
    timeout : float, optional
        Seconds that a picture may take, with all its pages. It ends where that
        is safe: while the file is read, and between rounds of the engine.
    stopped : callable, optional
        Asked before each picture: once it says so, none is begun any more.

    Yields
    ------
    Outcome
        In the order of the jobs, as soon as its picture and those before it
        are written; nothing is kept of it here.

    Raises
    ------
    ParameterError
        A setting is wrong, whatever the picture; at once, before the first.
    """
    solver = resolve_engine(engine)
    if isinstance(coupling, str):
        check_choice("coupling", coupling, [AUTO])
    elif not isinstance(coupling, Coupling):
        coupling = Coupling.nearest(coupling)
    _, seed = as_generator(rng)
    if isinstance(noise, str):
        check_choice("noise", noise, [AUTO, *NOISE_MODELS])
    if max_change is not None:
        max_change = check_real("max_change", max_change, low=0, high=1)
    if background is not None:
        check_choice("background", background, [AUTO])
    options: dict[str, Any] = {"engine": solver, "coupling": coupling, "background": background}
    limits = {"max_change": max_change, "rng": seed}

    def arguments(x: NDArray[Any]) -> dict[str, Any]:
        if prepare is not None:
            return {"noise": noise, **options, **limits, **prepare(x)}
        return {"noise": noise(x) if callable(noise) else noise, **options, **limits}

    def needed(pixels: int, dtype: str) -> int:
        estimated = AUTO if callable(noise) else noise
        return memory_to_denoise(pixels, noise=estimated, dtype=dtype, **options)

    if timeout is not None:
        timeout = check_real("timeout", timeout, low=0, low_open=True)
    reading = {**(reading or {}), "besides": needed}
    work = Cleaner(arguments, reading, describe, compression, overwrite, journal, timeout)
    count = check_int("threads", threads, low=1)
    return run_jobs(jobs, work, threads=count, is_large=is_large, stopped=stopped)


def is_large(job: Job) -> bool:
    """Tell whether a job's picture has all cores to itself; what cannot be read has not."""
    try:
        height, width = read_size(job.source)
    except IsingDenoiseError:
        return False
    return height * width >= LARGE

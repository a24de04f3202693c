"""A folder of pictures: planned first, then one result after another."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .api import denoise, resolve_engine
from .coupling import Coupling
from .errors import (
    ChangeLimitError,
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    ReadError,
    WriteError,
    printable,
)
from .inference import Engine
from .io import EXTENSIONS, read_picture, write_bilevel
from .learning import AUTO
from .noise import NOISE_MODELS, NoiseModel
from .result import DenoiseResult
from .validation import as_generator, check_choice, check_real

__all__ = ["PICTURE_EXTENSIONS", "Job", "Outcome", "denoise_many", "make_folder", "plan"]

#: Names that `plan` takes for pictures; what they hold is read by content.
PICTURE_EXTENSIONS = frozenset(EXTENSIONS) - {".npy"} | {".ppm", ".pnm"}


@dataclass(frozen=True)
class Job:
    """One picture to clean.

    Attributes
    ----------
    source, target : pathlib.Path
        The noisy picture, and the file to write.
    """

    source: Path
    target: Path


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a job: a result or an error, never both.

    Attributes
    ----------
    job : Job
        What was to do.
    result : DenoiseResult or None
        None where it failed.
    error : IsingDenoiseError or None
        Why it failed.
    warnings : tuple of str
        What had to be assumed.
    seconds : float
        Time for reading, solving and writing.
    """

    job: Job
    result: DenoiseResult | None
    error: IsingDenoiseError | None
    warnings: tuple[str, ...]
    seconds: float


def plan(
    source: str | Path, target: str | Path, *, recursive: bool = False, overwrite: bool = False
) -> list[Job]:
    """Return what to do for each picture of a folder, before anything is done.

    Each `name.ext` becomes `name.png` in the target folder, which keeps the
    tree. Hidden files, links and files without a picture's extension are
    passed over, and so is the target folder where it lies in the source.

    Parameters
    ----------
    source, target : path
        Folders; the target need not exist.
    recursive : bool
        Whether folders below are visited.
    overwrite : bool
        Whether existing targets are fine.

    Returns
    -------
    list of Job
        In order of the names.

    Raises
    ------
    ReadError
        The source is no readable folder.
    ParameterError
        Both folders are the same, or two pictures would have one target.
    OverwriteError
        A target exists and `overwrite` is false.
    """
    source, target = Path(source), Path(target)
    if not source.is_dir():
        raise ReadError(source, "is not a folder; name the folder that holds the pictures")
    if target.exists() and not target.is_dir():
        raise WriteError(target, "is not a folder; name the folder to write to")
    if target.exists() and source.samefile(target):
        raise ParameterError("output", f"{printable(target)} is the input folder itself")
    jobs: dict[Path, Job] = {}
    for picture in _pictures(source, target, recursive):
        job = Job(picture, target / picture.relative_to(source).with_suffix(".png"))
        if (other := jobs.get(job.target)) is not None:
            raise ParameterError(
                "input",
                f"{printable(other.source)} and {printable(picture)} would both become "
                f"{printable(job.target)}; rename one",
            )
        if not overwrite and os.path.lexists(job.target):
            raise OverwriteError(job.target, "exists; use --force to replace it")
        jobs[job.target] = job
    return list(jobs.values())


def denoise_many(
    jobs: Iterable[Job],
    noise: str | NoiseModel | Callable[[NDArray[Any]], NoiseModel] = AUTO,
    *,
    engine: str | Engine = "mf",
    coupling: str | float | Coupling = AUTO,
    max_change: float | None = None,
    rng: int | None = None,
    overwrite: bool = False,
    prepare: Callable[[NDArray[Any]], Mapping[str, Any]] | None = None,
) -> Iterator[Outcome]:
    """Clean one picture after another; a bad file is an outcome, not an end.

    Parameters
    ----------
    jobs : iterable of Job
        What to do. Folders of targets are made as needed.
    noise : str, NoiseModel or callable
        As in `denoise`, or a function that makes the model for a picture.
    engine, coupling, max_change, rng
        As in `denoise`, the same for each picture.
    overwrite : bool
        Whether existing targets are replaced.
    prepare : callable, optional
        Returns arguments of `denoise` that depend on the picture, such as
        `noise`, `background` or `mask`; they win over those given here.

    Yields
    ------
    Outcome
        As soon as its picture is written; nothing is kept of it here.

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
    options = {"engine": solver, "coupling": coupling, "max_change": max_change, "rng": seed}

    def arguments(x: NDArray[Any]) -> dict[str, Any]:
        if prepare is not None:
            return {"noise": noise, **options, **prepare(x)}
        return {"noise": noise(x) if callable(noise) else noise, **options}

    return _outcomes(jobs, arguments, overwrite)


def _outcomes(
    jobs: Iterable[Job],
    arguments: Callable[[NDArray[Any]], dict[str, Any]],
    overwrite: bool,
) -> Iterator[Outcome]:
    for job in jobs:
        started = time.perf_counter()
        result: DenoiseResult | None = None
        error: IsingDenoiseError | None = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                picture = read_picture(job.source)
                result = denoise(picture.pixels, **arguments(picture.pixels))
                make_folder(job.target.parent)
                write_bilevel(job.target, result.image, overwrite=overwrite, dpi=picture.dpi)
            except ParameterError as wrong:
                result, error = None, ReadError(job.source, str(wrong))
            except ChangeLimitError as wrong:
                result, error = None, wrong.about(job.source)
            except IsingDenoiseError as wrong:
                result, error = None, wrong
        seconds = time.perf_counter() - started
        yield Outcome(job, result, error, tuple(str(w.message) for w in caught), seconds)


def _pictures(source: Path, target: Path, recursive: bool) -> Iterator[Path]:
    """Yield pictures below `source`, in order, links and the target left out."""
    own = target.resolve()

    def complain(error: OSError) -> None:
        raise ReadError(error.filename, f"cannot be read ({error.strerror})") from error

    for folder, below, names in os.walk(source, onerror=complain):
        here = Path(folder)
        below[:] = sorted(
            name
            for name in below
            if recursive and not name.startswith(".") and (here / name).resolve() != own
        )
        for name in sorted(names):
            path = here / name
            hidden = name.startswith(".")
            if not hidden and path.suffix.lower() in PICTURE_EXTENSIONS and not path.is_symlink():
                yield path


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, and those above it.

    Raises
    ------
    WriteError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(folder, f"cannot be made ({error.strerror}); choose another") from error

"""One result after another, each written whole and noted in the journal."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..api import denoise, resolve_engine
from ..coupling import Coupling
from ..errors import (
    ChangeLimitError,
    IsingDenoiseError,
    ParameterError,
    ReadError,
    WriteError,
)
from ..inference import Engine
from ..io import encode_bilevel, format_of, kept_notes, read_picture, write_bytes_atomically
from ..learning import AUTO
from ..noise import NOISE_MODELS, NoiseModel
from ..result import DenoiseResult
from ..validation import as_generator, check_choice, check_real
from .jobs import Entry, Job, Outcome
from .journal import Journal, State, file_sha256
from .records import figures

__all__ = ["denoise_many", "make_folder"]

Arguments = Callable[[NDArray[Any]], dict[str, Any]]


def denoise_many(  # noqa: PLR0913 - the arguments of `denoise`, and the batch's own
    jobs: Iterable[Job],
    noise: str | NoiseModel | Callable[[NDArray[Any]], NoiseModel] = AUTO,
    *,
    engine: str | Engine = "mf",
    coupling: str | float | Coupling = AUTO,
    max_change: float | None = None,
    rng: int | None = None,
    overwrite: bool = False,
    prepare: Callable[[NDArray[Any]], Mapping[str, Any]] | None = None,
    journal: Journal | None = None,
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
        Whether existing targets are replaced, and all is done once more.
    prepare : callable, optional
        Returns arguments of `denoise` that depend on the picture, such as
        `noise`, `background` or `mask`; they win over those given here.
    journal : Journal, optional
        Of the folder of the targets: what it has is skipped, what it knows as
        its own is replaced, and what is done is added to it.

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

    return (_clean(job, arguments, overwrite, journal) for job in jobs)


def _clean(job: Job, arguments: Arguments, overwrite: bool, journal: Journal | None) -> Outcome:
    """Do one job, and turn what goes wrong with it into its outcome."""
    started = time.perf_counter()
    result: DenoiseResult | None = None
    error: IsingDenoiseError | None = None
    entry = _blank(job, journal)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            replaces, before = overwrite, _stamp(job.source)
            if entry is not None and journal is not None:
                entry = replace(entry, input_sha256=file_sha256(job.source))
                state = State.REDO if overwrite else journal.state(job, entry.input_sha256)
                if state is State.SKIP:
                    return Outcome(job, None, None, (), 0.0, journal.entry(job))
                replaces = state is State.REDO
            picture = read_picture(job.source)
            if _stamp(job.source) != before:
                raise ReadError(job.source, "changed while it was read; run again")
            result = denoise(picture.pixels, **arguments(picture.pixels))
            kind = format_of(job.target)
            data = encode_bilevel(result.image, kind, **kept_notes(picture, kind))
            make_folder(job.target.parent)
            if entry is not None and journal is not None:
                digest = hashlib.sha256(data).hexdigest()
                found = figures(result, time.perf_counter() - started)
                entry = replace(entry, output_sha256=digest, result=found)
                journal.append(entry)  # before the picture: none is ever unknown
            write_bytes_atomically(job.target, data, overwrite=replaces)
        except ParameterError as wrong:
            error = ReadError(job.source, str(wrong))
        except ChangeLimitError as wrong:
            error = wrong.about(job.source)
        except IsingDenoiseError as wrong:
            error = wrong
    if error is not None:
        result, entry = None, _note_failure(entry, error, journal)
    seconds = time.perf_counter() - started
    return Outcome(job, result, error, tuple(str(w.message) for w in caught), seconds, entry)


def _blank(job: Job, journal: Journal | None) -> Entry | None:
    """Return the line of a job of which nothing is known yet."""
    if journal is None:
        return None
    source, target = journal.names(job)
    return Entry(source, None, journal.settings, target)


def _note_failure(
    entry: Entry | None, error: IsingDenoiseError, journal: Journal | None
) -> Entry | None:
    """Add a failure to the journal, where it can be written."""
    if entry is None or journal is None:
        return None
    entry = replace(entry, output_sha256=None, result=None, error=str(error))
    with contextlib.suppress(WriteError):  # the failure itself is told, and done again anyway
        make_folder(journal.folder)
        journal.append(entry)
    return entry


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what changes where a file is written to or replaced."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as the system has it
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


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

"""One job: a file read, cleaned page by page, noted in the journal and written whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .._io.atomic import atomic_files
from .._io.opening import check_unchanged, stamp_of
from .._io.targets import check_target, naming
from ..api import denoise
from ..errors import (
    ChangeLimitError,
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    ReadError,
    WriteError,
)
from ..io import Picture, encode_pages, format_of, read_pages, write_bytes_atomically
from ..noise import collected
from ..result import DenoiseResult
from .hashing import file_sha256
from .jobs import Entry, Job, Outcome
from .journal import Journal, State
from .pages import Pages
from .planning import refuse_links
from .records import combined
from .sure import WRITING, Sure

__all__ = ["Cleaner", "make_folder"]


@dataclass(frozen=True, eq=False)
class Cleaner:
    """Does a job when it is called, and turns what goes wrong with it into its outcome.

    Attributes
    ----------
    arguments : callable
        Returns the arguments of `denoise` for a picture.
    reading : mapping
        Arguments of `read_pages`.
    describe : callable or None
        What is kept of each page's result; None: its figures.
    compression : str or None
        As in `encode_pages`.
    overwrite : bool
        Whether existing targets are replaced.
    journal : Journal or None
        As in `denoise_many`.
    """

    arguments: Callable[[NDArray[Any]], dict[str, Any]]
    reading: Mapping[str, Any]
    describe: Callable[[DenoiseResult], Any] | None
    compression: str | None
    overwrite: bool
    journal: Journal | None

    def __call__(self, job: Job) -> Outcome:
        """Do one job; safe to call from several threads."""
        started = time.perf_counter()
        error: IsingDenoiseError | None = None
        entry = _blank(job, self.journal)
        with collected() as messages:
            pages = Pages(self.describe, messages)
            try:
                before = stamp_of(job.source)
                if entry is not None:
                    entry = replace(entry, input_sha256=file_sha256(job.source))
                state = self._state(job, entry)
                if state is State.SKIP and self.journal is not None:
                    return Outcome(job, (), None, None, (), 0.0, self.journal.entry(job))
                for target in job.targets:  # what cannot be replaced is told before the work
                    with naming(str(target)):
                        check_target(str(target), overwrite=state is State.REDO)
                with Sure(job.probability) as sure:
                    data = self._cleaned(job, pages, sure)
                    check_unchanged(job.source, before)
                    pages.seconds = time.perf_counter() - started
                    entry = self._noted(job, entry, data, sure, pages)
                    _write(job, data, sure, overwrite=state is State.REDO)
            except Exception as wrong:  # whatever it is, the other pictures must not suffer
                error = _of_the_picture(job, wrong)
        if error is not None:
            pages, entry = Pages(self.describe, []), _note_failure(entry, error, self.journal)
        seconds = time.perf_counter() - started
        kept, result, said = tuple(pages.kept), pages.only, tuple(messages)
        stale = error is not None and self._is_older(job.target, error)
        return Outcome(job, kept, result, error, said, seconds, entry, stale)

    def _state(self, job: Job, entry: Entry | None) -> State:
        """Return what there is to do, and refuse what must not be replaced."""
        if self.overwrite:
            return State.REDO
        if self.journal is None or entry is None:
            return State.DO
        return self.journal.state(job, entry.input_sha256)

    def _is_older(self, target: Path, error: IsingDenoiseError) -> bool:
        """Tell whether the result of an earlier run stays under the name of one that failed."""
        known = self.journal is not None and self.journal.made(target)
        return known and not isinstance(error, OverwriteError) and os.path.isfile(target)  # noqa: PTH113

    def _cleaned(self, job: Job, pages: Pages, sure: Sure) -> bytes:
        """Return the file to write, and gather what came out of its pages."""
        kind = format_of(job.target)
        alone = self.reading.get("frame") is not None
        reading = {**self.reading, "besides": self._needed} if job.probability else self.reading

        def cleaned() -> Iterator[Picture]:
            for picture in read_pages(job.source, **reading):
                if picture.pages > 1 and kind != "TIFF" and not alone:
                    raise ReadError(
                        job.source,
                        f"holds {picture.pages} pages, and {kind} one; keep them with "
                        "--format tiff, or choose one with --frame",
                    )
                count = 1 if alone else picture.pages
                with pages.telling(picture.page if count > 1 else None):
                    result = denoise(picture.pixels, **self.arguments(picture.pixels))
                    pages.add(result)
                sure.add(picture, result, count)
                yield replace(picture, pixels=result.image, pages=count)

        return encode_pages(cleaned(), kind, compression=self.compression)

    def _needed(self, pixels: int, dtype: str) -> int:
        """Return the bytes that a page takes whose probabilities are written."""
        solving = self.reading.get("besides")
        return max(WRITING * pixels, solving(pixels, dtype) if solving else 0)

    def _noted(
        self, job: Job, entry: Entry | None, data: bytes, sure: Sure, pages: Pages
    ) -> Entry | None:
        """Make the folder, and note what is about to be written: no picture is ever unknown."""
        if self.journal is None or entry is None:
            make_folder(job.target.parent)
            return None
        refuse_links(self.journal.folder, job.target.parent)
        make_folder(job.target.parent)
        digest = hashlib.sha256(data).hexdigest()
        found = combined(pages.figures)
        found |= {"seconds": pages.seconds, "warnings": pages.warnings}
        entry = replace(entry, output_sha256=digest, probability_sha256=sure.sha256, result=found)
        self.journal.append(entry)
        return entry


def _blank(job: Job, journal: Journal | None) -> Entry | None:
    """Return the line of a job of which nothing is known yet."""
    if journal is None:
        return None
    source, target = journal.names(job)
    sure = None if job.probability is None else journal.name(job.probability)
    return Entry(source, None, journal.settings, target, probability=sure)


def _write(job: Job, data: bytes, sure: Sure, *, overwrite: bool) -> None:
    """Write all files of a job together; the clean picture takes its name last."""
    if job.probability is None:
        write_bytes_atomically(job.target, data, overwrite=overwrite)
        return
    paths = (job.probability, job.target)
    with atomic_files(paths, overwrite=overwrite) as (beside, main):
        with naming(str(job.probability)):
            sure.copy_to(beside)
        with naming(str(job.target)):
            main.write(data)


def _of_the_picture(job: Job, wrong: Exception) -> IsingDenoiseError:
    """Return what went wrong as an error that names the picture."""
    match wrong:
        case ChangeLimitError():
            return wrong.about(job.source)
        case ParameterError():
            return ReadError(job.source, str(wrong))
        case IsingDenoiseError():
            return wrong
        case MemoryError():
            error = ReadError(job.source, "needs more memory than there is; cut it into parts")
        case _:
            what = f"{type(wrong).__name__}: {wrong}".rstrip(": ")
            error = ReadError(job.source, f"internal error: {what}; please report it")
    error.__cause__ = wrong
    return error


def _note_failure(
    entry: Entry | None, error: IsingDenoiseError, journal: Journal | None
) -> Entry | None:
    """Add a failure to the journal, where it can be written."""
    if entry is None or journal is None:
        return None
    entry = replace(
        entry, output_sha256=None, probability_sha256=None, result=None, error=str(error)
    )
    with contextlib.suppress(WriteError):  # the failure itself is told, and done again anyway
        make_folder(journal.folder)
        journal.append(entry)
    return entry


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, and those above it.

    Raises
    ------
    WriteError
        It cannot be made.
    """
    missing = [folder]
    try:
        while not missing[-1].exists() and missing[-1] != missing[-1].parent:
            missing.append(missing[-1].parent)
        for path in reversed(missing):  # `parents=True` would call itself for each
            path.mkdir(exist_ok=True)
    except OSError as error:
        raise WriteError(folder, f"cannot be made ({error.strerror}); choose another") from error

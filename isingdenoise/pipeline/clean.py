"""One input cleaned page by page, and written whole: what `run` and `batch` do with a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..deadline import deadline
from ..errors import ChangeLimitError, ParameterError, ReadError
from ..inference import Advice
from ..io import Picture, check_unchanged, read_pages, stamp_of
from ..messages import collected
from ..result import DenoiseResult
from .jobs import Job
from .options import CleanOptions
from .outputs import Target, Writers, opened, targets_of
from .summary import complaints, page_record

__all__ = ["Cleaned", "Page", "Watcher", "clean"]


@dataclass(frozen=True, eq=False)
class Page:
    """What became of one page.

    Attributes
    ----------
    number, count : int
        Which page, from 0, of how many.
    record : dict
        From `page_record`.
    warnings : tuple of Advice
        What had to be assumed, or did not go well.
    """

    number: int
    count: int
    record: dict[str, Any]
    warnings: tuple[Advice, ...]


class Watcher:
    """Is told how the work goes on; by default it does nothing.

    Attributes
    ----------
    also : tuple of str
        Names of `OUTPUTS` that it makes something like in `show`: memory is kept for them.
    """

    also: tuple[str, ...] = ()

    def begin(self, pages: int) -> None:
        """Hear how many pages there are, before the first is solved."""

    def page(self, page: Page, result: DenoiseResult) -> None:
        """Hear what became of a page, before it is written."""

    def show(self, page: Page, picture: Picture, result: DenoiseResult) -> None:
        """Hear of a page with the picture that it was read as, right after `page`."""

    def open(self, places: dict[str, Any]) -> dict[str, Any]:
        """Make the folders of outputs that are about to be opened, and return where they go.

        Parameters
        ----------
        places : dict
            By name, as the job has them.

        Returns
        -------
        dict
            The same, or what `isingdenoise.io.check_output` returned: nothing but what it
            saw is then replaced.
        """
        return places

    def warn(self, page: int, pages: int, messages: Sequence[Advice]) -> None:
        """Hear what was warned of on a page, also where it failed."""

    def settle(self, digests: Callable[[], dict[str, str]]) -> None:
        """Hear that all outputs are complete, before they take their names.

        Parameters
        ----------
        digests : callable
            Returns the SHA-256 of each output, by name; the files are read for it.
        """


@dataclass(eq=False)
class Cleaned:
    """What became of one input.

    Attributes
    ----------
    pages : list of Page
        Of all that were cleaned.
    result : DenoiseResult or None
        Of an input of one page; several would not fit into memory together.
    seconds : float
        From the start until the files were complete.
    """

    pages: list[Page] = field(default_factory=list)
    result: DenoiseResult | None = None
    seconds: float = 0.0

    def add(self, page: Page, result: DenoiseResult) -> None:
        """Add a page."""
        self.pages.append(page)
        self.result = result if len(self.pages) == 1 and page.count == 1 else None


def clean(
    job: Job,
    options: CleanOptions,
    *,
    overwrite: bool = False,
    watcher: Watcher | None = None,
) -> Cleaned:
    """Clean all pages of an input, one in memory at a time, and write its files together.

    Parameters
    ----------
    job : Job
        What to read and to write.
    options : CleanOptions
        How.
    overwrite : bool
        Whether existing files may be replaced.
    watcher : Watcher, optional
        Is told how the work goes on.

    Raises
    ------
    IsingDenoiseError
        Whatever is wrong with the input or its outputs. Nothing has been written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from isingdenoise.io import read_picture, write_bilevel
    >>> from isingdenoise.pipeline import CleanOptions, FileJob
    >>> folder = tempfile.TemporaryDirectory()
    >>> here = Path(folder.name)
    >>> write_bilevel(here / "noisy.png", np.random.default_rng(0).random((16, 16)) < 0.1)
    >>> options = CleanOptions(noise="flip", coupling=1.0)
    >>> found = clean(FileJob(here / "noisy.png", here / "clean.png"), options)
    >>> found.pages[0].record["status"], read_picture(here / "clean.png").pixels.shape
    ('converged', (16, 16))
    >>> folder.cleanup()
    """
    try:
        with deadline(options.timeout, job.source):
            return _cleaned(job, options, overwrite, watcher or Watcher())
    except MemoryError as error:
        reason = "needs more memory than there is; cut it into parts"
        raise ReadError(job.source, reason) from error


def _cleaned(job: Job, options: CleanOptions, overwrite: bool, watcher: Watcher) -> Cleaned:
    started = time.perf_counter()
    found = Cleaned()
    targets = targets_of(job, options.compression)
    before = {path: stamp_of(path) for path in _files(job, options)}
    writers: Writers | None = None
    with ExitStack() as stack:
        for picture in _pages(job, options, targets, watcher.also):
            count = 1 if options.frame is not None else picture.pages
            if writers is None:
                targets = [target.settle(picture, count) for target in targets]
                watcher.begin(count)
            result = _solved(picture, options, count, watcher, found)
            if writers is None:
                places = watcher.open(dict(job.places))
                targets = [replace(t, place=places[t.output.name]) for t in targets]
                writers = stack.enter_context(opened(targets, overwrite=overwrite))
            writers.append(targets, picture, result)
            del picture, result  # before the next page is read
        for path, stamp in before.items():
            check_unchanged(path, stamp)  # before the outputs take their names
        found.seconds = time.perf_counter() - started
        if writers is not None:
            watcher.settle(partial(writers.sha256, job.places))
    return found


def _files(job: Job, options: CleanOptions) -> list[Path]:
    """Return the files that the outputs are made of."""
    return [path for path in (job.source, *options.files) if isinstance(path, Path)]


def _pages(job: Job, options: CleanOptions, targets: Sequence[Target], also: Sequence[str]) -> Any:
    """Return an iterator over the pages of the input, each when it is asked for."""
    kinds = dict.fromkeys(also) | {target.output.name: target.kind for target in targets}
    needed = partial(options.memory, outputs=kinds)
    if isinstance(job.source, Path):
        return read_pages(job.source, **options.reading(), besides=needed)
    stream, name = job.source.open(), str(job.source)
    return read_pages(stream, name=name, **options.reading(), besides=needed)


def _solved(
    picture: Picture, options: CleanOptions, count: int, watcher: Watcher, found: Cleaned
) -> DenoiseResult:
    """Clean one page, add it to what was found, and tell the watcher."""
    said: list[Advice] = []
    with collected() as messages:
        try:
            result = options.solve(picture.pixels)
            said += complaints(result)
        except ChangeLimitError as error:
            where = f" page {picture.page + 1} of {count}" if count > 1 else ""
            raise error.about(f"{picture.path}{where}") from None
        except ParameterError as error:
            if error.parameter != "image":  # which is the picture's, whatever the options are
                raise
            raise ReadError(picture.path, error.message, error.hint) from error
        finally:
            said[:0] = map(Advice, messages)
            watcher.warn(picture.page, count, said)
    record = page_record(result, chosen=options.chosen, background=options.background)
    page = Page(picture.page, count, record, tuple(said))
    found.add(page, result)
    watcher.page(page, result)
    watcher.show(page, picture, result)
    return result

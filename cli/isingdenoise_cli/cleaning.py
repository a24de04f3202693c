"""One input of `run`, cleaned page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ChangeLimitError, ReadError
from isingdenoise.inference import Engine

from . import options as o
from . import outputs, report, streams, talk

if TYPE_CHECKING:
    from isingdenoise.io import Picture
    from isingdenoise.result import DenoiseResult

#: Bytes a pixel while each is encoded, the result with it.
_WRITING = {"-o": 13, "--change-map": 15, "--probability": 31}


@dataclass(frozen=True)
class Page:
    """What became of one page.

    Attributes
    ----------
    record : dict
        For machines.
    lines : list of (str, str)
        For people.
    """

    record: dict[str, Any]
    lines: list[tuple[str, str]]


@dataclass(frozen=True)
class Cleaner:
    """How pictures are cleaned; called with a job it reads, cleans and writes.

    Attributes
    ----------
    prepare : Preparation
        Noise and light.
    limits : Limits
        Masks and --max-change.
    reading : dict
        Arguments of `read_pages`.
    engine, coupling, seed
        As `denoise` takes them.
    force : bool
        Whether existing files may be replaced.
    shows_pages : bool
        Whether progress is that of the pages, and not of the inputs.
    """

    prepare: o.Preparation
    limits: o.Limits
    reading: dict[str, Any]
    engine: Engine
    coupling: str | Coupling
    seed: int
    force: bool
    shows_pages: bool

    def __call__(self, job: outputs.Job) -> list[Page]:
        """Clean all pages of an input, one in memory at a time.

        Raises
        ------
        IsingDenoiseError
            Whatever is wrong with it. Nothing has been written.
        """
        if job.error is not None:
            raise job.error
        name = streams.input_name(job.source)
        try:
            return self._clean(job, name)
        except MemoryError as error:
            raise ReadError(name, "needs more memory than there is; cut it into parts") from error

    def _clean(self, job: outputs.Job, name: str) -> list[Page]:
        from isingdenoise.io import check_unchanged, read_pages, stamp_of

        found: list[Page] = []
        targets: list[outputs.Target] = []
        with ExitStack() as stack:
            source, needed = streams.source(job.source), partial(self._needed, job)
            files = streams.paths(job.source, *self.limits.files)
            before = [stamp_of(path) for path in files]
            for picture in read_pages(**source, **self.reading, besides=needed):
                count = 1 if self.reading["frame"] is not None else picture.pages
                if not found:
                    targets = [target.settled(picture, count) for target in job.targets]
                    report.say_if_cold()
                    steps = self._steps(count, stack)
                next(steps, None)
                result = self._solved(
                    picture, name if count == 1 else f"{name} page {picture.page + 1} of {count}"
                )
                if not found:
                    writers = stack.enter_context(outputs.opened(targets, self.force))
                for target, writer in reversed(list(zip(targets, writers, strict=True))):
                    with o.named(output=target.option):
                        writer.append(target.encoded(picture, result))
                told = self.prepare.told
                record = report.result_record(result, **told)
                found.append(Page(record, list(report.result_lines(result, **told))))
                del picture, result  # before the next page is read
            next(steps, None)
            for path, stamp in zip(files, before, strict=True):
                check_unchanged(path, stamp)  # before the outputs take their names
        return found

    def _steps(self, count: int, stack: ExitStack) -> Iterator[int]:
        """Return what is to be asked for before each page and at the end: it draws the progress."""
        if not self.shows_pages or count == 1:
            return iter(())
        return iter(stack.enter_context(talk.progress(range(count), count, "cleaning")))

    def _needed(self, job: outputs.Job, pixels: int, dtype: str) -> int:
        """Return the bytes that a page takes after it has been read."""
        background = self.prepare.background
        sure = any(target.option == "--probability" for target in job.targets)
        solving = self.prepare.memory([self.engine], self.coupling, probability=sure)(pixels, dtype)
        writing = max(_WRITING[target.option] for target in job.targets)
        writing += 4 * (background is not None)
        return max(solving, pixels * writing) + pixels * len(self.limits.files)

    def _solved(self, picture: Picture, name: str) -> DenoiseResult:
        """Clean one page, and say what had to be assumed."""
        from isingdenoise.api import denoise

        x = picture.pixels
        limited = self.limits.read(x.shape, self.reading["max_pixels"])
        options = {"engine": self.engine, "coupling": self.coupling, "rng": self.seed, **limited}
        with report.notices(name):
            with talk.step("noise and light"):
                estimated = self.prepare(x, limited["mask"]).arguments
            try:
                with talk.step("coupling and picture"):
                    result = denoise(x, **estimated, **options)
            except ChangeLimitError as error:
                raise error.about(name) from None
        report.warn_if_not_converged(name, result)
        return result

"""The files that `run` writes for an input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import ParameterError, ReadError, printable
from isingdenoise.io import check_format

from . import options as o
from . import streams
from .streams import Place, Stream

if TYPE_CHECKING:
    from isingdenoise.io import Checked, PageWriter, Picture
    from isingdenoise.result import DenoiseResult


@dataclass(frozen=True)
class Target:
    """One file to write.

    Attributes
    ----------
    option : str
        "-o", "--probability" or "--change-map".
    place : Path or Stream
        Where.
    kind : str or None
        A value of `EXTENSIONS`; None: as the input turns out.
    compression : str or None
        None: that of the input, or the format's own.
    checked : Checked or None
        Of a file, what its name led to when it was checked.
    """

    option: str
    place: Place
    kind: str | None
    compression: str | None = None
    checked: Checked | None = None

    def settled(self, picture: Picture, pages: int) -> Target:
        """Return the target with its format, and refuse one that does not hold all pages."""
        kind = self.kind or ("TIFF" if picture.format == "TIFF" else "PNG")
        if pages > 1 and kind != "TIFF":
            way = "--format tiff" if self.option == "-o" else "a name that ends in .tif"
            raise ParameterError(
                self.option,
                f"{kind} holds one page, and {printable(picture.path)} has {pages}; "
                f"take {way}, or one page with --frame",
            )
        with o.named(compression="--compression"):
            return replace(self, kind=check_format(kind, self.compression))

    def encoded(self, picture: Picture, result: DenoiseResult) -> bytes:
        """Return one page as a file of its own."""
        from isingdenoise.io import encode_bilevel, encode_change_map, encode_grey, kept_notes

        kind = str(self.kind)
        with o.named(format=self.option, output=self.option):
            if self.option == "--probability":
                if result.probability is None:
                    raise ParameterError("output", f"engine {result.solution.engine} has none")
                return encode_grey(result.probability, kind, dpi=picture.dpi)
            if self.option == "--change-map":
                changes = result.change_map
                return encode_change_map(result.image, changes, kind, dpi=picture.dpi)
            kept = kept_notes(picture, kind)
            kept["compression"] = self.compression or kept["compression"]
            return encode_bilevel(result.image, kind, **kept)


@dataclass(frozen=True)
class Job:
    """One input, and what it becomes.

    Attributes
    ----------
    source : Path or Stream
        The input.
    targets : tuple of Target
        That of -o first.
    error : ReadError or None
        Why it cannot be read.
    """

    source: Place
    targets: tuple[Target, ...] = ()
    error: ReadError | None = None

    def place(self, option: str) -> Place | None:
        """Return where an option's file goes."""
        return next((t.place for t in self.targets if t.option == option), None)

    @property
    def takes_stdout(self) -> bool:
        """Whether a picture goes to standard output."""
        return any(isinstance(target.place, Stream) for target in self.targets)


def sweep_folders(jobs: Sequence[Job]) -> None:
    """Remove what dead programs left where files are going to be written, once for each folder."""
    from isingdenoise.io import sweep

    places = (target.place for job in jobs for target in job.targets)
    for folder in {place.parent for place in places if isinstance(place, Path)}:
        sweep(folder)


@contextmanager
def opened(targets: Sequence[Target], force: bool) -> Iterator[list[PageWriter]]:
    """Give a writer for each target; all files appear when the block ends, or none does.

    They take their names from the last to the first: where the clean picture is, all is.
    """
    from isingdenoise.io import open_pages

    gone = None
    named = [target for target in reversed(targets) if isinstance(target.place, Path)]
    files: dict[Any, str | None] = {t.checked or t.place: t.kind for t in named}
    with open_pages(files, overwrite=force) as to_files:
        found = iter(reversed(to_files))
        try:
            with ExitStack() as stack:
                yield [
                    next(found)
                    if isinstance(target.place, Path)
                    else stack.enter_context(streams.page_writer(str(target.kind)))
                    for target in targets
                ]
        except BrokenPipeError as error:
            gone = error
    if gone is not None:  # the files are there; who read standard output has gone
        raise gone

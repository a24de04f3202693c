"""The kinds of files that a result becomes, and how all of one input are written together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

from ..animation import film_of
from ..errors import ParameterError
from ..io import (
    ANIMATIONS,
    EXTENSIONS,
    PageWriter,
    Picture,
    check_animation,
    check_format,
    encode_bilevel,
    encode_change_map,
    encode_grey,
    format_of,
    kept_notes,
    open_pages,
)
from ..io.table import FORMATS, default_format
from ..result import DenoiseResult
from .jobs import Job, Sink

__all__ = ["OUTPUTS", "Output", "Target", "opened", "targets_of"]

Encoder = Callable[[DenoiseResult, Picture, str, str | None], bytes]

_IN_MEMORY = 64 << 20  # bytes of an output for a sink; more wait in a temporary file


@dataclass(frozen=True)
class Output:
    """A kind of file that a result becomes.

    Attributes
    ----------
    name : str
        As `Job` calls it, and errors.
    memory : int
        Bytes a pixel while one page is encoded, the result with it.
    search : int
        The same for WebP, which looks for what repeats.
    formats : frozenset of str
        Values of `EXTENSIONS` that hold it.
    fallback : str or None
        Its format where no name says one; None: as the clean picture.
    extensions : mapping of str to str
        Its formats by the extension, where they are its own; it is of one page then.
    encode : callable
        Returns one page as a file of its own, from the result, the picture as read, the
        format and the compression.
    """

    name: str
    memory: int
    search: int
    formats: frozenset[str]
    fallback: str | None
    encode: Encoder
    extensions: Mapping[str, str] = field(default_factory=dict)

    def writing(self, kind: str | None) -> int:
        """Return the bytes a pixel while one page is encoded in a format, the result with it."""
        searches = kind in FORMATS and FORMATS[kind].searches
        return self.search if searches else self.memory

    def check(self, kind: str) -> None:
        """Refuse a format that cannot hold it.

        Raises
        ------
        ParameterError
            Of the output's name.
        """
        if kind not in self.formats:
            known = " ".join(ext for ext, name in EXTENSIONS.items() if name in self.formats)
            raise ParameterError(self.name, f"does not fit into {kind}; use {known}")


def _clean(result: DenoiseResult, picture: Picture, kind: str, compression: str | None) -> bytes:
    kept = kept_notes(picture, kind)
    kept["compression"] = compression or kept["compression"]
    return encode_bilevel(result.image, kind, **kept)


def _probability(result: DenoiseResult, picture: Picture, kind: str, _: str | None) -> bytes:
    if result.probability is None:
        raise ParameterError("probability", f"engine {result.settings['engine']['name']} has none")
    said = kept_notes(picture, kind)["microscopy"]
    return encode_grey(result.probability, kind, dpi=picture.dpi, microscopy=said)


def _animation(result: DenoiseResult, picture: Picture, kind: str, _: str | None) -> bytes:
    return film_of(result, picture.pixels).encode(kind)


def _change_map(result: DenoiseResult, picture: Picture, kind: str, _: str | None) -> bytes:
    return encode_change_map(result.image, result.change_map, kind, dpi=picture.dpi)


_GREY = frozenset(name for name, known in FORMATS.items() if known.grey)
_INDEXED = frozenset(name for name, known in FORMATS.items() if known.indexed)
OUTPUTS = {
    output.name: output
    for output in (
        Output("output", 13, 24, frozenset(FORMATS), None, _clean),
        Output("probability", 31, 51, _GREY, "TIFF", _probability),
        Output("change_map", 13, 13, _INDEXED, None, _change_map),
        # start and snapshot; what the engine takes once more is the options' to know
        Output("animation", 23, 23, frozenset(ANIMATIONS.values()), None, _animation, ANIMATIONS),
    )
}
"""All kinds of outputs, by name; that of the clean picture first."""


@dataclass(frozen=True)
class Target:
    """One file to write.

    Attributes
    ----------
    output : Output
        What goes there.
    place : os.PathLike or Sink
        Where.
    kind : str or None
        A value of `EXTENSIONS`; None: as the input turns out.
    compression : str or None
        None: that of the input, or the format's own.
    """

    output: Output
    place: os.PathLike[str] | Sink
    kind: str | None
    compression: str | None = None

    def settle(self, picture: Picture, pages: int) -> Target:
        """Return the target with its format.

        Raises
        ------
        ParameterError
            The format does not hold all pages, or not that compression.
        """
        if self.output.extensions:
            if pages > 1:
                message = f"shows one page, and the picture has {pages}"
                raise ParameterError(self.output.name, message, hint="frame")
            return self
        kind = self.kind or default_format(picture.format)
        if pages > 1 and not FORMATS[kind].pages:
            raise ParameterError(
                self.output.name,
                f"{kind} holds one page, and the picture has {pages}",
                hint="one_page",
            )
        return replace(self, kind=check_format(kind, self.compression))

    @property
    def container(self) -> str | None:
        """The format as files know it; one of their own is written as it comes, like a GIF."""
        return "GIF" if self.output.extensions else self.kind

    def encode(self, picture: Picture, result: DenoiseResult) -> bytes:
        """Return one page as a file of its own."""
        try:
            return self.output.encode(result, picture, str(self.kind), self.compression)
        except ParameterError as error:
            if error.parameter in ("format", "output"):
                raise ParameterError(self.output.name, error.message, error.hint) from error
            raise


def targets_of(job: Job, compression: str | None = None) -> list[Target]:
    """Return what a job becomes, the clean picture first.

    Raises
    ------
    ParameterError
        Of the output's name: its name has no known extension, or is of a format that
        cannot hold it.
    """
    found = []
    for name, place in job.places.items():
        output = OUTPUTS[name]
        kind = job.format if name == "output" else output.fallback
        if isinstance(place, Path) and (name != "output" or kind is None):
            kind = _named_format(output, place)
        if kind is not None:
            output.check(kind)
        found.append(Target(output, place, kind, compression if name == "output" else None))
    return found


def _named_format(output: Output, path: Path) -> str:
    try:
        return check_animation(path) if output.extensions else format_of(path)
    except ParameterError as error:
        raise ParameterError(output.name, error.message, error.hint) from error


class Writers:
    """The open files of one input.

    Attributes
    ----------
    pages : list of PageWriter
        One for each target, in their order.
    """

    def __init__(self, pages: list[PageWriter]) -> None:
        self.pages = pages

    def append(self, targets: Sequence[Target], picture: Picture, result: DenoiseResult) -> None:
        """Add a page to each file; the clean picture comes last, for what is kept of it."""
        for target, writer in reversed(list(zip(targets, self.pages, strict=True))):
            writer.append(target.encode(picture, result))

    def sha256(self, names: Iterable[str]) -> dict[str, str]:
        """Return the SHA-256 of each file so far, in hex, under the name of its output."""
        pairs = zip(names, self.pages, strict=True)
        return {name: writer.sha256() for name, writer in reversed(list(pairs))}


@contextmanager
def opened(targets: Sequence[Target], *, overwrite: bool) -> Iterator[Writers]:
    """Open a file for each target; all appear when the block ends, or none does.

    They take their names from the last to the first: where the clean picture is, all is.

    Parameters
    ----------
    targets : sequence of Target
        Settled ones.
    overwrite : bool
        Whether existing files may be replaced.

    Raises
    ------
    OverwriteError, WriteError
        As `isingdenoise.io.open_pages`.
    """
    named = [target for target in reversed(targets) if isinstance(target.place, os.PathLike)]
    files: dict[Any, str | None] = {target.place: target.container for target in named}
    gone = None
    with open_pages(files, overwrite=overwrite) as to_files:
        found = iter(reversed(to_files))
        waiting: list[tuple[Any, Any]] = []
        pages = []
        for target in targets:
            if isinstance(target.place, os.PathLike):
                pages.append(next(found))
                continue
            waits: Any = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed below
            waiting.append((waits, target.place))
            pages.append(PageWriter(waits, str(target.kind), str(target.place)))
        try:
            yield Writers(pages)
            for waits, sink in waiting:
                waits.seek(0)
                sink.send(waits)
        except BrokenPipeError as error:
            gone = error
        finally:
            for waits, _ in waiting:
                waits.close()
    if gone is not None:  # the files are there; who read the stream has gone
        raise gone

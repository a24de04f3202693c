"""One input, and the files that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["FileJob", "Job", "Place", "Sink", "Source"]


class Source(Protocol):
    """An input that is no file by name, such as standard input."""

    def open(self) -> BinaryIO:
        """Return the open stream; it is not closed."""
        ...


class Sink(Protocol):
    """A place for an output that is no file by name, such as standard output."""

    def send(self, content: BinaryIO) -> None:
        """Write all that `content` holds from its current position on.

        Raises
        ------
        WriteError
            It cannot be written.
        BrokenPipeError
            Nobody reads any more.
        """
        ...


#: Where an input comes from, or an output goes to.
Place = Path | Source | Sink


@dataclass(frozen=True)
class Job:
    """One input to clean.

    Attributes
    ----------
    source : pathlib.Path or Source
        The noisy picture.
    target : pathlib.Path or Sink
        Where the clean picture goes.
    probability, change_map : pathlib.Path or Sink or None
        Where P(bright) and the changes go, too.
    animation : pathlib.Path or None
        Where a film of how the engine converges goes, of a picture of one page.
    format : str or None
        Of the clean picture, a value of `isingdenoise.io.EXTENSIONS`. None takes that of
        the extension; where there is none, a TIFF stays one and all else becomes PNG.
    """

    source: Path | Source
    target: Path | Sink
    probability: Path | Sink | None = None
    change_map: Path | Sink | None = None
    animation: Path | None = None
    format: str | None = None

    @property
    def places(self) -> dict[str, Path | Sink]:
        """Where each kind of output goes, by its name; the clean picture first."""
        named = {
            "output": self.target,
            "probability": self.probability,
            "change_map": self.change_map,
            "animation": self.animation,
        }
        return {name: place for name, place in named.items() if place is not None}

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files to write, the clean picture first."""
        return tuple(place for place in self.places.values() if isinstance(place, Path))


@dataclass(frozen=True)
class FileJob(Job):
    """One file to clean, into files: a job of a folder.

    Attributes
    ----------
    source : pathlib.Path
        The noisy picture.
    target : pathlib.Path
        The clean picture to write.
    probability, change_map : pathlib.Path or None
        Further files to write.
    """

    source: Path
    target: Path
    probability: Path | None = None
    change_map: Path | None = None

"""Which inputs of `run` are cleaned in parts, and the options of that."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import IsingDenoiseError, ParameterError, printable
from isingdenoise.io import DEFAULT_PAGE_PIXELS, available_memory, read_size
from isingdenoise.pipeline import CleanOptions

from .reading import all_of
from .streams import Place
from .targets import Wanted
from .values import Whole

__all__ = ["InParts", "Parts", "in_parts", "part_options"]

_HEADING = "Pictures larger than memory"
_TIFF = (".tif", ".tiff", ".btf")


@dataclass(frozen=True)
class Parts:
    """What the options say of parts: their side, and how many at a time."""

    chunk: int | None
    workers: int | None


@dataclass(frozen=True)
class InParts:
    """One input that is cleaned in parts.

    Attributes
    ----------
    source, target : Path
        The input, and where it goes.
    probability : Path or None
        Where P(bright) goes.
    parts : Parts
        How it is cut.
    """

    source: Path
    target: Path
    probability: Path | None
    parts: Parts


def part_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --chunk and --jobs, as one argument `parts`."""

    @functools.wraps(command)
    def gathered(*, chunk: int | None, workers: int | None, **given: Any) -> Any:
        return command(parts=Parts(chunk, workers), **given)

    options = [
        click.option(
            "--chunk",
            type=Whole(1),
            help="Clean a TIFF in parts of about this side in pixels, or set that of a Zarr store, "
            "which always is. A TIFF that does not fit into memory is without it, too.",
        ),
        click.option(
            "-j",
            "--jobs",
            "workers",
            type=Whole(1),
            help="Clean so many parts at a time. Default: 1 for each core.",
        ),
    ]
    return all_of(options, gathered, _HEADING)


def in_parts(
    sources: Sequence[Place], wanted: Wanted, options: CleanOptions, parts: Parts
) -> InParts | None:
    """Return what is to be cleaned in parts; None where all fits into memory.

    Raises
    ------
    ParameterError
        Several inputs, or an option that does not go with parts.
    """
    files = [source for source in sources if isinstance(source, Path)]
    large = [source for source in files if _is_large(source, wanted, options, parts)]
    if not large:
        if parts.chunk is not None:
            raise ParameterError("--chunk", "goes with a Zarr store or a TIFF")
        return None
    if len(sources) > 1:
        raise ParameterError(
            "INPUT", f"{printable(large[0])} is cleaned in parts and goes alone; give one at a time"
        )
    given = {
        "--change-map": wanted.change_map,
        "--animate": wanted.animation,
        "--format": wanted.writing.format,
        "--compression": wanted.writing.compression,
    }
    for option, value in given.items():
        if value is not None:
            raise ParameterError(option, "is not for a picture in parts; leave it out")
    for option, place in (("-o", wanted.output), ("--probability", wanted.probability)):
        if place is not None and not isinstance(place, Path):
            raise ParameterError(option, "of a picture in parts must be a file or a store")
    source = large[0]
    sure = wanted.probability if isinstance(wanted.probability, Path) else None
    return InParts(source, _target(source, wanted.output), sure, parts)


def _is_large(source: Path, wanted: Wanted, options: CleanOptions, parts: Parts) -> bool:
    """Tell whether an input is cleaned in parts: a store always is."""
    if source.suffix.lower() == ".zarr":
        return True
    if source.is_dir():
        from isingdenoise.chunked import is_zarr

        return is_zarr(source)
    if source.suffix.lower() not in _TIFF:
        return False
    asked = parts.chunk is not None or _suffix(wanted.output) == ".zarr"
    if asked or _fits(source, options):
        return asked
    from isingdenoise.chunked import reads_in_parts

    # what cannot be read in parts is refused for the memory that it takes whole
    return reads_in_parts(source, channel=options.channel, frame=options.frame)


def _fits(source: Path, options: CleanOptions) -> bool:
    """Tell whether a picture may be read whole; one that cannot be read is told of by who does."""
    try:
        height, width = read_size(source)
    except IsingDenoiseError:
        return True
    if options.max_pixels is None and height * width > DEFAULT_PAGE_PIXELS:
        return False
    free = available_memory()
    return free is None or options.memory(height * width, "uint8") <= free


def _target(source: Path, asked: Place | None) -> Path:
    """Return where the clean picture goes."""
    extension = ".tif" if source.suffix.lower() in _TIFF else ".zarr"
    name = f"{source.stem}.denoised{extension}"
    if not isinstance(asked, Path):
        return source.with_name(name)
    if asked.is_dir() and asked.suffix.lower() != ".zarr":
        return asked / name
    return asked


def _suffix(place: Place | None) -> str:
    return place.suffix.lower() if isinstance(place, Path) else ""

"""What the user says of the files that `run` writes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError, printable
from isingdenoise.io import EXTENSIONS, format_of

from .reading import OUTPUT, all_of
from .streams import PLACE, Place, Stream
from .values import Words
from .writing import Writing, writing_options

__all__ = ["PLACE", "Wanted", "besides_options", "kind_of", "target_options"]


#: Of --probability and --change-map of a folder, which are extensions.
SPELLINGS = {"tiff": "tif"}


@dataclass(frozen=True)
class Wanted:
    """Which files to write for an input.

    Attributes
    ----------
    output : Path or Stream or None
        A file, a folder, standard output; None: beside the input.
    writing : Writing
        How.
    probability, change_map : Path or Stream or None
        Further files.
    animation : Path or None
        One more.
    """

    output: Place | None
    writing: Writing
    probability: Place | None
    change_map: Place | None
    animation: Path | None = None

    @property
    def kind(self) -> str | None:
        """The format asked for, a value of `EXTENSIONS`, or None."""
        return self.writing.format and self.writing.format.upper()


def kind_of(place: Place, asked: str | None) -> str | None:
    """Return the format of an output by --format or its extension; None: by the input.

    Raises
    ------
    ParameterError
        Both are given and differ, or the extension is unknown.
    """
    if isinstance(place, Stream):
        return asked
    known = EXTENSIONS.get(place.suffix.lower())
    if asked is not None and known not in (asked, None):
        message = f"{asked.lower()} and the extension of {printable(place)} differ; leave one out"
        raise ParameterError("--format", message)
    if asked is None and not place.suffix:
        message = f"{printable(place)} is no folder that exists, and as a file has no extension"
        more = f"end it with a slash to make the folder, or use {' '.join(EXTENSIONS)}"
        raise ParameterError("output", f"{message}; {more}")
    return asked or format_of(place)


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add -o, --probability, --change-map and `writing_options`, as one argument `wanted`."""

    @functools.wraps(command)
    def gathered(
        *,
        output: Place | None,
        writing: Writing,
        probability: Place | None,
        change_map: Place | None,
        animation: Path | None,
        **given: Any,
    ) -> Any:
        wanted = Wanted(output, writing, probability, change_map, animation)
        return command(wanted=wanted, **given)

    target = click.option(
        "-o",
        "--output",
        type=PLACE,
        help="Output file, folder (made where its name ends in a slash), or '-' for standard "
        "output. Default: INPUT.denoised.png (.tif for a TIFF) beside the input.",
    )
    sure = click.option(
        "--probability",
        type=PLACE,
        help="Write P(bright) too: float32 in .tif, .npy or '-' (TIFF), 16 bit in .png.",
    )
    changes = click.option(
        "--change-map",
        type=PLACE,
        help="Write the changed pixels too: colours in .png, .tif or '-', -1, 0, 1 in .npy.",
    )
    film = click.option(
        "--animate",
        "animation",
        type=click.Path(path_type=Path, readable=False),
        help="Write a film of how the engine converges too: .gif, .webp or .mp4. Site updates "
        "are on each frame; orange pixels are in doubt.",
    )
    return all_of([target, writing_options, sure, changes, film], gathered, OUTPUT)


def besides_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --probability and --change-map of a folder, as `besides`: extensions by kind of file."""

    @functools.wraps(command)
    def gathered(*, probability: str | None, change_map: str | None, **given: Any) -> Any:
        kinds = {"probability": probability, "change_map": change_map}
        besides = {name: f".{kind}" for name, kind in kinds.items() if kind is not None}
        return command(besides=besides, **given)

    sure = click.option(
        "--probability",
        type=Words(["tif", "png", "npy"], SPELLINGS),
        help="Write P(bright) of each picture to NAME.probability.tif (float32), .png or .npy.",
    )
    changes = click.option(
        "--change-map",
        type=Words(["png", "tif", "npy"], SPELLINGS),
        help="Write the changed pixels of each picture to NAME.change_map.png, .tif or .npy.",
    )
    return all_of([sure, changes], gathered, OUTPUT)

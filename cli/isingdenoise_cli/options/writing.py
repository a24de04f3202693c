"""What the user says of the files to write: format and compression."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError
from isingdenoise.io import COMPRESSIONS, EXTENSIONS, check_format, default_extension, format_of

from .reading import OUTPUT, all_of
from .values import Words

#: Formats of two-level pictures, as --format takes them; the first extension of each is written.
FORMATS = tuple(dict.fromkeys(kind.lower() for kind in EXTENSIONS.values()))
#: All compressions, as --compression takes them.
ALL_COMPRESSIONS = tuple(dict.fromkeys(name for names in COMPRESSIONS.values() for name in names))

#: Other spellings: those of extensions, and short ones.
_FORMATS = {extension[1:]: kind.lower() for extension, kind in EXTENSIONS.items()}
_COMPRESSIONS = {"g4": "group4"}


@dataclass(frozen=True)
class Writing:
    """How to write.

    Attributes
    ----------
    format : str or None
        One of `FORMATS`; None: a TIFF stays one, everything else becomes PNG.
    compression : str or None
        None: that of the input where the output can have it, else the format's own.
    """

    format: str | None
    compression: str | None

    @property
    def extension(self) -> str | None:
        """The extension of all outputs, or None where each follows its input."""
        if self.format is None:
            return None
        return next(e for e, kind in EXTENSIONS.items() if kind.lower() == self.format)

    def extension_for(self, source: Path) -> str:
        """Return the extension of the output of an input."""
        return self.extension or default_extension(source)

    def check(self, extensions: Iterable[str]) -> None:
        """Refuse a compression that an output of one of these cannot have, before any work."""
        for extension in extensions:
            try:
                check_format(format_of(f"x{extension}"), self.compression)
            except ParameterError as error:
                raise ParameterError(f"--{error.parameter}", error.message, error.hint) from None


format_option = click.option(
    "--format",
    "output_format",
    type=Words(FORMATS, _FORMATS),
    help="Output format. Default: TIFF for TIFF input, otherwise PNG.",
)


def writing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --format and --compression, as one argument `writing`."""

    @functools.wraps(command)
    def gathered(*, output_format: str | None, compression: str | None, **given: Any) -> Any:
        return command(writing=Writing(output_format, compression), **given)

    packing = click.option(
        "--compression",
        type=Words(ALL_COMPRESSIONS, _COMPRESSIONS),
        help="Compression of the output. Default: that of the input for TIFF to TIFF.",
    )
    return all_of([format_option, packing], gathered, OUTPUT)

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

#: Formats of two-level pictures, as --format takes them; the first extension of each is written.
FORMATS = tuple(dict.fromkeys(kind.lower() for kind in EXTENSIONS.values()))
#: All compressions, as --compression takes them.
ALL_COMPRESSIONS = tuple(dict.fromkeys(name for names in COMPRESSIONS.values() for name in names))


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
                raise ParameterError(f"--{error.parameter}", error.message) from None


format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    help="Output format. Default: TIFF for TIFF input, otherwise PNG.",
)


def writing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --format and --compression, as one argument `writing`."""

    @functools.wraps(command)
    def gathered(*, output_format: str | None, compression: str | None, **given: Any) -> Any:
        return command(writing=Writing(output_format, compression), **given)

    packing = click.option(
        "--compression",
        type=click.Choice(ALL_COMPRESSIONS),
        help="Compression of the output. Default: that of the input for TIFF to TIFF.",
    )
    return format_option(packing(gathered))

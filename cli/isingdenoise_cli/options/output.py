"""What the user says of the files to write: format and compression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from isingdenoise.errors import ParameterError
from isingdenoise.io import COMPRESSIONS, EXTENSIONS, check_format, default_extension, format_of

#: Formats of two-level pictures, as --format takes them; the first extension of each is written.
FORMATS = tuple(dict.fromkeys(kind.lower() for kind in EXTENSIONS.values()))
#: All compressions, as --compression takes them.
ALL_COMPRESSIONS = tuple(dict.fromkeys(name for names in COMPRESSIONS.values() for name in names))


@dataclass(frozen=True)
class Output:
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

    def check(self, targets: Iterable[Path | str]) -> None:
        """Refuse a compression that one of these outputs cannot have, before any work."""
        for extension in {Path(target).suffix for target in targets}:
            try:
                check_format(format_of(f"x{extension}"), self.compression)
            except ParameterError as error:
                raise ParameterError(f"--{error.parameter}", error.message) from None

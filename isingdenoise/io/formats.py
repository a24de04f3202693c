"""Which formats can be written, and what each of them holds."""

from __future__ import annotations

import os
from pathlib import Path

from isingdenoise.errors import ParameterError, named, printable
from isingdenoise.io.opening import StrPath
from isingdenoise.io.table import FORMATS, default_format

__all__ = [
    "COMPRESSIONS",
    "EXTENSIONS",
    "check_format",
    "default_extension",
    "format_of",
    "resolved_format",
]

EXTENSIONS = {ext: known.name for known in FORMATS.values() for ext in known.extensions}
"""The formats that can be written, by the extension of the file."""

COMPRESSIONS = {
    name: tuple(known.compressions) for name, known in FORMATS.items() if known.compressions
}
"""The compressions that can be chosen, by format; the others have one way only."""

_ALIASES = {ext[1:].upper(): name for ext, name in EXTENSIONS.items()}


def format_of(path: StrPath) -> str:
    """Return the format that an output's extension asks for.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A name; the file need not exist.

    Returns
    -------
    str
        One of the values of `EXTENSIONS`.

    Raises
    ------
    ParameterError
        The extension is missing or unknown.

    Examples
    --------
    >>> format_of("scan.TIF")
    'TIFF'
    """
    name = os.fsdecode(path)
    found = EXTENSIONS.get(Path(name).suffix.lower())
    if found is None:
        known = " ".join(EXTENSIONS)
        raise ParameterError("output", f"{named(name)} has no known extension; use {known}")
    return found


def default_extension(source_name: StrPath) -> str:
    """Return the extension of an output that nobody named: a TIFF stays one, all else is PNG.

    Parameters
    ----------
    source_name : str, bytes or os.PathLike
        The name of the input; the file need not exist.

    Returns
    -------
    str
        ".tif" or ".tiff" as the input has it, in lower case; else ".png".
    """
    suffix = Path(os.fsdecode(source_name)).suffix.lower()
    own = EXTENSIONS.get(suffix, "")
    return suffix if default_format(own) == own else FORMATS[default_format(own)].extensions[0]


def resolved_format(path: StrPath, format: str | None) -> str:  # noqa: A002
    """Return the format that is asked for by name, or else by the extension of `path`."""
    return format_of(path) if format is None else check_format(format)


def check_format(format: str, compression: str | None = None, *, bilevel: bool = True) -> str:  # noqa: A002
    """Check the choice of a format and its compression, before any work.

    Parameters
    ----------
    format : str
        A value of `EXTENSIONS`, in any case; "jpg" and "tif" will do.
    compression : str or None
        One of `COMPRESSIONS[format]`; None leaves the choice to the format.
    bilevel : bool
        Whether it is for a two-level picture, which "group4" asks for.

    Returns
    -------
    str
        The value of `EXTENSIONS`.

    Raises
    ------
    ParameterError
        There is no such format, or it has no such compression.

    Examples
    --------
    >>> check_format("tif", "group4")
    'TIFF'
    """
    kind = _ALIASES.get(format.upper(), format.upper())
    if kind not in FORMATS:
        known = ", ".join(FORMATS)
        raise ParameterError("format", f"{printable(format)} cannot be written; use {known}")
    if compression is None:
        return kind
    if compression not in COMPRESSIONS.get(kind, ()):
        takes = " ".join(COMPRESSIONS.get(kind, ())) or "no choice of it"
        most = max(COMPRESSIONS, key=lambda name: len(COMPRESSIONS[name]))
        others = f"; {most} takes {' '.join(COMPRESSIONS[most])}" if kind != most else ""
        having = [name for name, known in COMPRESSIONS.items() if compression in known]
        raise ParameterError(
            "compression",
            f"{printable(compression)} is none of {kind}, which takes {takes}{others}",
            f"other_format:{having[0].lower()}" if having else None,
        )
    if not FORMATS[kind].fits(compression, bilevel=bilevel):
        raise ParameterError(
            "compression", f"{compression} is for two levels; use deflate, lzw or none"
        )
    return kind

"""Which formats can be written, and which compressions they have."""

from __future__ import annotations

import os
from pathlib import Path

from isingdenoise._io.opening import StrPath
from isingdenoise.errors import ParameterError, named, printable

__all__ = [
    "COMPRESSIONS",
    "EXTENSIONS",
    "check_format",
    "default_extension",
    "format_of",
    "resolved_format",
]

EXTENSIONS = {
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".pbm": "PBM",
    ".pgm": "PGM",
    ".bmp": "BMP",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".npy": "NPY",
}
"""The formats that can be written, by the extension of the file."""

COMPRESSIONS = {
    "TIFF": ("group4", "deflate", "lzw", "packbits", "none"),
    "PNG": ("deflate", "none"),
    "PBM": ("none",),
    "PGM": ("none",),
    "BMP": ("none",),
    "NPY": ("none",),
}
"""The compressions that can be chosen, by format; the others have one way only."""

_ALIASES = {"TIF": "TIFF", "JPG": "JPEG"}


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
    return suffix if EXTENSIONS.get(suffix) == "TIFF" else ".png"


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
    """
    kind = _ALIASES.get(format.upper(), format.upper())
    if kind not in EXTENSIONS.values():
        known = ", ".join(dict.fromkeys(EXTENSIONS.values()))
        raise ParameterError("format", f"{printable(format)} cannot be written; use {known}")
    if compression is None:
        return kind
    if compression not in COMPRESSIONS.get(kind, ()):
        takes = " ".join(COMPRESSIONS.get(kind, ())) or "no choice of it"
        others = f"; TIFF takes {' '.join(COMPRESSIONS['TIFF'])}" if kind != "TIFF" else ""
        raise ParameterError(
            "compression",
            f"{printable(compression)} is none of {kind}, which takes {takes}{others}",
        )
    if compression == "group4" and not bilevel:
        raise ParameterError("compression", "group4 is for two levels; use deflate, lzw or none")
    return kind

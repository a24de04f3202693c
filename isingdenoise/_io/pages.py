"""Several pages into one TIFF, one at a time, and the notes that an output keeps."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from isingdenoise._io.encode import encode_bilevel, encode_grey
from isingdenoise._io.formats import COMPRESSIONS, check_format
from isingdenoise._io.picture import Picture
from isingdenoise._io.tiff_chain import TiffChain
from isingdenoise.errors import ParameterError

__all__ = ["append_pages", "encode_pages", "kept_notes"]

Array = np.ndarray[Any, Any]


def kept_notes(picture: Picture, format: str, *, bilevel: bool = True) -> dict[str, Any]:  # noqa: A002
    """Return what an output in `format` keeps of the picture it was made from.

    Parameters
    ----------
    picture : Picture
        The source.
    format : str
        A value of `EXTENSIONS`.
    bilevel : bool
        Whether the output has two levels.

    Returns
    -------
    dict
        `dpi`, `icc_profile` and `compression`, as the writers take them. The
        compression is None where the output cannot have that of the source.
    """
    # of TIFF alone: an uncompressed scan is no reason for an uncompressed PNG
    kept = format == "TIFF" and picture.compression in COMPRESSIONS[check_format(format)]
    kept = kept and (bilevel or picture.compression != "group4")
    return {
        "dpi": picture.dpi,
        "icc_profile": picture.icc_profile,
        "compression": picture.compression if kept else None,
    }


def encode_pages(
    pages: Iterable[Picture | Array],
    format: str = "TIFF",  # noqa: A002
    *,
    compression: str | None = None,
) -> bytes:
    """Encode pages into one file.

    Parameters
    ----------
    pages : iterable of Picture or ndarray of shape (H, W)
        bool is written as by `encode_bilevel`, other types as by
        `encode_grey`. A `Picture` brings its resolution, profile and
        compression along: `dataclasses.replace(picture, pixels=...)` gives
        other pixels the notes of their source. Sizes may differ.
    format : str
        "TIFF"; other values of `EXTENSIONS` hold one page.
    compression : str or None
        One for all pages; None keeps that of each `Picture`, or takes the
        format's own.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ParameterError
        There are no pages, too many for the format, or one does not fit it.
    """
    buffer = io.BytesIO()
    append_pages(buffer, pages, format, compression=compression)
    return buffer.getvalue()


def append_pages(
    stream: BinaryIO,
    pages: Iterable[Picture | Array],
    format: str,  # noqa: A002
    *,
    compression: str | None = None,
) -> int:
    """Write pages into an empty file as they come, as `encode_pages`; return how many."""
    kind = check_format(format, compression)
    chain, count = TiffChain(stream), 0
    for page in pages:
        if kind != "TIFF" and (count or getattr(page, "pages", 1) > 1):
            raise ParameterError("output", f"{kind} holds one page; write a TIFF for several")
        data = _encoded(page, kind, compression)
        try:
            chain.append(data) if kind == "TIFF" else stream.write(data)
        except struct.error as error:  # places in a TIFF have 32 bits
            raise ParameterError(
                "output", "would have more than 4 GB; write the pages into files of their own"
            ) from error
        count += 1
    if not count:
        raise ParameterError("pages", "are none; give at least one")
    return count


def _encoded(page: Picture | Array, kind: str, compression: str | None) -> bytes:
    """Return one page as a file of its own."""
    pixels = page.pixels if isinstance(page, Picture) else np.asarray(page)
    bilevel = pixels.dtype == np.bool_
    options = kept_notes(page, kind, bilevel=bilevel) if isinstance(page, Picture) else {}
    if compression is not None:
        options["compression"] = compression
    return (encode_bilevel if bilevel else encode_grey)(pixels, kind, **options)

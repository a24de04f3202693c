"""Several pages into one TIFF, one at a time, and the notes that an output keeps."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

from isingdenoise.errors import ParameterError
from isingdenoise.io.encode import encode_bilevel, encode_grey
from isingdenoise.io.formats import check_format
from isingdenoise.io.microscopy import Microscopy
from isingdenoise.io.opening import StrPath
from isingdenoise.io.picture import Picture
from isingdenoise.io.table import FORMATS
from isingdenoise.io.targets import raise_write_error
from isingdenoise.io.tiff_chain import TiffChain

__all__ = ["PageWriter", "append_pages", "encode_pages", "kept_notes"]

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
        `dpi`, `icc_profile`, `compression` and `microscopy`, as the writers take them. The
        compression is None where the output cannot have that of the source.
    """
    known = FORMATS[check_format(format)]
    # within one format alone: an uncompressed scan is no reason for an uncompressed PNG
    kept = known.name == picture.format and known.fits(picture.compression, bilevel=bilevel)
    return {
        "dpi": picture.dpi,
        "icc_profile": picture.icc_profile,
        "compression": picture.compression if kept else None,
        "microscopy": _of_page(picture),
    }


def _of_page(picture: Picture) -> Microscopy | None:
    """Return what is said on this page: OME has one text for all pages, on the first."""
    said = picture.microscopy
    alone = said is None or said.kind != "ome" or picture.page == 0 or said.planes == (1, 1)
    return said if alone else None


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
    writer = PageWriter(stream, kind)
    for page in pages:
        if getattr(page, "pages", 1) > 1:
            check_pages(kind)
        writer.append(_encoded(page, kind, compression))
    if not writer.count:
        raise ParameterError("pages", "are none; give at least one")
    return writer.count


class PageWriter:
    """One file of pages that come one at a time.

    Parameters
    ----------
    stream : BinaryIO
        Empty, open for writing, seekable.
    format : str
        A value of `EXTENSIONS`; all but "TIFF" hold one page.
    name : str, bytes or os.PathLike, optional
        Of the file, for messages.

    Attributes
    ----------
    count : int
        How many pages there are so far.
    """

    def __init__(
        self,
        stream: BinaryIO,
        format: str,  # noqa: A002
        name: StrPath | None = None,
    ) -> None:
        self._format = check_format(format)
        self._stream = stream
        self._chain = TiffChain(stream)
        self._name = name
        self.count = 0

    def append(self, data: bytes) -> None:
        """Add a page.

        Parameters
        ----------
        data : bytes
            A file of one page in this format, as `encode_bilevel`,
            `encode_grey` and `encode_change_map` make them.

        Raises
        ------
        ParameterError
            The format holds one page, or the file would get too long.
        WriteError
            The file cannot be written.
        """
        if self.count:
            check_pages(self._format)
        try:
            with self._naming():
                tiff = FORMATS[self._format].pages
                self._chain.append(data) if tiff else self._stream.write(data)
        except struct.error as error:  # places in a TIFF have 32 bits
            raise ParameterError(
                "output", "would have more than 4 GB; write the pages into files of their own"
            ) from error
        self.count += 1

    def sha256(self) -> str:
        """Return the SHA-256 of the file so far, in hex; the stream must be readable."""
        stream: Any = self._stream
        with self._naming():
            stream.flush()
            stream.seek(0)
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        """Name the file in what the system says."""
        try:
            yield
        except OSError as error:
            if self._name is None:
                raise
            raise_write_error(os.fsdecode(self._name), error)


def check_pages(format: str) -> None:  # noqa: A002
    """Refuse several pages in a format that holds one."""
    if not FORMATS[format].pages:
        raise ParameterError("output", f"{format} holds one page; write a TIFF for several")


def _encoded(page: Picture | Array, kind: str, compression: str | None) -> bytes:
    """Return one page as a file of its own."""
    pixels = page.pixels if isinstance(page, Picture) else np.asarray(page)
    bilevel = pixels.dtype == np.bool_
    options = kept_notes(page, kind, bilevel=bilevel) if isinstance(page, Picture) else {}
    if compression is not None:
        options["compression"] = compression
    return (encode_bilevel if bilevel else encode_grey)(pixels, kind, **options)

"""How sure each pixel of a picture is, as a file beside the result."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Self

from ..errors import ParameterError, ReadError
from ..io import PageWriter, Picture, encode_grey, format_of
from ..result import DenoiseResult

__all__ = ["WRITING", "Sure"]

#: Bytes a pixel while a page is encoded.
WRITING = 31
_IN_MEMORY = 1 << 24  # bytes; more wait in a temporary file


class Sure:
    """Gathers the probabilities of a job, page by page.

    Parameters
    ----------
    path : pathlib.Path or None
        The file to be written; None: nothing is gathered.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            self._kind = format_of(path)
            waiting: Any = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with this
            self._stream = waiting
            self._writer = PageWriter(waiting, self._kind, path)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forget what was gathered."""
        if self._path is not None:
            self._stream.close()

    def add(self, picture: Picture, result: DenoiseResult, pages: int) -> None:
        """Add the probabilities of a page.

        Raises
        ------
        ReadError
            The file has several pages, and the format holds one.
        ParameterError
            The engine has none.
        WriteError
            There is no room for what waits to be written.
        """
        if self._path is None:
            return
        if pages > 1 and self._kind != "TIFF":
            raise ReadError(
                picture.path,
                f"holds {pages} pages, and {self._kind} one; take --probability tif, or choose "
                "one with --frame",
            )
        if result.probability is None:
            raise ParameterError(
                "probability", f"engine {result.settings['engine']['name']} has none"
            )
        self._writer.append(encode_grey(result.probability, self._kind, dpi=picture.dpi))

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the file, in hex, or None."""
        if self._path is None:
            return None
        self._stream.seek(0)
        return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def copy_to(self, stream: BinaryIO) -> None:
        """Write the file."""
        self._stream.seek(0)
        shutil.copyfileobj(self._stream, stream)

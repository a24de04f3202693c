"""TIFFs of one page joined into one of many.

A TIFF is a chain of directories, each of which names the next one by its place
in the file. A page written as a file of its own can therefore be put behind
others once every place it mentions has been moved (TIFF 6.0, section 2).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

__all__ = ["TiffChain"]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SHORT, _LONG = 3, 4
_PLACES = {273, 324}  # tags whose values are places in the file: those of strips and of tiles
_ALIGNED = 16


class TiffChain:
    """Pages appended to a file, one at a time.

    Parameters
    ----------
    stream : BinaryIO
        Empty, open for writing, seekable.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._end = 0
        self._link = 0  # where the place of the next directory belongs

    def append(self, data: bytes) -> None:
        """Put a page behind the pages there are, and link it to them.

        Parameters
        ----------
        data : bytes
            A classic TIFF of one page, of the same byte order as the others.

        Raises
        ------
        struct.error
            The file would outgrow the 32 bits of a place.
        """
        base = -(-self._end // _ALIGNED) * _ALIGNED
        order = "<" if data[:2] == b"II" else ">"
        (directory,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, directory)
        page = bytearray(data)
        if base:  # the first page stays as it is, byte for byte
            for entry in range(directory + 2, directory + 2 + 12 * count, 12):
                _move(page, entry, base, order)
        self._stream.seek(self._end)
        self._stream.write(bytes(base - self._end) + page)
        if self._link:
            self._stream.seek(self._link)
            self._stream.write(struct.pack(f"{order}I", base + directory))
        self._link = base + directory + 2 + 12 * count
        self._end = base + len(page)


def _move(page: bytearray, entry: int, base: int, order: str) -> None:
    """Add `base` to every place that one entry of a directory mentions."""
    tag, kind, count, value = struct.unpack_from(f"{order}HHII", page, entry)
    outside = _SIZES[kind] * count > 4
    if tag not in _PLACES:
        if outside:
            struct.pack_into(f"{order}I", page, entry + 8, value + base)
        return
    code = f"{order}{count}{'H' if kind == _SHORT else 'I'}"
    places = struct.unpack_from(code, page, value if outside else entry + 8)
    moved = struct.pack(f"{order}{count}I", *(place + base for place in places))
    if count == 1:
        page[entry + 8 : entry + 12] = moved
    else:  # a list behind the page, since 16 bits may have been enough before and are no longer
        page += bytes(len(page) % 2)
        struct.pack_into(f"{order}I", page, entry + 8, len(page) + base)
        page += moved
    struct.pack_into(f"{order}H", page, entry + 2, _LONG)

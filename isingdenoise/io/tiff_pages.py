"""The pages of a TIFF, listed without decoding or even opening them one by one.

Pillow can count pages too, but reads all tags of each page twice to do so, and
compares its place with those of all pages before. A list must be cheap: it is
what tells an honest file from one made to keep a reader busy.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple

from isingdenoise.deadline import check_deadline
from isingdenoise.errors import ReadError
from isingdenoise.io.bounds import Bounds, Listed

__all__ = ["list_tiff_pages"]

_WIDTH, _HEIGHT = 256, 257
_STORED = (279, 325)  # bytes of each strip, of each tile
_TYPES = {1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 16: "Q"}  # of whole numbers
_BIG = 43


class _Form(NamedTuple):
    """How numbers are written: the byte order, and the fields of this kind of TIFF."""

    order: str
    many: str  # entries
    entry: str  # tag, type, how many values, the values or their place
    place: str  # of the next page

    def unpack(self, stream: BinaryIO, kind: str) -> tuple[int, ...]:
        """Read numbers; `struct.error` where the file ends before them."""
        layout = struct.Struct(self.order + kind)
        return layout.unpack(stream.read(layout.size))


def list_tiff_pages(stream: BinaryIO, name: str, bounds: Bounds) -> Listed:
    """Walk along the chain of pages.

    Parameters
    ----------
    stream : BinaryIO
        A TIFF, seekable.
    name : str
        What to call it in messages.
    bounds : Bounds
        Whose `max_pages` ends the walk.

    Returns
    -------
    Listed
        Of a page that cannot be read, which ends the list, the size is 0.

    Raises
    ------
    ReadError
        There are too many pages, or their descriptions overlap.
    """
    size = stream.seek(0, os.SEEK_END)
    form, place = _start(stream)
    sizes: list[tuple[int, int]] = []
    seen: set[int] = set()
    described = stored = 0
    while place and place not in seen:
        check_deadline()
        seen.add(place)
        bounds.check_count(len(seen), name, more=True)
        try:
            stream.seek(place)
            entries, length, place = _entries(form, stream)
        except (struct.error, OverflowError, ValueError):  # told when this page is decoded
            sizes.append((0, 0))
            break
        described += length
        if described > 2 * size:
            raise ReadError(
                name, "needs more bytes than it has to describe its pages; make it once more"
            )
        sizes.append((_number(form, entries, _WIDTH), _number(form, entries, _HEIGHT)))
        stored += sum(max(0, sum(_numbers(form, stream, entries, tag))) for tag in _STORED)
    return Listed(sizes, stored)


def _start(stream: BinaryIO) -> tuple[_Form, int]:
    """Return the form of the file, and where its first page is described."""
    stream.seek(0)
    header = stream.read(8)
    order = ">" if header.startswith(b"MM") else "<"
    if header[2] == _BIG:  # where Pillow looks, too
        form = _Form(order, "Q", "HHQ8s", "Q")
    else:
        form = _Form(order, "H", "HHL4s", "L")
        stream.seek(4)
    return form, form.unpack(stream, form.place)[0]


class _Entry(NamedTuple):
    """A tag: its type, how many values, and the values or their place."""

    kind: int
    many: int
    value: bytes


_NONE = _Entry(0, 0, b"")


def _entries(form: _Form, stream: BinaryIO) -> tuple[dict[int, _Entry], int, int]:
    """Return the tags that are described here, the bytes to read for them, and the next place."""
    layout = struct.Struct(form.order + form.entry)
    (count,) = form.unpack(stream, form.many)
    data = stream.read(count * layout.size)
    if len(data) < count * layout.size:
        raise struct.error("the file ends within the description of a page")
    found: dict[int, _Entry] = {}
    for tag, kind, many, value in layout.iter_unpack(data):
        found.setdefault(tag, _Entry(kind, many, value))  # of two, Pillow takes the first
    lists = (found[tag] for tag in _STORED if tag in found)
    length = len(data) + sum(
        entry.many * struct.calcsize("=" + _TYPES.get(entry.kind, "x")) for entry in lists
    )
    try:
        return found, length, form.unpack(stream, form.place)[0]
    except struct.error:
        return found, length, 0  # cut off behind the last page


def _number(form: _Form, entries: dict[int, _Entry], tag: int) -> int:
    """Return a tag's only number, 0 where there is none in its place."""
    kind, many, value = entries.get(tag, _NONE)
    if kind not in _TYPES or many < 1 or struct.calcsize("=" + _TYPES[kind]) > len(value):
        return 0
    return max(0, int(struct.unpack_from(form.order + _TYPES[kind], value)[0]))


def _numbers(
    form: _Form, stream: BinaryIO, entries: dict[int, _Entry], tag: int
) -> tuple[int, ...]:
    """Return all numbers of a tag, none where the file has not so many."""
    kind, many, value = entries.get(tag, _NONE)
    if kind not in _TYPES:
        return ()
    layout = struct.Struct(f"{form.order}{many}{_TYPES[kind]}")
    if layout.size > len(value):
        stream.seek(struct.unpack(form.order + form.place, value)[0])
        value = stream.read(layout.size)
    return layout.unpack(value[: layout.size]) if len(value) >= layout.size else ()

"""The page of a batch: which pictures to look at first, with thumbnails of all of them.

Rows are JSON of one element; thumbnails lie in others, some dozens in each, which are parsed when
their pictures come into sight. So a page of thousands of pictures opens at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IsingDenoiseError
from ..io import encode_preview, read_picture
from ..pipeline import cells, rounded
from .pictures import change_colours, data_uri, shown, shrunk
from .template import head, page

__all__ = ["BATCH_HEAD", "batch_page", "thumbnails"]

_KIND = "batch report"
BATCH_HEAD = head(_KIND).encode()

_SIDE = 104  # pixels of a thumbnail
_TOGETHER = 40  # pictures whose thumbnails are parsed together; a page of the list has as many
_PICTURED = 5000  # pictures with thumbnails; a page of more would be too large for browsers
_TRUSTED = 1.5  # by how much counted changes may differ from those told, to be shown
_ROW = (
    *("input", "output", "error", "stale", "skipped", "warnings", "pages", "pixels"),
    *("changed", "changed_to_white", "changed_to_black", "uncertainty", "status", "seconds"),
)

#: Colours of a change map, as light and as dark as the clean picture is, which stays to be seen.
_TINTS = ((20, 20, 20), (255, 255, 255), (255, 186, 120), (82, 42, 150))

Row = Mapping[str, Any]


def thumbnails(
    source: Path,
    target: Path | None,
    reading: Mapping[str, Any],
    levels: Any = None,
    changed: float | None = None,
) -> list[str | None]:
    """Return the noisy and the clean picture, of several pages the first, as small pictures.

    Parameters
    ----------
    source : pathlib.Path
        The noisy picture.
    target : pathlib.Path or None
        The clean one; None where there is none.
    reading : mapping
        Arguments of `isingdenoise.io.read_picture`, its bounds above all.
    levels : sequence of float, optional
        Grey values of black and white; anything else counts as none.
    changed : float, optional
        Share of pixels that changed. Where the threshold half way between the levels finds
        about as many, they are coloured.

    Returns
    -------
    list of str or None
        Data addresses; None in the place of what cannot be read.
    """
    noisy = _first_page(source, reading)
    clean = None if target is None else _first_page(target, {**reading, "frame": None})
    one = None if noisy is None else data_uri(encode_preview(shown(noisy, _factor(noisy))))
    if clean is None:
        return [one, None]
    clean = clean if clean.dtype == np.bool_ else clean > clean.max() / 2
    small = _coloured(noisy, clean, levels, changed)
    if small is None:
        small = np.rint(255 * shrunk(clean, _factor(clean))).astype(np.uint8)
    return [one, data_uri(encode_preview(small))]


def _coloured(
    noisy: NDArray[Any] | None,
    clean: NDArray[np.bool_],
    levels: Any,
    changed: float | None,
) -> NDArray[np.uint8] | None:
    """Return the clean picture with its changes, None where these cannot be told."""
    if noisy is None or noisy.shape != clean.shape or not changed or not _are_levels(levels):
        return None
    bright = noisy if noisy.dtype == np.bool_ else noisy >= sum(levels) / 2
    share = float(np.mean(bright != clean))
    if not changed / _TRUSTED <= share <= changed * _TRUSTED:
        return None  # under uneven light, or with pixels missing, another threshold counts
    changes = clean.astype(np.int8) - bright
    return change_colours(clean, changes, _factor(clean), _TINTS)


def _are_levels(value: Any) -> bool:
    """Tell whether these are two numbers: a journal may hold anything."""
    return isinstance(value, (list, tuple)) and [*map(type, value)] == [float, float]


def _first_page(path: Path, reading: Mapping[str, Any]) -> NDArray[Any] | None:
    """Return the pixels of a file, None where it cannot be read."""
    frame = reading.get("frame")
    for number in (frame, 0) if frame is None else (frame,):
        try:
            return read_picture(path, **{**reading, "frame": number}).pixels
        except (IsingDenoiseError, MemoryError):
            continue
    return None


def _factor(picture: NDArray[Any]) -> int:
    return int(max(1, -(-max(picture.shape) // _SIDE)))


def batch_page(rows: Callable[[], Iterable[Row]], title: str) -> Iterator[str]:
    """Yield the page of a batch in parts.

    Parameters
    ----------
    rows : callable
        Returns the rows of the report in the order of the report, each time anew: as
        `isingdenoise.batch.report_row` has them, with `thumbnails`.
    title : str
        Of the page.
    """
    found = [_lean(row) for row in rows()]
    failed = sum(row["error"] is not None for row in found)
    warned = sum(bool(row["warnings"]) and row["error"] is None for row in found)
    skipped = sum(bool(row["skipped"]) for row in found)
    yield from page(
        "batch.html.j2",
        _KIND,
        styles=("style.css", "batch.css"),
        scripts=("batch.js",),
        title=title,
        rows=found,
        counts={
            "pictures": len(found),
            "failed": failed,
            "with warnings": warned,
            "up to date": skipped,
        },
        together=_TOGETHER,
        pictured=_PICTURED,
        chunks=_chunks(row.get("thumbnails") or [None, None] for row in _first(rows())),
    )


def _lean(row: Row) -> dict[str, Any]:
    """Return what is shown of a row; cells of noise and coupling as a table has them."""
    lean = {name: row.get(name) for name in _ROW}
    figures = cells(row.get("noise"), row.get("coupling"), row.get("fit"))
    lean["uncertainty"] = rounded(lean["uncertainty"])
    return lean | {"figures": {name: v for name, v in figures.items() if v is not None}}


def _first(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows that have thumbnails."""
    return itertools.islice(iter(rows), _PICTURED)


def _chunks(pairs: Iterable[Any]) -> Iterator[list[Any]]:
    every = iter(pairs)
    while chunk := list(itertools.islice(every, _TOGETHER)):
        yield chunk

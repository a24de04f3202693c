"""How much of a file is taken on: pixels of a page, pixels of all pages, and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isingdenoise.errors import ParameterError, ReadError

__all__ = [
    "DEFAULT_MAX_PAGES",
    "DEFAULT_MAX_PIXELS",
    "DEFAULT_PAGE_PIXELS",
    "Bounds",
    "Listed",
]

DEFAULT_MAX_PIXELS = 20_000_000_000
"""Pixels of all pages together: five times a 500-page scan of A4 at 300 dpi."""

DEFAULT_PAGE_PIXELS = 1_000_000_000
"""Pixels of one page: nearly twice A0 at 600 dpi. There must be memory for them, too."""

DEFAULT_MAX_PAGES = 10_000
"""Pages or frames of a file."""

#: Pages that name more bytes than this many times the file share them. Each byte of
#: an honest file belongs to one page, but for a blank page that is stored once.
_TIMES_THE_FILE = 2

Size = tuple[int, int]


class Listed(NamedTuple):
    """The pages of a file, before any of them is decoded.

    Attributes
    ----------
    sizes : sequence of (int, int)
        Width and height of each.
    stored : int
        Bytes of pixels that the pages name; 0 where nothing tells.
    animated : bool
        Whether a frame takes all those before it.
    """

    sizes: Sequence[Size]
    stored: int = 0
    animated: bool = False


class Bounds(NamedTuple):
    """What the caller allows.

    Attributes
    ----------
    max_pixels : int or None
        Of all pages together. None: `DEFAULT_MAX_PIXELS`, no page with more
        than `DEFAULT_PAGE_PIXELS`, and no pages that share what is stored.
    max_pages : int
        Pages or frames of a file.
    """

    max_pixels: int | None = None
    max_pages: int = DEFAULT_MAX_PAGES

    def check(self) -> None:
        """Raise `ParameterError` for a bound below 1."""
        for name, value in self._asdict().items():
            if value is not None and value < 1:
                raise ParameterError(name, f"must be at least 1, not {value}")

    def check_count(self, count: int, name: str, *, more: bool = False) -> None:
        """Refuse a file of too many pages; `more`: there are others that were not counted."""
        if count > self.max_pages:
            found = f"more than {count - 1}" if more else f"{count}"
            what = f"has {found} pages or frames"
            what += "" if more else f", more than the limit of {self.max_pages}"
            raise ReadError(name, what, "max_pages")

    def check_page(self, size: Size, name: str, prefix: str = "") -> None:
        """Refuse a page of too many pixels, or of none; `size` is width and height."""
        width, height = size
        limit = DEFAULT_PAGE_PIXELS if self.max_pixels is None else self.max_pixels
        if width * height > limit:
            what = f"{prefix}has {width} x {height} pixels, more than the limit of {limit}"
            raise ReadError(name, what, "max_pixels")
        if width < 1 or height < 1:
            what = f"{prefix}has no pixels ({width} x {height}); give another picture"
            raise ReadError(name, what)

    def check_pages(self, listed: Listed, name: str, size: int, frame: int | None = None) -> None:
        """Refuse pages, or one of them, that are too much together, before any is decoded.

        Parameters
        ----------
        listed : Listed
            All pages.
        name : str
            Of the file, for messages.
        size : int
            Its length in bytes.
        frame : int or None
            The only page that will be decoded; None: all of them.
        """
        sizes = list(listed.sizes)
        if frame is not None:
            sizes = sizes[: frame + 1] if listed.animated else sizes[frame : frame + 1]
        for number, page in enumerate(sizes, 1):
            if page[0] * page[1]:  # a page without pixels has its say when it is decoded
                several = frame is None and len(sizes) > 1
                self.check_page(page, name, f"page {number} of {len(sizes)} " if several else "")
        total = sum(width * height for width, height in sizes)
        kind = "frames" if listed.animated else "pages"
        self.check_total(total, len(sizes), name, kind)
        shared = len(sizes) > 1 and listed.stored > _TIMES_THE_FILE * size
        if shared and self.max_pixels is None:
            what = (
                f"has {total} pixels on {len(sizes)} {kind} that share what is stored: they name "
                f"{listed.stored} bytes of a file of {size}"
            )
            raise ReadError(name, what, f"shared_pages:{total}")

    def check_total(self, total: int, count: int, name: str, kind: str = "pages") -> None:
        """Refuse so many pixels on so many pages together."""
        limit = DEFAULT_MAX_PIXELS if self.max_pixels is None else self.max_pixels
        if total > limit:
            what = f"has {total} pixels on {count} {kind}, more than the limit of {limit}"
            raise ReadError(name, what, "max_pixels")

"""Which pages and which samples of a file are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from isingdenoise.errors import ReadError, printable
from isingdenoise.io.microscopy import Microscopy, microscopy_of

__all__ = ["Asked"]

_DESCRIPTION, _ACROSS, _DOWN, _UNIT = 270, 282, 283, 296
_NAMES = 200  # characters of names that are told


@dataclass(frozen=True)
class Asked:
    """The pages to read, and what of them.

    Attributes
    ----------
    pages : sequence of int
        Numbers of pages in the file, from 0.
    band : int or None
        Which sample of a pixel, from 0; None takes all of them for a colour.
    microscopy : Microscopy or None
        What the description of the first page says.
    """

    pages: range | list[int]
    band: int | None
    microscopy: Microscopy | None = None

    @classmethod
    def of(cls, image: Any, count: int, channel: int | None, name: str) -> Asked:
        """Find the pages of a channel.

        Parameters
        ----------
        image : PIL.ImageFile.ImageFile or OtherTiff
            At its first page.
        count : int
            How many pages the file has.
        channel : int or None
            Which channel, from 0. None takes all pages, and refuses channels on pages of
            their own: they show one place in different light, and are no pages of a text.
        name : str
            Of the file, for messages.

        Raises
        ------
        ReadError
            None is chosen of several, or one that is not there.
        """
        said = None
        if image.format == "TIFF":
            tags = image.tag_v2
            said = microscopy_of(tags.get(_DESCRIPTION), _scale(tags))
        if said is None or said.channels == 1 or not said.fits(count):
            return cls(range(count), channel, said)
        if channel is None:
            names = f" ({printable(', '.join(said.names))[:_NAMES]})" if any(said.names) else ""
            raise ReadError(name, f"holds {said.channels} channels{names}", "channel")
        if channel >= said.channels:
            raise ReadError(name, "has no such channel", f"channels:{said.channels}")
        return cls(said.pages(count, channel), None, replace(said, channel=channel))

    def of_one_plane(self) -> Asked:
        """Return the same for a single page of several: nothing lies above or follows it."""
        said = self.microscopy
        return self if said is None else replace(self, microscopy=replace(said, planes=(1, 1)))


def _scale(tags: Any) -> tuple[float, float] | None:
    """Return pixels across and down in a unit of the file's own; None where it is a known one."""
    if tags.get(_UNIT, 2) != 1 or not {_ACROSS, _DOWN} <= tags.keys():
        return None
    across, down = float(tags[_ACROSS]), float(tags[_DOWN])
    return (across, down) if across > 0 and down > 0 else None

"""What became of an input of `run`: as plain values, and as lines."""

from __future__ import annotations

from typing import Any

from isingdenoise.errors import printable
from isingdenoise.pipeline import CleanOptions

from .. import console
from ..options.planning import Planned
from ..options.streams import input_name, output_name
from . import text


def record_of(planned: Planned, pages: list[Any], options: CleanOptions) -> dict[str, Any]:
    """Return what became of an input as plain values with stable keys."""
    places = {name: None if place is None else str(place) for name, place in planned.places.items()}
    changes, film = places.pop("change_map"), places.pop("animation")
    found = (
        pages[0]
        if len(pages) == 1
        else {"pages": [{"page": number, **page} for number, page in enumerate(pages, 1)]}
    )
    more = {"change_map": changes, "mask": options.mask, "protect": options.protect}
    more["animation"] = film
    return {"input": str(planned.source), **places, **found, **more}


def tell(planned: Planned, pages: list[dict[str, Any]]) -> None:
    """Print what became of an input: on stderr where stdout takes the picture."""
    say = console.notice if planned.takes_stdout else console.result
    target = output_name(planned.place)
    say(f"{printable(input_name(planned.source))} -> {printable(target)}")
    for number, record in enumerate(pages, 1):
        indent = "  "
        if len(pages) > 1:
            say(f"  page {number} of {len(pages)}")
            indent = "    "
        for what, words in text.page_lines(record):
            of_interest = what not in text.MEASURED or console.is_verbose()
            (say if of_interest else console.detail)(f"{indent}{what:<9} {words}")
    if (film := planned.places["animation"]) is not None:
        say(f"  {'animation':<9} {printable(film)}")

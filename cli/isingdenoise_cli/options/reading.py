"""How much of a file is read, and how long it may take."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import click

from isingdenoise.io import DEFAULT_MAX_PAGES, DEFAULT_MAX_PIXELS, DEFAULT_PAGE_PIXELS

from .values import Seconds

Command = Callable[..., Any]


def reading_options(command: Command) -> Command:
    """Add --frame, --channel and bounds, as one argument `reading` for `read_picture`."""

    @functools.wraps(command)
    def gathered(
        *,
        frame: int | None,
        channel: int | None,
        max_pixels: int | None,
        max_pages: int,
        **given: Any,
    ) -> Any:
        reading = {"frame": frame, "max_pixels": max_pixels, "max_pages": max_pages}
        reading["channel"] = None if channel is None else channel - 1  # the library counts from 0
        return command(reading=reading, **given)

    return all_of(
        [
            click.option(
                "--frame",
                type=click.IntRange(0),
                help="Read this page or frame only; 0 is the first.",
            ),
            click.option(
                "--channel",
                type=click.IntRange(1),
                help="Read this channel only; 1 is the first. Colours have three; without it "
                "they are taken by their luminance, and channels of a microscope are refused.",
            ),
            click.option(
                "--max-pixels",
                type=click.IntRange(1),
                help="Refuse files with more pixels on all pages, before decoding. Default: "
                f"{DEFAULT_MAX_PIXELS:,}, at most {DEFAULT_PAGE_PIXELS:,} on a page, and no pages "
                "that share stored data. A page must fit into memory in any case.",
            ),
            click.option(
                "--max-pages",
                type=click.IntRange(1),
                default=DEFAULT_MAX_PAGES,
                show_default=True,
                help="Refuse files with more pages or frames.",
            ),
        ],
        gathered,
    )


timeout_option = click.option(
    "--timeout",
    type=Seconds(),
    help="Give up a picture after this time. Checked while reading, before each page and between "
    "rounds; decoding of a page is not interrupted (limit it with --max-pixels).",
)


def all_of(options: Iterable[Command], command: Command) -> Command:
    """Apply options so that the help lists them in this order."""
    for option in reversed(list(options)):
        command = option(command)
    return command

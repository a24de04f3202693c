"""How much of a file is read, and how long it may take."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import click

from isingdenoise.io import DEFAULT_MAX_PAGES, DEFAULT_MAX_PIXELS, DEFAULT_PAGE_PIXELS

from .values import Seconds, Whole

Command = Callable[..., Any]

#: Headings in the help, of what several commands have.
READING = "Reading"
OUTPUT = "Output"
LEARNING = "Learning"


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
        place = None if frame is None else frame - 1  # the library counts from 0
        reading = {"frame": place, "max_pixels": max_pixels, "max_pages": max_pages}
        reading["channel"] = None if channel is None else channel - 1
        return command(reading=reading, **given)

    frame_option = click.option(
        "--frame",
        type=Whole(1),
        help="Read this page or frame only; 1 is the first.",
    )
    return all_of([frame_option, *_BOUNDS], gathered, READING)


def stack_options(command: Command) -> Command:
    """Add --channel and bounds, as one argument `reading` for `read_volume`."""

    @functools.wraps(command)
    def gathered(
        *, channel: int | None, max_pixels: int | None, max_pages: int, **given: Any
    ) -> Any:
        place = None if channel is None else channel - 1  # the library counts from 0
        reading = {"channel": place, "max_pixels": max_pixels, "max_pages": max_pages}
        return command(reading=reading, **given)

    return all_of(_BOUNDS, gathered, READING)


_BOUNDS = [
    click.option(
        "--channel",
        type=Whole(1),
        help="Read this channel only; 1 is the first. Colours have three; without it "
        "they are taken by their luminance, and channels of a microscope are refused.",
    ),
    click.option(
        "--max-pixels",
        type=Whole(1),
        help="Refuse files with more pixels on all pages, before decoding. Default: "
        f"{DEFAULT_MAX_PIXELS:,}, at most {DEFAULT_PAGE_PIXELS:,} on a page, and no pages "
        "that share stored data. A page must fit into memory in any case.",
    ),
    click.option(
        "--max-pages",
        type=Whole(1),
        default=DEFAULT_MAX_PAGES,
        show_default=True,
        help="Refuse files with more pages or frames.",
    ),
]


def timeout_option(command: Command) -> Command:
    """Add --timeout."""
    option = click.option(
        "--timeout",
        type=Seconds(),
        help="Give up a picture after this time. Checked while reading, before each page and "
        "between rounds; decoding of a page is not interrupted (limit it with --max-pixels).",
    )
    return all_of([option], command, READING)


def all_of(options: Iterable[Command], command: Command, heading: str | None = None) -> Command:
    """Apply options so that the help lists them in this order, under a heading of their own."""
    before = {id(param) for param in getattr(command, "__click_params__", ())}
    for option in reversed(list(options)):
        command = option(command)
    params: list[Any] = getattr(command, "__click_params__", [])
    for param in params:
        if heading is not None and id(param) not in before:
            param.heading = heading
    return command

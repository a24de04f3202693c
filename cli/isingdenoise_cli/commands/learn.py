"""`isingdenoise learn`: noise and coupling of all pages of one scanner."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import click

from isingdenoise.errors import ParameterError, ReadError, printable
from isingdenoise.learning.svi import Learned, State
from isingdenoise.pipeline import CleanOptions

from .. import console
from .. import options as o
from ..framework.config import LEARNED
from ..framework.configfile import read_file
from ..options.learning import Learning, learning_options

SOME_FAILED = 1

HELP = """Estimate noise and coupling of all pages of one scanner.

Look at every picture in FOLDER and write one file of settings for all of
them, which 'batch' and 'run' take as --config: they need not estimate
anything then, and treat all pages alike. Pages that are not like the
others are told of; clean them without these settings. Where most pages
need no cleaning, or no noise model is that of most, the settings leave
noise and coupling to each page.

--update goes on from earlier settings with further pages. Of a file of
several pages the first is looked at. If a picture cannot be read, the
failure is reported, the others are learned from, and the exit code is 1.

\b
isingdenoise learn scans/ -o scanner.toml
isingdenoise batch scans/ cleaned/ --config scanner.toml
isingdenoise learn new/ --update scanner.toml -o scanner2.toml
"""


@click.command(help=HELP)
@click.argument("source", metavar="FOLDER", type=o.PATH)
@click.option(
    "-o",
    "--output",
    "target",
    type=o.PATH,
    required=True,
    help="Write the settings to this file (.toml).",
)
@click.option("-r", "--recursive", is_flag=True, help="Read subfolders too.")
@click.option("--update", type=o.PATH, help="Read this file of 'learn', and go on from it.")
@learning_options
@o.reading_options
@o.noise_options
@o.force_option
@o.json_option
@o.clean_options
def learn(
    source: Path,
    target: Path,
    recursive: bool,
    update: Path | None,
    learning: Learning,
    options: CleanOptions,
    force: bool,
    as_json: bool,
) -> int:
    """Estimate noise and coupling of all pages of one scanner."""
    from isingdenoise.batch import FolderPages
    from isingdenoise.io import sweep, write_bytes_atomically

    from ..render import learned, text
    from ..render.json import print_json

    if target.suffix.lower() != ".toml":
        raise ParameterError("-o", f"{printable(target)} must end in .toml")
    start = None if update is None else _state(update)
    with o.named(pages="--pages"):
        pages = FolderPages(
            source, options, recursive=recursive, most=learning.pages, seed=options.seed or 0
        )
    if not len(pages):
        raise ReadError(source, "holds no pictures; name the folder that does, or add -r")
    with o.named(output="-o"):
        checked = o.checked_output(target, overwrite=force)
    text.say_if_cold()
    found = _learned(pages, options, learning, start)
    for fit in found.failed:
        console.error(learned.page_line(pages, fit))
    if not any(fit.error is None for fit in found.fits):
        raise ReadError(source, "holds no picture that can be read")
    for fit in found.apart:
        console.warning(pages.path(fit.page), f"is not like the other pages: {fit.reason}")
    if found.noise is None:
        left = "the settings leave noise and coupling to each page"
        console.warning(source, "; ".join([*found.notes, left]))
    sweep(target.parent)
    lines = learned.settings_lines(found, source, options.background)
    write_bytes_atomically(checked, learned.text_of(lines), overwrite=force)
    if as_json:
        places = {"input": source, "output": target, "update": update}
        print_json(learned.record(found, pages, places))
    else:
        for what, words in learned.rows(found, target, options.background):
            console.result(f"{what:<9}  {words}")
    return SOME_FAILED if found.failed else 0


def _state(path: Path) -> State:
    """Return what an earlier run has left in its settings."""
    content = read_file(path)
    if not isinstance(content.get(LEARNED), dict):
        message = f"{printable(path)} has no table [{LEARNED}]; name a file that 'learn' wrote"
        raise ParameterError("--update", message)
    with o.named(start="--update"):
        return State.from_record(content[LEARNED])


def _learned(pages: Any, options: CleanOptions, learning: Learning, start: State | None) -> Learned:
    """Go through the pages, with a bar that tells how far; return what they have in common."""
    from isingdenoise.learning.svi import learn_stepwise, visits

    steps: Generator[int, None, Learned] = learn_stepwise(
        pages,
        options.noise,
        background=options.background,
        **learning.steps(),
        rng=options.seed,
        start=start,
    )
    found: list[Learned] = []

    def visited() -> Iterator[int]:
        found.append((yield from steps))

    total = visits(len(pages), epochs=learning.epochs, method=learning.method)
    with console.progress(visited(), total, "learning") as progress:
        for _ in progress:
            pass
    return found[0]

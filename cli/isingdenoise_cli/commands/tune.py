"""`isingdenoise tune`: sliders for one picture, in a browser on this machine."""

from __future__ import annotations

import contextlib
import os
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError, printable
from isingdenoise.pipeline import CleanOptions

from .. import console
from .. import options as o
from ..framework import process
from ..framework.usage import worded
from ..options import planning
from ..options.targets import Wanted
from ..options.tuning import Tuned
from ..options.values import Whole
from ..options.writing import Writing

if TYPE_CHECKING:
    from socket import socket

    from isingdenoise.pipeline import Job
    from isingdenoise.tuning import Served, Session

HELP = """Tune the settings of one picture in a browser.

Serve a page with sliders for noise, coupling, prior and threshold to this
machine alone, and print its address; Ctrl-C ends it. The page shows the
picture before and after, what changed and how sure each pixel is, and the
command that does the same. Its Save button writes what -o says; an existing
file is replaced only with --force. Of several pages the first is shown, and
all are written.

\b
isingdenoise tune noisy.png
isingdenoise tune page.tif -o clean.tif --no-browser --port 8000
"""


@click.command(help=HELP)
@click.argument("picture", metavar="INPUT", type=o.PATH)
@click.option(
    "-o", "--output", type=o.PATH, help="Output file of the Save button. Default: as run."
)
@click.option(
    "--port",
    type=Whole(0, 65535),
    default=0,
    help="Serve at this port of 127.0.0.1. Default: one that is free.",
)
@click.option("--no-browser", is_flag=True, help="Print the address only; open no browser.")
@o.reading_options
@o.noise_options
@o.solver_options
@o.force_option
@o.clean_options
def tune(
    picture: Path,
    output: Path | None,
    port: int,
    no_browser: bool,
    options: CleanOptions,
    force: bool,
) -> None:
    """Tune the settings of one picture in a browser."""
    from isingdenoise import tuning

    if missing := tuning.missing_packages():
        message = (
            f"needs {' and '.join(missing)}; install them with: pip install 'isingdenoise[tune]'"
        )
        raise click.UsageError(message)
    wanted = Wanted(output, Writing(None, None), None, None)
    # what nobody named is refused when it is saved, and not before
    planned = planning.plan((picture,), wanted, [], force or output is None)[0]
    if planned.job is None:
        raise planned.error or ParameterError("INPUT", "is none")
    with o.named(port="--port"):
        listening = tuning.open_port(port)
    with listening:
        files = (_word(picture), *(() if output is None else ("-o", _word(output))))
        session = _session(picture, planned.job, files, options, force)
        number = listening.getsockname()[1]
        target = str(planned.job.target)
        served = tuning.Served.new(session, picture.name, target, number, worded)
        _until_interrupted(served, listening, f"tuning {printable(picture)}", not no_browser)


def _session(
    picture: Path, job: Job, files: tuple[str, ...], options: CleanOptions, force: bool
) -> Session:
    """Estimate where the sliders start, and solve once, so that the first answer is quick."""
    from isingdenoise import learning, tuning
    from isingdenoise.io import read_pages
    from isingdenoise.noise import NoiseSpec

    from ..render import text

    with console.step("reading"):
        pages = read_pages(picture, **options.reading(), besides=options.memory)
        pixels = next(iter(pages)).pixels
        del pages  # closes the file
    text.say_if_cold()
    with text.notices(picture), console.step("estimates"):
        prepared = options.prepare(pixels)
        if prepared.light is not None:  # of a model that is named, light is estimated or even
            named = NoiseSpec(prepared.noise.name) if options.chosen else options.noise
            options = replace(options, noise=named, background="auto")
            prepared = options.prepare(pixels)
        strength = options.coupling
        if not isinstance(strength, Coupling):
            strength = learning.estimate(prepared.picture, prepared.choice).coupling
    light = None if prepared.light is None else options.background
    base = replace(options, background=light)
    words = Tuned(files, prepared.noise, strength, base)
    controls = tuning.controls_of(prepared.noise, strength)
    session = tuning.Session(pixels, prepared.light, controls, words, job, force=force)
    session.answer(session.start)
    process.obey()
    return session


def _until_interrupted(served: Served, listening: socket, what: str, browse: bool) -> None:
    """Serve; Ctrl-C is the way to end it, other signals end it as they end all commands."""
    from isingdenoise import tuning

    try:
        console.result(f"{what} at {served.address}")
        console.notice("Ctrl-C ends it")
        if browse:
            with contextlib.suppress(Exception):  # there may be none; the address stands there
                webbrowser.open(served.address)
        tuning.serve(served, listening)
    except process.Terminated:
        raise
    except KeyboardInterrupt:
        pass
    console.notice("ended")


def _word(path: Path) -> str:
    """Return a file as a word that is no option."""
    name = os.fspath(path)
    return f"./{name}" if name.startswith("-") else name

"""`isingdenoise estimate`: what a picture says about its noise and its coupling."""

from __future__ import annotations

from pathlib import Path

import click

from isingdenoise._version import __version__
from isingdenoise.pipeline import CleanOptions, light_record, noise_record

from .. import console
from .. import options as o
from ..options import streams
from ..options.streams import Place
from ..render import figures

HELP = """Estimate noise and coupling of one picture.

Print the values that 'run' would use by default. A fifth of the pixels is
hidden; the coupling is the one that predicts their grey values best.
--plot draws the fit: the histogram with the densities of black and white,
what is left of the picture without its levels, which looks like noise where
the model fits, and the score of each coupling that was tried. '-' reads
standard input.

\b
isingdenoise estimate noisy.png
isingdenoise estimate page.png --background auto --noise gaussian --plot fit.png
"""


@click.command(help=HELP)
@click.argument("picture", metavar="INPUT", type=o.PLACE)
@o.plot_option
@o.only_mask_option
@o.reading_options
@o.noise_options
@o.force_option
@o.json_option
@o.clean_options
def estimate(
    picture: Place,
    plot: Path | None,
    options: CleanOptions,
    force: bool,
    as_json: bool,
) -> None:
    """Estimate noise and coupling of one picture."""
    from isingdenoise import learning
    from isingdenoise.io import read_picture

    from ..render import text
    from ..render.json import print_json

    for place in (picture, *options.files):
        streams.check_source(place)
    figure_place = o.check_figure(plot, streams.paths(picture, *options.files), force)
    with console.step("reading"):
        pixels = read_picture(
            **streams.source(picture), **options.reading(), besides=options.memory
        ).pixels
    known = options.known(pixels.shape)
    text.say_if_cold()
    with text.notices(streams.input_name(picture)):
        with console.step("noise and light"):
            prepared = options.prepare(pixels, known)
        found = learning.estimate(prepared.picture, prepared.choice, mask=known)
    if figure_place is not None:
        figures.write_figure(figures.of_estimate(prepared, found, known), figure_place, force)
    noise = noise_record(prepared.noise, options.chosen)
    light = light_record(options.background, prepared.light)
    if as_json:
        record = {"input": str(picture), "version": __version__, "noise": noise, **found.record()}
        print_json({**record, "mask": options.mask, "plot": plot, **light})
        return
    tried = len({coupling for coupling, _ in found.curve})
    bias, slope = found.calibration.bias, found.calibration.slope
    rows = [
        ("noise", text.describe_noise(noise)),
        *text.fit_line(found.record()),
        *text.light_line(light),
        ("coupling", str(found.coupling)),
    ]
    if found.hidden:  # none are, where the picture is left alone
        rows += [
            ("calibration", f"bias {bias:.3g}, slope {slope:.3g}"),
            ("score", f"{found.score:.5g} nats for each of {found.hidden} hidden pixels"),
            ("tried", f"{tried} couplings in {found.seconds:.2g} s"),
        ]
    for what, words in rows:
        console.result(f"{what:<11}  {words}")

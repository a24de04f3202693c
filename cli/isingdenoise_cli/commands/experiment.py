"""`isingdenoise experiment`: methods measured on models whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.errors import WriteError

from .. import console
from .. import options as o
from ..options.picture import named
from ..render import figures

if TYPE_CHECKING:
    from isingdenoise.io import Checked

HELP = """Measure methods where the answer is known.

'gradients' compares Monte Carlo gradients of the evidence lower bound with
the exact one, on a picture of 16 x 16 made up for it: bias, variance, error
and time by the number of samples, at mean field's optimum and away from it.
With -o the figures are written into a folder, which is made if there is none:
a drawing as PNG and as SVG, and the numbers as CSV.

\b
isingdenoise experiment gradients
isingdenoise experiment gradients -o measured/ --repeats 1000
"""

_COLUMNS = (
    *("estimator", "samples", "bias_rms", "bias_rms_noise", "variance", "variance_worst"),
    *("mse", "seconds"),
)


@click.command(help=HELP)
@click.argument("name", metavar="NAME", type=click.Choice(["gradients"]))
@click.option("-o", "--output", type=o.PATH, help="Write drawings and numbers into this folder.")
@click.option(
    "--repeats",
    type=click.IntRange(2, 100_000),
    default=100,
    show_default=True,
    help="Set how many estimates each number is found from.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random numbers.")
@o.force_option
def experiment(name: str, output: Path | None, repeats: int, seed: int, force: bool) -> None:
    """Measure methods where the answer is known."""
    from isingdenoise.gradient_experiment import at_two_places

    from ..render import text
    from ..render.table import print_table

    places = {} if output is None else _places(output, name, force)
    text.say_if_cold()
    with named(rng="--seed"):
        found = at_two_places(repeats=repeats, rng=seed)
    panels = {where: [row.record() for row in rows] for where, rows in found.items()}
    if places:
        _write(places, panels, force)
    for number, (where, records) in enumerate(panels.items()):
        console.result(f"{'' if number == 0 else chr(10)}{where}\n")
        print_table([{key: _text(record[key]) for key in _COLUMNS} for record in records])
    for place in places.values():
        console.result(f"{'' if place is not next(iter(places.values())) else chr(10)}{place.name}")


def _places(folder: Path, name: str, force: bool) -> dict[str, Checked]:
    """Make the folder where there is none; return where each file goes, by its suffix."""
    from isingdenoise.io import check_output

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WriteError(folder, f"cannot be made ({reason.lower()}); choose another") from error
    names = {kind: folder / f"{name}.{kind}" for kind in ("png", "svg", "csv")}
    return {kind: check_output(path, overwrite=force) for kind, path in names.items()}


def _write(
    places: Mapping[str, Checked], panels: Mapping[str, Sequence[Mapping[str, Any]]], force: bool
) -> None:
    """Write all files, each whole or not at all; what is to be written is made before."""
    from isingdenoise.io import sweep, write_bytes_atomically

    module = figures.plotting()
    figure = module.gradient_figure(panels)
    data = {kind: module.render(figure, kind) for kind in ("png", "svg")}
    data["csv"] = _csv(panels)
    sweep(Path(places["csv"].name).parent)
    for kind, place in places.items():
        write_bytes_atomically(place, data[kind], overwrite=force)


def _csv(panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """Return the records as CSV, the place in a first column."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, (where, records) in enumerate(panels.items()):
        if number == 0:
            writer.writerow(["place", *records[0]])
        writer.writerows([where, *record.values()] for record in records)
    return text.getvalue().encode()


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

"""`isingdenoise experiment`: methods measured on models whose answer is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.errors import WriteError

from .. import console
from .. import options as o
from ..options.generative import count_option
from ..options.picture import named
from ..options.values import Whole, Words
from ..render import figures

if TYPE_CHECKING:
    from isingdenoise.io import Checked

HELP = """Measure methods where the answer is known.

'gradients' compares Monte Carlo gradients of the evidence lower bound with
the exact one, on a picture of 16 x 16 made up for it: bias, variance, error
and time by the number of samples, at mean field's optimum and away from it.
'vae' learns four variational autoencoders of glyphs, with and without KL
annealing and a flow, and compares bounds on log p of glyphs not learned from
(it needs PyTorch). With -o the figures are written into a folder, which is
made if there is none: a drawing as PNG and as SVG, and the numbers as CSV.

\b
isingdenoise experiment gradients
isingdenoise experiment gradients -o measured/ --repeats 1000
isingdenoise experiment vae -o measured/
"""

_COLUMNS = {
    "gradients": (
        *("estimator", "samples", "bias_rms", "bias_rms_noise", "variance", "variance_worst"),
        *("mse", "seconds"),
    ),
    "vae": (
        *("model", "active_units", "reconstruction", "divergence"),
        *("bound_1", "bound_8", "bound_64", "bound_512", "seconds"),
    ),
}
Panels = Mapping[str, Sequence[Mapping[str, Any]]]


@click.command(help=HELP)
@click.argument("name", metavar="NAME", type=Words(list(_COLUMNS)))
@click.option("-o", "--output", type=o.PATH, help="Write drawings and numbers into this folder.")
@click.option(
    "--repeats",
    type=Whole(2, 100_000),
    default=100,
    show_default=True,
    help="Set how many estimates each number of 'gradients' is found from.",
)
@count_option("--steps", 1500, "Set how many steps each model of 'vae' learns.", low=5)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random numbers.")
@o.force_option
def experiment(
    name: str, output: Path | None, repeats: int, steps: int, seed: int, force: bool
) -> None:
    """Measure methods where the answer is known."""
    from ..render import text
    from ..render.table import print_table

    places = {} if output is None else _places(output, name, force)
    with named(rng="--seed"):
        if name == "vae":
            panels: Panels = {"glyphs not learned from": _models(steps, seed)}
        else:
            text.say_if_cold()
            panels = _gradients(repeats, seed)
    if places:
        _write(places, panels, force)
    for number, (where, records) in enumerate(panels.items()):
        console.result(f"{'' if number == 0 else chr(10)}{where}\n")
        print_table(
            [{key: _text(record[key], name) for key in _COLUMNS[name]} for record in records]
        )
    for place in places.values():
        console.result(f"{'' if place is not next(iter(places.values())) else chr(10)}{place.name}")


def _gradients(repeats: int, seed: int) -> Panels:
    from isingdenoise.gradient_experiment import at_two_places

    found = at_two_places(repeats=repeats, rng=seed)
    return {where: [row.record() for row in rows] for where, rows in found.items()}


def _models(steps: int, seed: int) -> list[dict[str, Any]]:
    """Learn the models, with a bar that tells how far."""
    from isingdenoise.generative import annealing_and_flow

    rows: list[dict[str, Any]] = []

    def taken() -> Iterator[int]:
        found = yield from annealing_and_flow(steps=steps, seed=seed)
        rows.extend(row.record() for row in found)

    with console.progress(taken(), 4 * steps, "learning") as progress:
        for _ in progress:
            pass
    return rows


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


def _figure(module: Any, panels: Panels) -> Any:
    first = next(iter(panels.values()))
    return module.bounds_figure(first) if "model" in first[0] else module.gradient_figure(panels)


def _write(places: Mapping[str, Checked], panels: Panels, force: bool) -> None:
    """Write all files, each whole or not at all; what is to be written is made before."""
    from isingdenoise.io import sweep, write_bytes_atomically

    module = figures.plotting()
    figure = _figure(module, panels)
    data = {kind: module.render(figure, kind) for kind in ("png", "svg")}
    data["csv"] = _csv(panels)
    sweep(Path(places["csv"].name).parent)
    for kind, place in places.items():
        write_bytes_atomically(place, data[kind], overwrite=force)


def _csv(panels: Panels) -> bytes:
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


def _text(value: Any, name: str) -> str:
    form = ".2f" if name == "vae" else ".3g"
    return f"{value:{form}}" if isinstance(value, float) else str(value)

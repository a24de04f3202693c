"""`isingdenoise experiment`: the lecture's examples, and methods whose answer is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from isingdenoise.errors import ParameterError, WriteError
from isingdenoise.experiments.lecture import EXPERIMENTS, Experiment, Findings, Plan

from .. import console
from .. import options as o
from ..options.generative import count_option
from ..options.picture import named
from ..options.values import Seeds, Whole, Words, seeds_of
from ..render import figures

if TYPE_CHECKING:
    from isingdenoise.io import Checked

HELP = f"""Measure methods where the answer is known.

Each prints a table, with standard errors over seeds, and what it says in words. With -o its
figure and all its numbers are written into a folder, which is made if there is
none: a drawing as PNG and as SVG, and the numbers as CSV. 'vae' needs PyTorch.

\b
{chr(10).join(f"  {name:<17} {entry.asks}" for name, entry in EXPERIMENTS.items())}

\b
isingdenoise experiment gaussian -o measured/
isingdenoise experiment means-or-samples --seeds 0:50
isingdenoise experiment gradients -o measured/ --repeats 1000
"""


@click.command(help=HELP)
@click.argument("name", metavar="NAME", type=Words(list(EXPERIMENTS)))
@click.option("-o", "--output", type=o.PATH, help="Write drawings and numbers into this folder.")
@click.option(
    "--seeds",
    type=Seeds(),
    metavar="A:B",
    help="Set the seeds of experiments that repeat, e.g. 0:20 for 0 to 19. Default: from 0, as "
    "many as take a minute at most.",
)
@click.option(
    "--repeats",
    type=Whole(2, 100_000),
    default=100,
    show_default=True,
    help="Set how many estimates each number of 'gradients' is found from.",
)
@count_option("--steps", 1500, "Set how many steps each model of 'vae' learns.", low=5)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed of all random numbers of 'gradients' and 'vae'.",
)
@o.force_option
def experiment(
    name: str, output: Path | None, seeds: str | None, force: bool, **given: int
) -> None:
    """Measure methods where the answer is known."""
    from ..render import text
    from ..render.table import print_records

    entry = EXPERIMENTS[name]
    for option in ("seeds", "repeats", "steps", "seed"):
        typed = (
            click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE
        )
        if typed and option not in entry.takes:
            takes = " and ".join(f"--{known}" for known in entry.takes)
            raise ParameterError(f"--{option}", f"does not go with {name}, which takes {takes}")
    plan = Plan(seeds_of(seeds) if seeds else range(entry.seeds), **given)
    places = {} if output is None else _places(output, name, force)
    text.say_if_cold()
    with named(rng="--seed"):
        found = _run(entry, plan)
    if places:
        _write(places, entry, found, force)
    for number, (heading, records) in enumerate(found.tables.items()):
        console.result(f"{'' if number == 0 else chr(10)}{heading}\n")
        print_records(records, entry.columns, entry.form)
    for number, line in enumerate([*found.notes, *(place.name for place in places.values())]):
        first = number in {0, len(found.notes)}
        console.result(f"{chr(10) if first else ''}{line}")


def _run(entry: Experiment, plan: Plan) -> Findings:
    """Run an experiment, with a bar that tells how far it is."""
    found: list[Findings] = []

    def parts() -> Iterator[None]:
        found.append((yield from entry.run(plan)))

    with console.progress(parts(), entry.length(plan), "measuring") as progress:
        for _ in progress:
            pass
    return found[0]


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


def _write(places: Mapping[str, Checked], entry: Experiment, found: Findings, force: bool) -> None:
    """Write all files, each whole or not at all; what is to be written is made before."""
    from isingdenoise.experiments import to_csv
    from isingdenoise.io import sweep, write_bytes_atomically

    module = figures.plotting()
    figure: Any = entry.figure(found)
    data = {kind: module.render(figure, kind) for kind in ("png", "svg")}
    data["csv"] = to_csv(found.rows)
    sweep(Path(places["csv"].name).parent)
    for kind, place in places.items():
        write_bytes_atomically(place, data[kind], overwrite=force)

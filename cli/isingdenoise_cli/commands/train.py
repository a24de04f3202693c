"""`isingdenoise train`: a prior of one's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.errors import ParameterError, ReadError, printable

from .. import console
from .. import options as o
from ..options.training import training_options

if TYPE_CHECKING:
    from isingdenoise.prior import Machine, Network
    from isingdenoise.training.loop import Progress, Trainer
    from isingdenoise.training.plan import Plan

_EVERY = 100  # steps between two saved states
_LINE = 60.0  # seconds between two lines about progress
_PAGES = 64  # of a folder kept in memory

HELP = """Train a prior on clean pictures.

Without --folder the pictures are drawn: text, codes, line art, shapes,
halftones. With it, parts are cut out of the clean two-level pictures of a
folder; one picture in ten is kept apart to tell how good the prior is. The
file of weights goes to 'run --prior', 'batch --prior' and '-O prior=FILE'.
--start begins with the weights of a file, or with those of the package
('learned'): a folder is then learned in a tenth of the steps. --kind machine
trains the Boltzmann machine of the engine boltzmann ('-O boltzmann.prior=FILE').

A run keeps its state beside the output every 100 steps: --resume goes on
from it after an interrupt, and ends as if there had been none. The same
seed gives the same weights on the same machine.

This needs PyTorch: pip install 'isingdenoise[learn]'.

\b
isingdenoise train -o drawn.npz
isingdenoise train --folder clean_pages/ -o pages.npz --start learned --steps 2000
isingdenoise run noisy.png --prior pages.npz
"""


@click.command(help=HELP)
@click.option("-o", "--output", "target", type=o.PATH, required=True,
              help="Write the weights to this file (.npz).")  # fmt: skip
@click.option("--folder", type=o.PATH, help="Cut pictures out of the clean ones of this folder.")
@click.option("-r", "--recursive", is_flag=True, help="Read subfolders too.")
@click.option("--resume", is_flag=True, help="Read the state beside the output, and go on.")
@training_options
@o.force_option
@o.json_option
def train(
    target: Path,
    folder: Path | None,
    recursive: bool,
    resume: bool,
    plan: Plan,
    start: Network | Machine | None,
    force: bool,
    as_json: bool,
) -> None:
    """Train a prior on clean pictures."""
    if find_spec("torch") is None:
        raise ParameterError("train", "needs PyTorch; pip install 'isingdenoise[learn]'")
    from isingdenoise.io import write_bytes_atomically
    from isingdenoise.training.examples import of_folder, of_own_drawing
    from isingdenoise.training.loop import Trainer
    from isingdenoise.training.weights import weights_file

    from ..render.json import print_json
    from ..render.training import print_validation, record

    if target.suffix.lower() != ".npz":
        raise ParameterError("-o", f"{printable(target)} must end in .npz")
    with o.named(output="-o"):
        checked = o.checked_output(target, overwrite=force)
    state = target.with_name(f"{target.name}.state")
    if folder is None:
        pictures = of_own_drawing(plan)
    else:
        pictures = of_folder(plan, *_pages(folder, recursive))
    trainer = Trainer(plan, pictures.training, start)
    if resume:
        if not state.is_file():
            raise ReadError(state, "is not there; start without --resume")
        trainer.load(state)
    elif state.exists() and not force:
        raise ParameterError(
            "-o", f"{printable(state)} is there: add --resume to go on with it, or --force"
        )
    _train(trainer, plan, state)
    about = {"pictures": pictures.name, "plan": asdict(plan)}
    write_bytes_atomically(checked, weights_file(trainer.average, about), overwrite=force)
    state.unlink(missing_ok=True)
    found = pictures.judged(trainer.average, plan)
    if as_json:
        print_json({"output": target, **about, **record(found)})
    else:
        print_validation(found)
        console.result(f"{printable(target)}")


def _train(trainer: Trainer, plan: Plan, state: Path) -> None:
    """Take all steps that are left, keep the state, and tell how it goes."""
    last = time.monotonic()

    def said(progress: Progress) -> None:
        nonlocal last
        trainer.save(state)
        if time.monotonic() - last >= _LINE or progress.step == plan.steps:
            last = time.monotonic()
            console.notice(f"step {progress.step} of {plan.steps}, loss {progress.loss:.4g}")

    def steps() -> Iterator[int]:
        yield from range(trainer.step, plan.steps)

    with console.progress(steps(), plan.steps - trainer.step, "training") as walk:
        trainer.run(walk, said, _EVERY)


def _pages(folder: Path, recursive: bool) -> tuple[int, Any]:
    """Return how many pictures a folder has, and what reads one."""
    from isingdenoise.batch import FolderPages
    from isingdenoise.io import read_clean
    from isingdenoise.pipeline import CleanOptions

    pages = FolderPages(folder, CleanOptions(), recursive=recursive)
    if not len(pages):
        raise ReadError(folder, "holds no pictures; name the folder that does, or add -r")

    @lru_cache(maxsize=_PAGES)
    def read(number: int) -> Any:
        return read_clean(pages.path(number), frame=0)

    for number in range(min(len(pages), _PAGES)):
        read(number)  # what cannot be read is told before anything is trained
    return len(pages), read

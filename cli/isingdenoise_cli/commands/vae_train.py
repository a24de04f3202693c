"""`isingdenoise vae train`: a variational autoencoder of glyphs, or of a folder's pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise._version import __version__
from isingdenoise.errors import IsingDenoiseError, ParameterError, ReadError, printable
from isingdenoise.pipeline import CleanOptions

from .. import console
from .. import options as o
from ..options.generative import Sizes, seed_option, size_options

if TYPE_CHECKING:
    from isingdenoise.generative import Trained, Training

_JUDGED = 1000  # patches that the model is judged by
SOME_FAILED = 1

HELP = """Learn a variational autoencoder of glyphs or pictures.

The model is of two-level patches of 32 x 32 pixels: latent numbers that are
normal, and pixels independent given them. It learns from characters drawn
from matplotlib's fonts, or with --folder from windows of clean two-level
pictures; patches that it does not see (other characters of other fonts,
other pictures) judge it in the end. Needs PyTorch: install
isingdenoise[learn].

\b
isingdenoise vae train -o glyphs.npz
isingdenoise vae train -o scans.npz --folder clean/ --plot trace.png
"""


@click.command(help=HELP)
@click.option(
    "-o", "--output", "target", type=o.PATH, required=True, help="Write the model to this .npz."
)
@click.option("--folder", type=o.PATH, help="Read clean pictures of this folder, no glyphs.")
@size_options
@seed_option
@o.plot_option
@o.force_option
@o.json_option
def vae_train(
    target: Path,
    folder: Path | None,
    sizes: Sizes,
    seed: int,
    plot: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Learn a variational autoencoder of glyphs or pictures."""
    from isingdenoise.generative import Architecture, Training, encode_model, validate
    from isingdenoise.io import sweep, write_bytes_atomically

    from ..render import figures, generative

    if target.suffix.lower() != ".npz":
        raise ParameterError("-o", f"{printable(target)} must end in .npz")
    with o.named(output="-o"):
        checked = o.checked_output(target, overwrite=force)
    figure = o.check_figure(plot, [target], force)
    architecture = Architecture(latent=sizes.latent, flow=sizes.flow)
    plan = Training(steps=sizes.steps, batch_size=sizes.batch_size, warmup=sizes.warmup)
    started = time.perf_counter()
    learned, judged, failed = _patches(folder, sizes.patches, seed)
    found = _trained(learned, architecture, plan, seed)
    console.detail(f"learning: {time.perf_counter() - started:.3f} s")
    judgement = validate(found.model, judged, seed=seed)
    about = {"training": asdict(plan), "seed": seed, "patches": len(learned)}
    about["validation"] = judgement.record()
    sweep(target.parent)
    write_bytes_atomically(checked, encode_model(found.model, about), overwrite=force)
    if figure is not None:
        drawing = generative.training_figure(found, judged)
        figures.write_figure(drawing, figure, force)
    record = {
        **{"output": target, "plot": plot, "folder": folder, "version": __version__},
        **{"architecture": asdict(architecture), **about},
        "trace": [row.record() for row in found.trace],
        "failed": failed,
        "seconds": time.perf_counter() - started,
    }
    generative.print_training(record, as_json)
    return SOME_FAILED if failed else 0


def _patches(folder: Path | None, count: int, seed: int) -> tuple[Any, Any, int]:
    """Return patches to learn from and to judge by, and how many pictures cannot be read."""
    import numpy as np

    from isingdenoise.generative import glyph_split

    rng = np.random.default_rng(seed)
    if folder is None:
        return *glyph_split((count, min(count, _JUDGED)), rng=rng), 0
    from isingdenoise.batch import FolderPages

    pages = FolderPages(folder, CleanOptions())
    order = rng.permutation(len(pages)).tolist()
    if len(order) < 2:
        raise ReadError(folder, "holds fewer than two pictures; one of them judges the model")
    apart = -(-len(order) // 10)
    failed: list[str] = []
    parts = []
    for places, most in ((order[apart:], count), (order[:apart], min(count, _JUDGED))):
        found = [*_windows(pages, places, -(-most // len(places)), rng, failed)]
        if not sum(map(len, found)):
            text = "of 32 x 32 pixels that is not blank, in the pictures"
            use = "to learn from" if places == order[apart:] else "that judge the model"
            raise ReadError(folder, f"holds no window {text} {use}")
        parts.append(rng.permutation(np.concatenate(found))[:most])
    return parts[0], parts[1], len(failed)


def _windows(
    pages: Any, places: list[int], most: int, rng: Any, failed: list[str]
) -> Iterator[Any]:
    """Yield windows of each picture; of one that cannot be read, the line is printed."""
    from isingdenoise.generative import windows_of
    from isingdenoise.io import read_clean

    for place in places:
        try:
            yield windows_of(read_clean(pages.path(place), frame=0), most, rng=rng)
        except IsingDenoiseError as error:
            failed.append(str(error))
            console.error(str(error))


def _trained(patches: Any, architecture: Any, plan: Training, seed: int) -> Trained:
    """Learn, with a bar that tells how far."""
    from isingdenoise.generative import train_stepwise

    steps = train_stepwise(patches, architecture, plan, seed=seed)
    found: list[Trained] = []

    def taken() -> Iterator[int]:
        found.append((yield from steps))

    with console.progress(taken(), plan.steps, "learning") as progress:
        for _ in progress:
            pass
    return found[0]

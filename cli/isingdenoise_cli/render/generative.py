"""What the variational autoencoder found: for people, for machines and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import printable

from .. import console
from ..options.making import checked_output
from ..options.picture import check_figure, named
from . import figures
from .json import print_json
from .table import print_table

if TYPE_CHECKING:
    from isingdenoise.generative import Score, Trained
    from isingdenoise.io import Checked

_SHOWN = 8  # rows of the trace
_COLUMNS = 10


def print_training(record: Mapping[str, Any], as_json: bool) -> None:
    """Print how a model learned and what it is worth."""
    if as_json:
        print_json(record)
        return
    trace = record["trace"]
    chosen = sorted({round(k * (len(trace) - 1) / (_SHOWN - 1)) for k in range(_SHOWN)})
    keys = ("step", "weight", "reconstruction", "divergence", "elbo")
    print_table([{key: _text(trace[k][key]) for key in keys} for k in chosen])
    judged = record["validation"]
    console.result(f"\n{judged['patches']} patches not learned from, in nats a patch\n")
    for what, words in (
        ("ELBO", f"{judged['elbo']:.2f}"),
        ("reconstruction", f"{judged['reconstruction']:.2f}"),
        ("divergence", f"{judged['divergence']:.2f}"),
        ("log p", f"{judged['bound']:.2f} at least, by {judged['samples']} samples"),
        ("active units", f"{judged['active_units']} of {judged['latent']}"),
        ("model", printable(record["output"])),
    ):
        console.result(f"{what:<14}  {words}")


def training_figure(found: Trained, judged: Any) -> Any:
    """Return the figure of the trace, of samples, and of ways between patches."""
    import numpy as np

    from isingdenoise.generative import contact_sheet, interpolate, sample

    ways = [
        interpolate(found.model, judged[k % len(judged)], judged[(k + 1) % len(judged)], _COLUMNS)
        for k in range(4)
    ]
    pictures = {
        "samples from the prior": contact_sheet(sample(found.model, _COLUMNS**2), _COLUMNS),
        "ways from one picture to another": contact_sheet(np.concatenate(ways), _COLUMNS),
    }
    return figures.plotting().vae_figure([row.record() for row in found.trace], pictures)


def score_record(found: Score) -> dict[str, Any]:
    """Return the bounds of one picture, its patches summed."""
    return {
        "patches": len(found.bound),
        "pixels": found.pixels,
        "elbo": float(found.elbo.sum()),
        "bound": float(found.bound.sum()),
        "bits_per_pixel": found.bits_per_pixel,
        "effective_samples": float(found.effective_samples.min()),
    }


def no_score() -> dict[str, None]:
    """Return the same of a picture that cannot be read."""
    keys = ("patches", "pixels", "elbo", "bound", "bits_per_pixel", "effective_samples")
    return dict.fromkeys(keys)


def print_scores(rows: Sequence[Mapping[str, Any]], samples: int) -> None:
    """Print one row for each picture that could be read."""
    print_table(
        [
            {
                "picture": printable(row["input"]),
                "patches": str(row["patches"]),
                "pixels": str(row["pixels"]),
                "ELBO": f"{row['elbo']:.2f}",
                f"log p (K={samples})": f"{row['bound']:.2f}",
                "bits a pixel": f"{row['bits_per_pixel']:.4f}",
                "worth samples": f"{row['effective_samples']:.1f}",
            }
            for row in rows
            if row["error"] is None
        ]
    )


def check_targets(
    output: Path,
    probability: Path | None,
    plot: Path | None,
    inputs: Sequence[Path],
    force: bool,
) -> dict[str, Checked]:
    """Refuse files that `vae inpaint` could not write, before any work; return where they go."""
    from isingdenoise.io import check_output, format_of

    places = {"-o": output, "--probability": probability}
    found = {}
    for option, path in places.items():
        if path is not None:
            with named(output=option, format=option):
                format_of(path)
                check = checked_output if option == "-o" else check_output
                found[option] = check(path, inputs, overwrite=force)
    figure = check_figure(plot, inputs, force)
    return found if figure is None else {**found, "--plot": figure}


def write_inpainted(targets: Mapping[str, Checked], panels: Mapping[str, Any], force: bool) -> None:
    """Write the files that `check_targets` allowed: `filled`, `P(bright)`, and all as a figure."""
    from isingdenoise.io import sweep, write_bilevel, write_grey

    sweep(Path(targets["-o"].name).parent)
    write_bilevel(targets["-o"], panels["filled"], overwrite=force)
    if "--probability" in targets:
        write_grey(targets["--probability"], panels["P(bright)"], overwrite=force)
    if "--plot" in targets:
        figure = figures.plotting().vae_figure((), panels)
        figures.write_figure(figure, targets["--plot"], force)


def _text(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)

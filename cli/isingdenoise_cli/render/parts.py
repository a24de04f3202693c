"""A picture cleaned in parts: the work, and what became of it as plain values and as lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from isingdenoise._version import __version__
from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError, printable
from isingdenoise.pipeline import CleanOptions
from isingdenoise.pipeline.summary import noise_record

from .. import console
from ..options.parts import InParts
from ..options.picture import named
from . import text
from .json import print_json

if TYPE_CHECKING:
    from isingdenoise.chunked import ChunkedResult

_OPTIONS = {
    "output": "-o",
    "probability": "--probability",
    "chunk": "--chunk",
    "workers": "--jobs",
    "mask": "--mask",
    "protect": "--protect",
}


def clean_in_parts(
    job: InParts, options: CleanOptions, *, report: object, force: bool, as_json: bool
) -> None:
    """Clean a picture part by part, and print what became of it."""
    from isingdenoise.chunked import Cut, denoise_chunked

    if report is not None:
        raise ParameterError("--report", "is not for a picture in parts; leave it out")
    with ExitStack() as stack, named(**_OPTIONS):
        cut = Cut(job.parts.chunk, None, job.parts.workers)
        steps: Iterator[int] | None = None

        def progress(done: int, parts: int) -> None:
            nonlocal steps
            if steps is None or done == 1:
                bar = console.progress(range(parts), parts, "cleaning")
                steps = iter(stack.enter_context(bar))
                next(steps, None)
            next(steps, None)

        text.say_if_cold()
        with text.notices(job.source):
            found = denoise_chunked(
                job.source,
                job.target,
                options,
                probability=job.probability,
                cut=cut,
                overwrite=force,
                progress=progress,
            )
    _warn(job, found)
    record = {**_places(job), **record_of(found, options)}
    if as_json:
        print_json(record)
        return
    console.result(f"{printable(job.source)} -> {printable(job.target)}")
    for what, words in _lines(record):
        console.result(f"  {what:<9} {words}")


def _warn(job: InParts, found: ChunkedResult) -> None:
    """Say what did not go well."""
    if found.missing:
        console.warning(
            job.source,
            f"{found.missing} of its chunks are not stored and were read as the fill value: "
            "blank places are often left out; if there was more, get it once more",
        )
    if not found.converged:
        console.warning(
            job.source,
            f"the residual is {found.residual:.2g}; raise -O max_sweeps, or lower the coupling",
        )


def _places(job: InParts) -> dict[str, Any]:
    sure = None if job.probability is None else str(job.probability)
    return {"input": str(job.source), "output": str(job.target), "probability": sure}


def record_of(found: ChunkedResult, options: CleanOptions) -> dict[str, Any]:
    """Return what came out as plain values with stable keys."""
    sample = found.sample
    height, width = found.shape
    settings = sample.settings
    learned = settings["prior"]["name"] == "learned"
    return {
        "width": width,
        "height": height,
        "noise": noise_record(sample.noise, options.chosen),
        "fit": None if sample.fit is None else sample.fit.record(),
        "prior": settings["prior"],
        "coupling": settings["coupling"],
        "calibration": settings["calibration"],
        "engine": {"name": found.solver.name, **asdict(found.solver)},
        "status": "converged" if found.converged else "max_sweeps",
        "residual": None if learned else found.residual,
        "over_borders": None if learned else found.over_borders,
        "sweeps": found.updates / (height * width),
        "parts": found.parts,
        "part": list(found.sides),
        "halo": found.halo,
        "widest_halo": found.widest,
        "again": found.again,
        "workers": found.workers,
        "missing_chunks": found.missing,
        "changed": found.changed,
        "changed_to_white": found.to_white,
        "changed_to_black": found.to_black,
        "white": found.bright / (height * width),
        "seconds": found.seconds,
        "seed": settings["seed"],
        "version": __version__,
    }


def _lines(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines about a picture for people, as (what, text)."""
    yield "noise", text.describe_noise(record["noise"])
    yield from text.fit_line(record)
    strengths = dict(record["coupling"])
    source = strengths.pop("source")
    strengths.pop("edges", None)
    yield "coupling", f"{Coupling(**strengths)} ({source})"
    yield from text.prior_line(record["prior"])
    height, width = record["part"]
    more = f", {record['again']} once more with up to {record['widest_halo']}" * bool(
        record["again"]
    )
    yield (
        "parts",
        f"{record['parts']} of {width} x {height} pixels with {record['halo']} around them{more}; "
        f"{record['workers']} at a time",
    )
    seconds = sum(record["seconds"].values())
    pixels = record["width"] * record["height"]
    rate = f"{pixels / seconds / 1e6:.3g} million pixels a second"
    ended = f"{record['status']} after {record['sweeps']:.3g} sweep{'s' * (record['sweeps'] != 1)}"
    if record["residual"] is not None:
        ended += f", residual {record['residual']:.2g} ({record['over_borders']:.2g} over borders)"
    yield "engine", f"{record['engine']['name']}: {ended}, {seconds:.3g} s, {rate}"
    yield (
        "changed",
        f"{record['changed']:.2%} of the pixels, against the thresholded picture "
        f"({record['changed_to_white']} to white, {record['changed_to_black']} to black)",
    )

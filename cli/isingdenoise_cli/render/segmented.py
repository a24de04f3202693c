"""Label maps: read, written, and told of."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError, printable

from .. import console
from ..framework.usage import advised
from ..options import streams
from ..options.labels import NAMES, LabelOptions
from ..options.making import checked_output
from ..options.picture import named
from ..options.streams import Place
from . import text
from .json import print_json

if TYPE_CHECKING:
    from isingdenoise.io import Checked, Picture
    from isingdenoise.segmentation import Segmentation

_SHOWN = 12  # labels in a line


@dataclass(frozen=True)
class Targets:
    """Where the outputs go.

    Attributes
    ----------
    output : Path or Stream
        As the user wrote it.
    kind : str
        Its format.
    checked : Checked or None
        What its name led to; None for standard output.
    probability : Checked or None
        The same of --probability.
    """

    output: Place
    kind: str
    checked: Checked | None
    probability: Checked | None


def check_targets(
    output: Place, kind: str, probability: Path | None, inputs: Sequence[Path], force: bool
) -> Targets:
    """Refuse outputs that cannot be written, before any work."""
    from isingdenoise.io import check_output, format_of

    checked = sure = None
    if isinstance(output, Path):
        with named(output="-o"):
            checked = checked_output(output, inputs, overwrite=force)
    else:
        streams.check_sink("-o")
    if probability is not None:
        if isinstance(output, Path) and probability.resolve() == output.resolve():
            raise ParameterError("--probability", "is the same file as that of -o")
        with named(output="--probability", format="--probability"):
            if format_of(probability) not in ("NPY", "TIFF"):
                raise ParameterError("format", "must end in .npy or .tif")
            sure = check_output(probability, inputs, overwrite=force)
    return Targets(output, kind, checked, sure)


def segmented(
    picture: Place, options: LabelOptions, reading: dict[str, Any]
) -> tuple[Picture, Segmentation]:
    """Read a picture, and return it with its clean label map."""
    from isingdenoise.deadline import deadline
    from isingdenoise.io import read_mask, read_stack
    from isingdenoise.segmentation import memory_to_segment, segment
    from isingdenoise.segmentation.files import palette_warning

    name = streams.input_name(picture)
    with deadline(options.timeout, name), named(**NAMES):
        with console.step("reading"):
            source = read_stack(
                **streams.source(picture),
                **reading,
                besides=lambda pixels, _: memory_to_segment(pixels, options.labels),
            )
        known = None
        if options.mask is not None:
            limit = reading["max_pixels"]
            known = read_mask(options.mask, source.pixels.shape[-2:], max_pixels=limit)
        text.say_if_cold()
        with text.notices(name), console.step("segmenting"):
            found = segment(source.pixels, mask=known, **options.arguments())
    if (warning := palette_warning(found, source)) is not None:
        console.warning(name, warning)
    for advice in found.solution.advice:
        console.warning(name, advised(advice))
    return source, found


def write(targets: Targets, source: Picture, found: Segmentation, force: bool) -> None:
    """Write the files that `check_targets` allowed."""
    from isingdenoise.io import format_of, sweep, write_bytes_atomically
    from isingdenoise.segmentation.files import encode_labels, encode_probability

    with named(format="-o"):
        files = [(targets.checked, encode_labels(found, source, targets.kind))]
    if targets.probability is not None:
        kind = format_of(targets.probability.name)
        files.append((targets.probability, encode_probability(found, kind)))
    for place, data in files:
        if place is None:
            streams.StandardOutput().send(io.BytesIO(data))
            continue
        sweep(Path(place.name).parent)
        write_bytes_atomically(place, data, overwrite=force)


def tell(
    targets: Targets, picture: Place, options: LabelOptions, found: Segmentation, as_json: bool
) -> None:
    """Print what became of a picture: on stderr where stdout takes it."""
    from isingdenoise.segmentation.files import record_of

    record = record_of(found)
    if as_json:
        sure = targets.probability
        places = {
            "input": str(picture),
            "output": str(targets.output),
            "probability": None if sure is None else str(sure.name),
            "mask": options.mask,
        }
        print_json({**places, **record})
        return
    say = console.result if isinstance(targets.output, Path) else console.notice
    names = (streams.input_name(picture), streams.output_name(targets.output))
    say(" -> ".join(map(printable, names)))
    for what, words in _lines(record):
        say(f"  {what:<9} {words}")


def _lines(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines about a label map for people, as (what, text)."""
    pairs = list(zip(record["values"], record["shares"], strict=True))
    texts = [f"{value:.5g} ({share:.1%})" for value, share in pairs[:_SHOWN]]
    more = f" and {len(pairs) - _SHOWN} others" if len(pairs) > _SHOWN else ""
    yield "labels", f"{record['labels']}: {', '.join(texts)}{more}"
    noise = record["noise"]
    numbers = [
        f"{key} {noise[key]:.4g}" for key in ("sigma", "probability") if noise[key] is not None
    ]
    yield "noise", ", ".join([noise["name"], *numbers])
    for note in record["notes"]:
        yield "note", note
    strengths = dict(record["coupling"])
    source = strengths.pop("source")
    strengths.pop("edges", None)
    yield "coupling", f"{Coupling(**strengths)} ({source})"
    if record["gain"] is not None:
        yield (
            "gain",
            (
                f"{record['gain']:.4g} nats on {record['hidden']} hidden pixels, against the "
                "shares of the labels alone"
            ),
        )
    yield (
        "engine",
        f"{record['engine']['name']}: {text.outcome(record)} in {record['seconds']:.2g} s",
    )
    yield "energy", f"{record['energy']:.8g}"
    if record["bound"] is not None:
        yield "bound", f"{record['bound']:.8g} (on the log evidence, prior normaliser left out)"
    yield "changed", f"{record['changed']:.2%} of the pixels"

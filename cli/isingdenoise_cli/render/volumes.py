"""Volumes: read, written, and told of."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import OverwriteError, ParameterError, ReadError, printable
from isingdenoise.noise import AUTO

from .. import console
from ..framework.usage import advised
from ..options import streams
from ..options.making import checked_output, make
from ..options.picture import named
from ..options.streams import Place, Stream
from ..options.targets import kind_of
from ..options.volumes import NAMES, VolumeOptions
from . import text
from .json import print_json

if TYPE_CHECKING:
    from isingdenoise.io import Checked, Stack
    from isingdenoise.volumes import VolumeResult

_STACKS = ("TIFF", "NPY", "ZARR")


@dataclass(frozen=True)
class Target:
    """Where one output goes.

    Attributes
    ----------
    place : Path or Stream
        As the user wrote it.
    kind : str
        "TIFF", "NPY" or "ZARR".
    checked : Checked or None
        What the name of a file led to.
    """

    place: Place
    kind: str
    checked: Checked | None


def check_source(place: Place) -> None:
    """Refuse an input that cannot be read, before any work."""
    from isingdenoise.volumes.files import is_zarr

    if isinstance(place, Stream) or not is_zarr(place):
        streams.check_source(place)
    elif not place.is_dir():
        raise ReadError(place, "cannot be read (no such folder); check the name")


def check_target(
    option: str, place: Place, asked: str | None, inputs: Sequence[Path], force: bool
) -> Target:
    """Refuse an output that cannot be written, before any work."""
    from isingdenoise.io import check_output
    from isingdenoise.volumes.files import is_zarr

    if isinstance(place, Stream):
        streams.check_sink(option)
        kind = asked or "TIFF"
    elif place.suffix.lower() == ".zarr":
        kind = "ZARR"
    else:
        with named(output=option, format=option):
            kind = kind_of(place, asked) or "TIFF"
    if kind not in _STACKS:
        raise ParameterError(option, f"{kind} holds no stack; end it with .tif, .npy or .zarr")
    if isinstance(place, Stream):
        return Target(place, kind, None)
    if kind == "ZARR":
        if is_zarr(place) and os.path.lexists(place):
            raise OverwriteError(place, "exists, and a folder is never replaced; remove it first")
        if option == "-o":
            make(place.parent)
        return Target(place, kind, None)
    check = checked_output if option == "-o" else check_output  # which makes no folder
    with named(output=option):
        return Target(place, kind, check(place, inputs, overwrite=force))


def check_different(one: Target, other: Target | None) -> None:
    """Refuse two outputs of one name."""
    if other is not None and str(one.place) == str(other.place):
        raise ParameterError("--probability", "is the same file as that of -o")


def read(place: Place, reading: dict[str, Any], besides: Any) -> Stack:
    """Read a stack of planes from a file, a stream or a Zarr array."""
    from isingdenoise.io import read_volume
    from isingdenoise.volumes.files import is_zarr, read_zarr

    if isinstance(place, Path) and is_zarr(place):
        return read_zarr(place, **reading, besides=besides)
    return read_volume(**streams.source(place), **reading, besides=besides)


def cleaned(
    place: Place, options: VolumeOptions, reading: dict[str, Any], *, probability: bool
) -> tuple[Stack, VolumeResult]:
    """Read a stack, and return it with its clean volume."""
    from isingdenoise.deadline import deadline
    from isingdenoise.volumes import memory_to_denoise_volume

    name = streams.input_name(place)
    with deadline(options.timeout, name), named(**NAMES):
        with console.step("reading"):
            source = read(
                place,
                reading,
                lambda voxels: memory_to_denoise_volume(
                    voxels, options.engine, probability=probability
                ),
            )
        known = None
        if options.mask is not None:
            known = _mask(options.mask, source.pixels.shape, reading)
        text.say_if_cold()
        with text.notices(name), console.step("cleaning"):
            found = _solved(source, known, options, name)
    for advice in found.solution.advice:
        console.warning(name, advised(advice))
    return source, found


def _solved(source: Stack, known: Any, options: VolumeOptions, name: str) -> VolumeResult:
    """Return the clean volume; what the volume itself is refused for is an error of the file."""
    from isingdenoise.volumes import denoise_volume

    try:
        return denoise_volume(source.pixels, mask=known, **options.arguments(source.spacing))
    except ParameterError as error:
        if error.parameter != "volume":
            raise
        raise ReadError(name, error.message) from error


def _mask(path: Path, shape: tuple[int, ...], reading: dict[str, Any]) -> Any:
    """Return which voxels are known: those of a stack that are not 0."""
    stack = read(path, {**reading, "channel": None}, None)
    if stack.pixels.shape != shape:
        sizes = (" x ".join(map(str, s)) for s in (stack.pixels.shape, shape))
        message = "{} has {} voxels, the stack {}".format(printable(path), *sizes)
        raise ParameterError("--mask", message)
    return (stack.pixels > 0) | (stack.pixels < 0)


def write(target: Target, planes: Any, source: Stack, force: bool) -> None:
    """Write a stack to where `check_target` allowed it."""
    from isingdenoise.io import save_volume, sweep, write_volume
    from isingdenoise.volumes.files import write_zarr

    with console.step("writing"):
        if isinstance(target.place, Stream):
            buffer = io.BytesIO()
            save_volume(buffer, planes, target.kind, source=source)
            buffer.seek(0)
            streams.StandardOutput().send(buffer)
        elif target.kind == "ZARR":
            write_zarr(target.place, planes)
        else:
            assert target.checked is not None  # of a file
            sweep(target.place.parent)
            write_volume(target.checked, planes, target.kind, source=source, overwrite=force)


def tell(
    place: Place,
    targets: Sequence[Target | None],
    options: VolumeOptions,
    found: VolumeResult,
    as_json: bool,
) -> None:  # fmt: skip
    """Print what became of a volume: on stderr where stdout takes it."""
    from isingdenoise.pipeline import noise_record
    from isingdenoise.volumes.files import record_of

    chosen = options.noise.name == AUTO
    record = {**record_of(found), "noise": noise_record(found.noise, chosen)}
    output, sure = targets
    assert output is not None  # -o is required
    if as_json:
        places = {
            "input": str(place),
            "output": str(output.place),
            "probability": None if sure is None else str(sure.place),
            "mask": options.mask,
        }
        print_json({**places, **record})
        return
    say = console.notice if isinstance(output.place, Stream) else console.result
    names = (streams.input_name(place), streams.output_name(output.place))
    say(" -> ".join(map(printable, names)))
    for what, words in _lines(record, found):
        say(f"  {what:<9} {words}")


def _lines(record: dict[str, Any], found: VolumeResult) -> Iterator[tuple[str, str]]:
    """Yield the lines about a volume for people, as (what, text)."""
    yield "voxels", f"{record['depth']} x {record['height']} x {record['width']}"
    yield "noise", text.describe_noise(record["noise"])
    yield from text.fit_line(record)
    yield "coupling", f"{found.coupling} ({record['coupling']['source']})"
    planes = record["planes"]
    if planes is not None:
        yield (
            "planes",
            f"{planes['gain']:.4g} nats on {planes['hidden']} hidden voxels, against planes by "
            "themselves",
        )
    fit = record["fit"]
    known = () if fit is None else fit["notes"]
    for note in record["notes"]:
        if note not in known:
            yield "note", note
    name = record["engine"]["name"]
    yield "engine", f"{name}: {text.outcome(record)} in {record['seconds']:.2g} s"
    yield "energy", f"{record['energy']:.8g}"
    if record["bound"] is not None:
        yield "bound", f"{record['bound']:.8g} (on the log evidence, prior normaliser left out)"
    yield "changed", f"{record['changed']:.2%} of the voxels"

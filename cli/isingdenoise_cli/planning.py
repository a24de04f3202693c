"""What `run` is going to do, settled and checked before any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from isingdenoise.errors import ParameterError, ReadError, printable
from isingdenoise.io import EXTENSIONS, check_format, check_output, default_extension, format_of

from . import options as o
from . import streams
from .outputs import Job, Target
from .streams import STREAM, Place, Stream

_CHANGE_MAPS = {"PNG", "TIFF", "NPY"}


def plan(
    sources: Sequence[Place], wanted: o.Wanted, others: Sequence[Path], force: bool
) -> list[Job]:
    """Return what to do with each input, or refuse all of it.

    Parameters
    ----------
    sources : sequence of Path or Stream
        The inputs. An unreadable one among several is a job with an error.
    wanted : Wanted
        What the options say.
    others : sequence of Path
        Further files that are read.
    force : bool
        Whether existing files may be replaced.

    Raises
    ------
    ParameterError, ReadError, WriteError
        A combination that makes no sense, an unreadable file, an output that
        cannot be written, is an input or that of another input.
    """
    several = len(sources) > 1
    if several:
        _check_several(sources, wanted)
    jobs = []
    for source in sources:
        try:
            if isinstance(source, Path) and source.is_dir():
                raise ReadError(source, "is a folder; 'isingdenoise batch' cleans all in it")
            streams.check_source(source)
        except ReadError as error:
            if not several:
                raise
            jobs.append(Job(source, error=error))
        else:
            jobs.append(Job(source, tuple(_targets(source, wanted, several))))
    for path in others:
        streams.check_source(path)
    return _checked(jobs, [*streams.paths(*sources), *others], wanted, force)


def _check_several(sources: Sequence[Place], wanted: o.Wanted) -> None:
    """Refuse what makes no sense with several inputs."""
    if any(isinstance(source, Stream) for source in sources):
        raise ParameterError("INPUT", "'-' is standard input and goes alone; './-' is a file")
    for option, place in (
        ("--probability", wanted.probability),
        ("--change-map", wanted.change_map),
    ):
        if place is not None:
            raise ParameterError(option, f"goes with one INPUT, not with {len(sources)}")
    target = wanted.output
    if target is not None and not (isinstance(target, Path) and target.is_dir()):
        raise ParameterError(
            "-o",
            f"{printable(streams.output_name(target))} is no folder; "
            "with several inputs it must be a folder that exists",
        )


def _targets(source: Place, wanted: o.Wanted, several: bool) -> Iterator[Target]:
    """Yield what one input becomes."""
    with o.named(output="-o", format="--format", compression="--compression"):
        place, kind = _main_place(source, wanted, several)
        if kind is not None:
            check_format(kind, wanted.writing.compression)
    yield Target("-o", place, kind, wanted.writing.compression)
    if (sure := wanted.probability) is not None:
        with o.named(output="--probability"):
            kind = "TIFF" if isinstance(sure, Stream) else format_of(sure)
            if kind == "PBM":
                raise ParameterError("output", "PBM holds no probabilities; use .tif, .png or .npy")
        yield Target("--probability", sure, kind)
    if (changes := wanted.change_map) is not None:
        with o.named(output="--change-map"):
            kind = None if isinstance(changes, Stream) else format_of(changes)
            if kind is not None and kind not in _CHANGE_MAPS:
                raise ParameterError("output", "must end in .png, .tif, .tiff or .npy")
        yield Target("--change-map", changes, kind)


def _main_place(source: Place, wanted: o.Wanted, several: bool) -> tuple[Place, str | None]:
    """Return where the clean picture goes, and its format as far as it is known."""
    place, kind = wanted.output, wanted.kind
    known = isinstance(place, Path) and EXTENSIONS.get(place.suffix.lower())
    if isinstance(place, Path) and place.is_dir() and (several or not known):
        if isinstance(source, Stream):
            raise ParameterError("output", "is a folder, and standard input has no name")
        extension = _extension(source, kind)
        return place / f"{source.stem}{extension}", EXTENSIONS[extension]
    if place is None and isinstance(source, Path):
        extension = _extension(source, kind)
        return source.with_name(f"{source.stem}.denoised{extension}"), EXTENSIONS[extension]
    if place is None or isinstance(place, Stream):
        return STREAM, kind
    return place, o.kind_of(place, kind)


def _extension(source: Path, kind: str | None) -> str:
    """Return the extension of an output that nobody named."""
    own = default_extension(source)
    if kind is None or EXTENSIONS[own] == kind:
        return own
    return next(extension for extension, name in EXTENSIONS.items() if name == kind)


def _checked(
    jobs: Sequence[Job], inputs: Sequence[Path], wanted: o.Wanted, force: bool
) -> list[Job]:
    """Refuse outputs that cannot be written, or are one file; return jobs with what was found."""
    taken: dict[object, tuple[Job, Target]] = {}
    folds: dict[Path, bool] = {}
    files = {_identity(path) for path in inputs} - {None}
    done = []
    for job in jobs:
        targets = []
        for target in job.targets:
            place, checked = target.place, None
            if isinstance(place, Stream):
                streams.check_sink(target.option)
                key: object = None
            else:
                if target.option == "-o" and place != wanted.output:
                    _check_own_name(job, place, files)
                with o.named(output=target.option):
                    known = inputs if _identity(place) in files else ()
                    checked = check_output(place, known, overwrite=force)
                key = _key(place.resolve(), folds)
            other, first = taken.setdefault(key, (job, target))
            if first is not target:
                _refuse_twice(job, target, other, first)
            targets.append(replace(target, checked=checked))
        done.append(replace(job, targets=tuple(targets)))
    return done


def _check_own_name(job: Job, place: Path, files: Set[tuple[int, int] | None]) -> None:
    """Refuse an output that nobody named and that is another input."""
    if (found := _identity(place)) in files and found != _identity(Path(str(job.source))):
        raise ParameterError(
            "INPUT",
            f"{printable(place)} would be written for {printable(job.source)} and is an input "
            "too; leave one out",
        )


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what names of one file have in common, or None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _key(path: Path, folds: dict[Path, bool]) -> str:
    """Return what is the same for names that the file system takes for one."""
    from isingdenoise.batch.planning import folds_case

    if path.parent not in folds:
        folds[path.parent] = folds_case(path.parent)
    return normalize("NFC", str(path)).casefold() if folds[path.parent] else str(path)


def _refuse_twice(job: Job, target: Target, other: Job, first: Target) -> None:
    name = printable(streams.output_name(target.place))
    if isinstance(target.place, Stream):
        raise ParameterError(
            target.option, f"standard output takes that of {first.option}; name a file"
        )
    if job is not other and job.source == other.source:
        raise ParameterError("INPUT", f"{printable(job.source)} is given twice; give it once")
    if job is other:
        raise ParameterError(target.option, f"is the same file as that of {first.option}")
    raise ParameterError(
        "INPUT",
        f"{printable(other.source)} and {printable(job.source)} would both become {name}; "
        "take one at a time",
    )

"""What `run` is going to do, settled and checked before any work."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from isingdenoise.errors import ParameterError, ReadError, printable
from isingdenoise.io import (
    EXTENSIONS,
    Checked,
    check_format,
    check_output,
    default_extension,
    sweep,
)
from isingdenoise.pipeline import Job, targets_of

from . import streams
from .making import checked_output, make
from .picture import named
from .streams import STREAM, Place, Stream
from .targets import Wanted, kind_of


@dataclass(frozen=True)
class Planned:
    """One input of `run`, and what it becomes.

    Attributes
    ----------
    source : Path or Stream
        The input.
    places : dict of str to (Path or Stream or None)
        Where each kind of output goes, by its name in the pipeline.
    job : Job or None
        The same for the pipeline.
    checked : dict of str to Checked
        Of the files, what their names led to when they were checked.
    error : ReadError or None
        Why it cannot be read; then there is no job.
    """

    source: Place
    places: dict[str, Place | None] = field(default_factory=dict)
    job: Job | None = None
    checked: dict[str, Checked] = field(default_factory=dict)
    error: ReadError | None = None

    @property
    def place(self) -> Place:
        """Where the clean picture goes."""
        place = self.places["output"]
        return STREAM if place is None else place

    @property
    def takes_stdout(self) -> bool:
        """Whether a picture goes to standard output."""
        return any(isinstance(place, Stream) for place in self.places.values())


#: The options that name outputs.
OPTIONS = {
    "output": "-o",
    "probability": "--probability",
    "change_map": "--change-map",
    "animation": "--animate",
}


def plan(
    sources: Sequence[Place], wanted: Wanted, others: Sequence[Path], force: bool
) -> list[Planned]:
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
            jobs.append(Planned(source, error=error))
        else:
            jobs.append(_planned(source, wanted, several))
    for path in others:
        streams.check_source(path)
    _check(jobs, [*streams.paths(*sources), *others], wanted, force)
    return jobs


def sweep_folders(jobs: Sequence[Planned]) -> None:
    """Remove what dead programs left where files are going to be written, once for each folder."""
    places = (place for job in jobs for place in job.places.values())
    for folder in {place.parent for place in places if isinstance(place, Path)}:
        sweep(folder)


def _check_several(sources: Sequence[Place], wanted: Wanted) -> None:
    """Refuse what makes no sense with several inputs."""
    if any(isinstance(source, Stream) for source in sources):
        raise ParameterError("INPUT", "'-' is standard input and goes alone; './-' is a file")
    for option, place in (
        ("--probability", wanted.probability),
        ("--change-map", wanted.change_map),
        ("--animate", wanted.animation),
    ):
        if place is not None:
            raise ParameterError(option, f"goes with one INPUT, not with {len(sources)}")
    target = wanted.output
    if isinstance(target, Path) and not target.suffix and not target.exists():
        make(target)
    if target is not None and not (isinstance(target, Path) and target.is_dir()):
        raise ParameterError(
            "-o",
            f"{printable(streams.output_name(target))} is no folder; "
            "with several inputs it must be one",
        )


def _planned(source: Place, wanted: Wanted, several: bool) -> Planned:
    """Return what one input becomes."""
    with named(output="-o", format="--format", compression="--compression"):
        place, kind = _main_place(source, wanted, several)
        if kind is not None:
            check_format(kind, wanted.writing.compression)
    sure, changes = wanted.probability, wanted.change_map
    job = Job(
        streams.as_source(source),
        streams.as_sink(place),
        None if sure is None else streams.as_sink(sure),
        None if changes is None else streams.as_sink(changes),
        wanted.animation,
        kind,
    )
    with named(**OPTIONS):
        targets_of(job)  # refuses names and formats that do not fit
    places = {"output": place, "probability": sure, "change_map": changes}
    return Planned(source, {**places, "animation": wanted.animation}, job)


def _main_place(source: Place, wanted: Wanted, several: bool) -> tuple[Place, str | None]:
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
    return place, kind_of(place, kind)


def _extension(source: Path, kind: str | None) -> str:
    """Return the extension of an output that nobody named."""
    own = default_extension(source)
    if kind is None or EXTENSIONS[own] == kind:
        return own
    return next(extension for extension, name in EXTENSIONS.items() if name == kind)


def _check(jobs: Sequence[Planned], inputs: Sequence[Path], wanted: Wanted, force: bool) -> None:
    """Refuse outputs that cannot be written, or are one file."""
    taken: dict[object, tuple[Planned, str]] = {}
    folds: dict[Path, bool] = {}
    files = {_identity(path) for path in inputs} - {None}
    for job in jobs:
        for name, place in job.places.items():
            if place is None:
                continue
            option = OPTIONS[name]
            if isinstance(place, Stream):
                streams.check_sink(option)
                key: object = None
            else:
                if name == "output" and place != wanted.output:
                    _check_own_name(job, place, files)
                with named(output=option):
                    known = inputs if _identity(place) in files else ()
                    check = checked_output if name == "output" else check_output
                    job.checked[name] = check(place, known, overwrite=force)
                key = _key(place.resolve(), folds)
            other, first = taken.setdefault(key, (job, name))
            if other is not job or first != name:
                _refuse_twice(job, name, other, first)


def _check_own_name(job: Planned, place: Path, files: Set[tuple[int, int] | None]) -> None:
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


def _refuse_twice(job: Planned, name: str, other: Planned, first: str) -> None:
    place = job.places[name] or STREAM
    if isinstance(place, Stream):
        message = f"standard output takes that of {OPTIONS[first]}; name a file"
        raise ParameterError(OPTIONS[name], message)
    if job is not other and job.source == other.source:
        raise ParameterError("INPUT", f"{printable(job.source)} is given twice; give it once")
    if job is other:
        raise ParameterError(OPTIONS[name], f"is the same file as that of {OPTIONS[first]}")
    raise ParameterError(
        "INPUT",
        f"{printable(other.source)} and {printable(job.source)} would both become "
        f"{printable(place)}; take one at a time",
    )

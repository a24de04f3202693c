"""What a batch is going to do, settled before anything is done."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from ..errors import OverwriteError, ParameterError, ReadError, WriteError, printable
from ..io import EXTENSIONS
from .jobs import Job
from .journal import Journal

__all__ = ["PICTURE_EXTENSIONS", "Plan", "folds_case", "plan"]

#: Names that `plan` takes for pictures; what they hold is read by content.
PICTURE_EXTENSIONS = frozenset(EXTENSIONS) - {".npy"} | {".ppm", ".pnm"}


class Plan(list[Job]):
    """Jobs in order of their names.

    Attributes
    ----------
    links : int
        How many links to pictures or folders were passed over.
    """

    links = 0


def plan(
    source: str | Path,
    target: str | Path,
    *,
    recursive: bool = False,
    overwrite: bool = False,
    journal: Journal | None = None,
) -> Plan:
    """Return what to do for each picture of a folder, before anything is done.

    Each `name.ext` becomes `name.png` in the target folder, which keeps the
    tree. Hidden files, links and files without a picture's extension are
    passed over, and so is the target folder where it lies in the source.

    Parameters
    ----------
    source, target : path
        Folders; the target need not exist.
    recursive : bool
        Whether folders below are visited.
    overwrite : bool
        Whether existing targets are fine.
    journal : Journal, optional
        Existing targets are also fine where this says that they were made
        from the same pictures, and they are as they were made.

    Returns
    -------
    Plan
        A list of jobs in order of the names, and the number of links.

    Raises
    ------
    ReadError
        The source is no readable folder.
    ParameterError
        Both folders are the same, a target is an input, or two pictures would
        have one target, perhaps because the file system folds the case.
    WriteError
        A folder of the target is a link.
    OverwriteError
        A target exists, `overwrite` is false, and it is not the journal's.
    """
    source, target = Path(source), Path(target)
    if not source.is_dir():
        raise ReadError(source, "is not a folder; name the folder that holds the pictures")
    if target.exists() and not target.is_dir():
        raise WriteError(target, "is not a folder; name the folder to write to")
    if target.exists() and source.samefile(target):
        raise ParameterError("output", f"{printable(target)} is the input folder itself")
    folds = folds_case(target)
    jobs: dict[str, Job] = {}
    found = Plan()
    for picture in _pictures(source, target, recursive, found):
        job = Job(picture, target / picture.relative_to(source).with_suffix(".png"))
        key = _folded(str(job.target)) if folds else str(job.target)
        if (other := jobs.get(key)) is not None:
            raise ParameterError(
                "input",
                f"{printable(other.source)} and {printable(picture)} would both become "
                f"{printable(job.target)}; rename one",
            )
        jobs[key] = job
    found.extend(jobs.values())
    _check_folders(target, found)
    for job in found:
        if not overwrite and os.path.lexists(job.target):
            if journal is None:
                raise OverwriteError(job.target, "exists; use --force to replace it")
            journal.check(job)
    return found


def folds_case(folder: Path) -> bool:
    """Tell whether names that differ only in case are one name in a folder.

    Nothing is written for it: the answer is that of the nearest name on the
    way up that has letters, asked for in the other case.
    """
    here = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay as they are
    for path in (here, *here.parents):
        swapped = path.with_name(path.name.swapcase()) if path.name else path
        if swapped.name != path.name and path.exists():
            return swapped.exists() and swapped.samefile(path)
    return False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _check_folders(target: Path, jobs: list[Job]) -> None:
    """Refuse ways out of the target folder, and results in the place of inputs."""
    real: dict[Path, Path] = {}

    def place(path: Path) -> Path:
        folder = path.parent
        if folder not in real:
            real[folder] = folder.resolve()
        return real[folder] / path.name

    inputs = {place(job.source) for job in jobs}
    for job in jobs:
        if job.target.parent not in real:
            below = job.target.parent.relative_to(target).parts
            for depth in range(len(below)):
                folder = target.joinpath(*below[: depth + 1])
                if folder.is_symlink():
                    raise WriteError(folder, "is a link, which is not followed; remove it")
        if place(job.target) in inputs:
            raise ParameterError("output", f"{printable(job.target)} is itself an input")


def _pictures(source: Path, target: Path, recursive: bool, found: Plan) -> Iterator[Path]:
    """Yield pictures below `source`, in order; leave out the target, and links, counted."""
    own = target.resolve()

    def complain(error: OSError) -> None:
        raise ReadError(error.filename, f"cannot be read ({error.strerror})") from error

    for folder, below, names in os.walk(source, onerror=complain):
        here = Path(folder)
        below[:] = sorted(name for name in below if recursive and not name.startswith("."))
        found.links += sum((here / name).is_symlink() for name in below)
        below[:] = [name for name in below if (here / name).resolve() != own]
        for name in sorted(names):
            path = here / name
            if name.startswith(".") or path.suffix.lower() not in PICTURE_EXTENSIONS:
                continue
            if path.is_symlink():
                found.links += 1
            else:
                yield path

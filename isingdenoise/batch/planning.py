"""What a batch is going to do, settled before anything is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import OverwriteError, ParameterError, ReadError, WriteError, printable
from ..io import EXTENSIONS
from .jobs import Job
from .journal import Journal

__all__ = ["PICTURE_EXTENSIONS", "plan"]

#: Names that `plan` takes for pictures; what they hold is read by content.
PICTURE_EXTENSIONS = frozenset(EXTENSIONS) - {".npy"} | {".ppm", ".pnm"}


def plan(
    source: str | Path,
    target: str | Path,
    *,
    recursive: bool = False,
    overwrite: bool = False,
    journal: Journal | None = None,
) -> list[Job]:
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
    list of Job
        In order of the names.

    Raises
    ------
    ReadError
        The source is no readable folder.
    ParameterError
        Both folders are the same, or two pictures would have one target.
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
    jobs: dict[Path, Job] = {}
    for picture in _pictures(source, target, recursive):
        job = Job(picture, target / picture.relative_to(source).with_suffix(".png"))
        if (other := jobs.get(job.target)) is not None:
            raise ParameterError(
                "input",
                f"{printable(other.source)} and {printable(picture)} would both become "
                f"{printable(job.target)}; rename one",
            )
        if not overwrite and os.path.lexists(job.target):
            if journal is None:
                raise OverwriteError(job.target, "exists; use --force to replace it")
            journal.check(job)
        jobs[job.target] = job
    return list(jobs.values())


def _pictures(source: Path, target: Path, recursive: bool) -> Iterator[Path]:
    """Yield pictures below `source`, in order, links and the target left out."""
    own = target.resolve()

    def complain(error: OSError) -> None:
        raise ReadError(error.filename, f"cannot be read ({error.strerror})") from error

    for folder, below, names in os.walk(source, onerror=complain):
        here = Path(folder)
        below[:] = sorted(
            name
            for name in below
            if recursive and not name.startswith(".") and (here / name).resolve() != own
        )
        for name in sorted(names):
            path = here / name
            hidden = name.startswith(".")
            if not hidden and path.suffix.lower() in PICTURE_EXTENSIONS and not path.is_symlink():
                yield path

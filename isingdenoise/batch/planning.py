"""What a batch is going to do, settled before anything is done."""

# ruff: noqa: PTH118, PTH119, PTH120, PTH122 - of large folders, names are kept as plain text

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, overload

from ..errors import OverwriteError, ParameterError, ReadError, WriteError, printable
from ..io import default_extension
from ..pipeline import FileJob
from .journal import Journal
from .listing import PICTURE_EXTENSIONS, Listing, PassedOver

__all__ = ["PICTURE_EXTENSIONS", "Plan", "folded", "folds_case", "plan", "raise_refused"]


class Plan(Sequence[FileJob]):
    """Jobs in order of their names; each is made when it is asked for.

    Parameters
    ----------
    source, target : pathlib.Path
        The folders.
    names : sequence of (str, str)
        Inputs and outputs, relative to them.
    passed : PassedOver, optional
        What was passed over.
    besides : mapping of str to str
        Extensions of further files beside each output, by their kind: ".tif" for
        "probability" makes `name.probability.tif`.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        names: Sequence[tuple[str, str]],
        passed: PassedOver | None = None,
        besides: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.source, self.target, self.passed = source, target, passed or PassedOver()
        self.besides = besides
        self._names = names

    def __len__(self) -> int:
        """Return how many jobs there are."""
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> FileJob: ...
    @overload
    def __getitem__(self, index: slice) -> Plan: ...
    def __getitem__(self, index: int | slice) -> FileJob | Plan:
        """Return a job, or a plan of some of them."""
        if isinstance(index, slice):
            some = self._names[index]
            return Plan(self.source, self.target, some, self.passed, self.besides)
        source, target = self._names[index]
        _, *others = (self.target / name for name in self.outputs(target))
        more: dict[str, Any] = dict(zip(self.besides, others, strict=True))
        return FileJob(self.source / source, self.target / target, **more)

    def outputs(self, target: str) -> tuple[str, ...]:
        """Return the names of all files that are written with a target of this name."""
        stem = os.path.splitext(target)[0]
        return target, *(f"{stem}.{name}{ext}" for name, ext in self.besides.items())

    @property
    def extensions(self) -> set[str]:
        """The extensions of the targets."""
        return {os.path.splitext(target)[1] for _, target in self._names}


def plan(  # noqa: PLR0913 - each is a wish of its own
    source: str | Path,
    target: str | Path,
    *,
    recursive: bool = False,
    overwrite: bool = False,
    extension: str | None = None,
    journal: Journal | None = None,
    besides: Mapping[str, str] = MappingProxyType({}),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Plan:
    """Return what to do for each picture of a folder, before anything is done.

    The target folder keeps the tree and the names: a TIFF stays a TIFF, every
    other picture becomes `name.png`. Hidden files, links and files without a
    picture's extension are passed over, and so is the target folder where it
    lies in the source.

    Parameters
    ----------
    source, target : path
        Folders; the target need not exist.
    recursive : bool
        Whether folders below are visited.
    overwrite : bool
        Whether existing targets are fine.
    extension : str, optional
        Of all targets, such as ".png".
    journal : Journal, optional
        Existing targets are also fine where this says that they were made
        from the same pictures, and they are as they were made.
    besides : mapping of str to str
        Further files beside each target, as for `Plan`.
    include, exclude : sequence of str
        Patterns such as "*.tif" or "raw/*" (as of `fnmatch`, the case counts). One with a slash
        is of the name below the source, any other of the last part alone. Where some include,
        only such pictures are taken; a picture or a folder that one excludes is left out.

    Returns
    -------
    Plan
        The jobs in order of the names, and how much was passed over.

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

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> scans = Path(folder.name)
    >>> for name in ("a.jpg", "b.tif", "notes.txt"):
    ...     scans.joinpath(name).touch()
    >>> jobs = plan(scans, scans / "cleaned")
    >>> [(job.source.name, job.target.name) for job in jobs], jobs.passed.others
    ([('a.jpg', 'a.png'), ('b.tif', 'b.tif')], 1)
    >>> folder.cleanup()
    """
    source, target = Path(source), Path(target)
    if not source.is_dir():
        raise ReadError(source, "is not a folder; name the folder that holds the pictures")
    if target.exists() and not target.is_dir():
        raise WriteError(target, "is not a folder; name the folder to write to")
    if target.exists() and source.samefile(target):
        raise ParameterError("output", f"{printable(target)} is the input folder itself")
    found = Listing(source, target, recursive, include, exclude)
    names = [
        (name, os.path.splitext(name)[0] + (extension or default_extension(name))) for name in found
    ]
    jobs = Plan(source, target, names, found.passed, besides)
    _check_collisions(jobs, names)
    _check_folders(jobs, names)
    there = (i for i, (_, name) in enumerate(names) if _is_there(jobs, name))
    if not overwrite:
        raise_refused(refusal for i in there if (refusal := _refusal(jobs[i], journal)))
    return jobs


def raise_refused(refusals: Iterable[OverwriteError]) -> None:
    """Raise the first refusal, if there is one, with the number of the others."""
    refusals = iter(refusals)
    if (first := next(refusals, None)) is not None:
        others = sum(1 for _ in refusals)
        hint = f"overwrite_all:{others}" if others else first.hint
        raise OverwriteError(first.path, first.message, hint) from first


def _is_there(jobs: Plan, target: str) -> bool:
    """Tell whether a file that is to be written exists."""
    return any(os.path.lexists(os.path.join(jobs.target, name)) for name in jobs.outputs(target))


def _refusal(job: FileJob, journal: Journal | None) -> OverwriteError | None:
    """Return why a target that exists must stay, or None."""
    if journal is None:
        return OverwriteError(job.target, "exists", "overwrite")
    try:
        journal.check(job)
    except OverwriteError as error:
        return error
    return None


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


def _check_collisions(jobs: Plan, names: Iterable[tuple[str, str]]) -> None:
    """Refuse two pictures of one target, by both names."""
    folds = folds_case(jobs.target)
    first: dict[str, int] = {}
    for index, (_, target) in enumerate(names):
        for name in jobs.outputs(target):
            other = first.setdefault(folded(name) if folds else name, index)
            if other != index:
                both = f"{printable(jobs[other].source)} and {printable(jobs[index].source)}"
                become = f"would both become {printable(jobs.target / name)}; rename one"
                raise ParameterError("input", f"{both} {become}")


def folded(name: str) -> str:
    """Return what all names have in common that a folding file system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _check_folders(jobs: Plan, names: Iterable[tuple[str, str]]) -> None:
    """Refuse ways out of the target folder, and results in the place of inputs."""
    inputs: dict[str, set[str]] = {}  # names by folder
    outputs: dict[str, list[str]] = {}
    for source, target in names:
        inputs.setdefault(os.path.dirname(source), set()).add(os.path.basename(source))
        made = map(os.path.basename, jobs.outputs(target))
        outputs.setdefault(os.path.dirname(target), []).extend(made)
    real = {os.path.realpath(os.path.join(jobs.source, f)): known for f, known in inputs.items()}
    for folder, written in outputs.items():
        refuse_links(jobs.target, jobs.target / folder)
        taken = real.get(os.path.realpath(os.path.join(jobs.target, folder)), set())
        if (name := next((name for name in written if name in taken), None)) is not None:
            path = jobs.target / folder / name
            raise ParameterError("output", f"{printable(path)} is itself an input")


def refuse_links(target: Path, folder: Path) -> None:
    """Refuse a folder below `target` that is a link, or lies behind one.

    Raises
    ------
    WriteError
        It is named.
    """
    here = target
    for part in folder.relative_to(target).parts:
        here /= part
        if here.is_symlink():
            raise WriteError(here, "is a link, which is not followed; remove it")

"""What a process of a cluster does: cleans one picture, and stages its files.

It publishes nothing. Its results wait under names of their own beside their targets until
the process that has the journal gives them theirs: a worker that dies at any moment, or lives
on when the batch has ended, leaves nothing under a name that the journal does not know.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from .._version import __version__
from ..errors import ClusterError, IsingDenoiseError, printable
from ..inference import PRIORS, Advice, serially
from ..io.hashing import file_sha256
from ..io.temporaries import new_staged_name
from ..pipeline import CleanOptions, FileJob, clean
from .cleaning import Notes, of_the_picture
from .places import Places, Root

__all__ = [
    "LIBRARIES",
    "Done",
    "Task",
    "Witness",
    "absolute",
    "anchored",
    "do",
    "look",
    "renamed",
    "versions",
]

#: What may decide the bytes of a result, beside isingdenoise itself.
LIBRARIES = ("numpy", "numba", "pillow", "tifffile")


@dataclass(frozen=True)
class Witness:
    """What a worker must find, to be sure that it sees the folders that the client sees.

    Attributes
    ----------
    version : str
        Of isingdenoise.
    path, text : str
        A file in the folder of results, and what it holds.
    inputs : mapping of str to int
        Some files that are read, and how long each is.
    """

    version: str
    path: str
    text: str
    inputs: Mapping[str, int]

    def objection(self) -> str | None:
        """Return why this process cannot do the work, or None."""
        if self.version != __version__:
            return (
                f"has isingdenoise {__version__}, not {self.version}; install the same everywhere"
            )
        for name, size in self.inputs.items():
            try:
                found = os.stat(name).st_size  # noqa: PTH116
            except OSError:
                found = -1
            if found != size:
                return _unseen(name)
        return self._objection_here()

    def _objection_here(self) -> str | None:
        """Look at the folder of results alone: quick enough for each picture."""
        if not self.path:
            return None
        try:
            found = Path(self.path).read_text(encoding="ascii")
        except (OSError, ValueError):
            found = ""
        folder = os.path.dirname(self.path)  # noqa: PTH120
        return None if found == self.text else _unseen(folder)

    def check(self) -> None:
        """Refuse the work where this process came later than the others, and was never asked.

        Raises
        ------
        ClusterError
            Another version, or another folder of that name.
        """
        here = self.objection() if self.version != __version__ else self._objection_here()
        if here is not None:
            raise ClusterError("a worker", here)


def _unseen(name: str) -> str:
    return (
        f"does not see {printable(name)} as this machine does; "
        "folders must be shared, under the same names"
    )


@dataclass(frozen=True)
class Task:
    """A job as it travels.

    Attributes
    ----------
    job : FileJob
        With absolute names.
    options : CleanOptions
        As `anchored` returns them.
    root : pathlib.Path or None
        The folder that no result may leave, where there is a journal.
    overwrite : bool
        Whether targets that exist are going to be replaced.
    run : str
        What the names of all staged files have in common.
    witness : Witness
        What the worker must find.
    """

    job: FileJob
    options: CleanOptions
    root: Path | None
    overwrite: bool
    run: str
    witness: Witness


@dataclass(frozen=True)
class Done:
    """What became of a task, as it travels back.

    Attributes
    ----------
    pages, advice, seconds
        As of `Outcome`.
    input_sha256 : str or None
        Of the input, where there is a journal.
    found : dict
        Of the result, in figures.
    digests, staged : dict
        By name of output: the SHA-256, and the name that the file has for now.
    error : IsingDenoiseError or None
        Why there is no result.
    trace : str
        Where an error comes from that is none of ours.
    """

    pages: tuple[Any, ...]
    advice: tuple[Advice, ...]
    seconds: float
    input_sha256: str | None
    found: dict[str, Any]
    digests: dict[str, str]
    staged: dict[str, str]
    error: IsingDenoiseError | None = None
    trace: str = ""


class _Staging(Notes):
    """What is kept of a picture while it is cleaned, and where its files are staged."""

    def __init__(self, task: Task, places: Places) -> None:
        super().__init__(task.job, None, places)
        self._run, self._noted = task.run, task.root is not None
        self.digests: dict[str, str] = {}
        self.staged: dict[str, str] = {}
        self.result: dict[str, Any] = {}

    def open(self, places: dict[str, Any]) -> dict[str, Any]:
        """Make the folders, and have each file take a name of its own beside its target."""
        self.staged = {name: new_staged_name(self._run) for name in places}
        checked = super().open(places)
        return {name: replace(checked[name], staged=self.staged[name]) for name in places}

    def settle(self, digests: Callable[[], dict[str, str]]) -> None:
        """Keep what the journal is going to hold."""
        if self._noted:
            self.digests, self.result = digests(), self.found()


def do(task: Task) -> Done:
    """Clean a picture and stage its files.

    Raises
    ------
    ClusterError
        This process cannot do the work of this batch.
    """
    started = time.perf_counter()
    task.witness.check()
    job, sha256 = task.job, None
    root = None if task.root is None else Root(task.root)
    with Places(root, job.targets) as places, serially():
        notes = _Staging(task, places)
        pages: tuple[Any, ...] = ()
        error, trace = None, ""
        try:
            places.look()
            sha256 = None if root is None else file_sha256(job.source)
            places.check(overwrite=task.overwrite)
            found = clean(job, task.options, overwrite=task.overwrite, watcher=notes)
            pages = tuple(page.record for page in found.pages)
        except Exception as wrong:  # as in a thread: the other pictures must not suffer
            error, notes.staged = of_the_picture(job, wrong), {}
            if error.__cause__ is not None:
                trace = "".join(traceback.format_exception(error.__cause__))
        seconds, said = time.perf_counter() - started, tuple(notes.advice)
        kept = (sha256, notes.result, notes.digests, notes.staged)
        return Done(pages, said, seconds, *kept, error, trace)


def look(witness: Witness) -> tuple[str | None, dict[str, str]]:
    """Return why this process cannot do the work, or None, and the versions of libraries."""
    return witness.objection(), versions()


def versions() -> dict[str, str]:
    """Return the versions of what may decide the bytes of a result."""
    return {name: metadata.version(name) for name in LIBRARIES}


def anchored(options: CleanOptions) -> CleanOptions:
    """Return options that name the same files in a process with another current folder."""
    engine: Any = options.engine
    if isinstance(getattr(engine, "prior", None), str):
        engine = replace(engine, prior=os.path.abspath(engine.prior))  # noqa: PTH100
    return replace(
        options,
        engine=engine,
        prior=options.prior if options.prior in PRIORS else absolute(Path(options.prior)),
        mask=None if options.mask is None else absolute(options.mask),
        protect=None if options.protect is None else absolute(options.protect),
    )


def absolute(path: Path) -> Path:
    """Return the whole name of a file; links stay as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def renamed(error: IsingDenoiseError, names: Sequence[tuple[Path, Path]]) -> IsingDenoiseError:
    """Name files in an error as the user did, and not as workers know them.

    Parameters
    ----------
    error : IsingDenoiseError
        It is changed.
    names : sequence of (Path, Path)
        The name that workers know, and the user's.
    """
    pairs = [(str(known), str(given)) for known, given in names if str(known) != str(given)]

    def mended(value: Any) -> Any:
        for known, given in pairs:
            if isinstance(value, str):
                value = value.replace(printable(known), printable(given))
            elif isinstance(value, Path) and str(value) == known:
                value = Path(given)
        return value

    error.args = tuple(map(mended, error.args))
    for name, value in vars(error).items():
        setattr(error, name, mended(value))
    return error

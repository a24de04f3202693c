"""The surroundings of the process: what numba would die of or be led by, and what is unsafe.

Who wants to know that something compiles says so here, before numba is loaded.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import ParameterError, printable

__all__ = [
    "SurroundingsWarning",
    "alone",
    "check_environment",
    "compilation_begins",
    "telling_of_compilation",
    "unswayed",
    "warn_of",
]

#: More than this exhausts a machine before numba notices.
_MOST_THREADS = 1024
_THREADS = "NUMBA_NUM_THREADS"
_SETTINGS = ".numba_config.yaml"


def check_environment() -> None:
    """Refuse settings with which numba fails to load, or takes the process with it.

    It is called when kernels are first needed, before numba is imported.

    Raises
    ------
    ParameterError
        `NUMBA_NUM_THREADS` is no whole number from 1 to 1024.
    """
    given = os.environ.get(_THREADS)
    if given is None:
        return
    try:
        threads = int(given)
    except ValueError:
        threads = 0
    if not 1 <= threads <= _MOST_THREADS:
        raise ParameterError(
            _THREADS,
            f"this environment variable must be a whole number from 1 to {_MOST_THREADS}, "
            f"not {given[:40]!r}; correct or unset it",
        )


class SurroundingsWarning(UserWarning):
    """Something around the process is not used, and something else stands in for it."""


def warn_of(path: object, text: str) -> None:
    """Warn of a file or folder that is not used.

    Parameters
    ----------
    path : str or os.PathLike
        Its name.
    text : str
        What is wrong with it, and what to do.
    """
    warnings.warn(f"{printable(path)}: {text}", SurroundingsWarning, stacklevel=3)


class _Program:
    """Whether the process is a command, at home in no folder, or a program of somebody's own."""

    alone = False
    told: Callable[[], object] | None = None


@contextmanager
def telling_of_compilation(told: Callable[[], object]) -> Iterator[None]:
    """Call `told` whenever a kernel is compiled in the block, on whatever thread that is.

    A kernel that is loaded from the cache is not compiled. numba is not loaded for it.

    Parameters
    ----------
    told : callable
        Takes nothing; it is called before each compilation, kernels within kernels too.
    """
    before, _Program.told = _Program.told, told
    try:
        yield
    finally:
        _Program.told = before


def compilation_begins() -> None:
    """Tell who wants to know that a kernel is being compiled."""
    if _Program.told is not None:
        _Program.told()


def alone() -> None:
    """Keep numba from the settings of the current folder, for the rest of the process.

    numba reads `.numba_config.yaml` there when it is loaded, and again whenever
    it compiles. Variables are the user's own, and stay.
    """
    _Program.alone = True
    _look_elsewhere()


@contextmanager
def unswayed() -> Iterator[None]:
    """Hide that file from numba while it is loaded in the block, if `alone` was called.

    The name is one that nobody else asks for, so that other threads may go on;
    for them another current folder would matter.
    """
    if not _Program.alone:
        yield
        return
    exists = os.path.exists
    os.path.exists = lambda path: path != _SETTINGS and exists(path)
    try:
        yield
    finally:
        os.path.exists = exists
        _look_elsewhere()


def _look_elsewhere() -> None:
    """Give numba, once it is loaded, a name under which there is no file."""
    settings = sys.modules.get("numba.core.config")
    if settings is not None:
        settings._config_fname = os.devnull  # type: ignore[attr-defined]

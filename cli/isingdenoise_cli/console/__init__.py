"""What is said beside the results, on stderr and in a log file; and results for people.

A line passes through the standard library's logging, under the name
"isingdenoise". The handlers live as long as a `session`: one command. Who
uses the package as a library never meets them.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from isingdenoise.environment import SurroundingsWarning, telling_of_compilation
from isingdenoise.errors import printable

from .logfile import LogFile
from .shortening import shortened
from .streams import mute

if TYPE_CHECKING:
    from .bar import Bar

Item = TypeVar("Item")

_logger = logging.getLogger("isingdenoise")
_lock = threading.RLock()  # the bar and the lines take turns


class _State:
    """Who hears what during a session."""

    terminal: _Terminal | None = None
    log: LogFile | None = None
    bar: Bar[Any] | None = None
    compiling_told = False


class _Terminal(logging.Handler):
    """Lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line; the progress bar makes room for it."""
        if getattr(record, "result", False):
            return  # stands on stdout
        with _room_for_a_line():
            try:
                click.echo(f"isingdenoise: {record.getMessage()}", err=True)
            except (OSError, ValueError):  # nobody is there to be told
                mute(sys.stderr)


class _Foreign(logging.Handler):
    """What other libraries say: of interest to those alone who look closer."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on as a detail."""
        detail(f"{record.name}: {record.getMessage()}")


@contextmanager
def _others_as_details() -> Iterator[None]:
    """Keep log lines and warnings of other libraries from the terminal until the block ends."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, SurroundingsWarning):
            _say(logging.WARNING, shortened(f"warning: {message}"))
        else:
            detail(f"{category.__name__}: {message}")

    root, foreign = logging.getLogger(), _Foreign(logging.WARNING)
    root.addHandler(foreign)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            warnings.simplefilter("always", SurroundingsWarning)  # PYTHONWARNINGS is for others
            yield
    finally:
        root.removeHandler(foreign)


@contextmanager
def session() -> Iterator[None]:
    """Talk as one command until the block ends: on stderr, neither quiet nor verbose."""
    level, propagate = _logger.level, _logger.propagate
    before, handlers = _State.terminal, list(_logger.handlers)
    _State.terminal = _Terminal(logging.INFO)
    _logger.handlers = [_State.terminal]
    _logger.setLevel(logging.DEBUG)
    _logger.propagate = False  # what is said is said once
    _State.compiling_told = False
    try:
        with _others_as_details(), telling_of_compilation(compiling):
            yield
    finally:
        for handler in _logger.handlers:
            handler.close()
        _State.log = None
        _State.terminal, _logger.handlers = before, handlers
        _logger.setLevel(level)
        _logger.propagate = propagate


def settle(*, quiet: bool = False, verbose: bool = False) -> None:
    """Say errors alone, or details too, for the rest of the session."""
    if _State.terminal is not None:
        _State.terminal.setLevel(
            logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
        )


def attach(log: LogFile) -> None:
    """Also add all that is said to a file, for the rest of the session."""
    _logger.addHandler(log)
    _State.log = log


def is_quiet() -> bool:
    """Return whether nobody wants to read more than errors."""
    return _State.terminal is not None and _State.terminal.level >= logging.ERROR


def is_verbose() -> bool:
    """Return whether details are shown."""
    return _State.terminal is not None and _State.terminal.level <= logging.DEBUG


def error(text: str) -> None:
    """Say why the command, or a picture of a batch, came to nothing."""
    _say(logging.ERROR, shortened(text))


def warning(path: object, text: str) -> None:
    """Say what had to be assumed, or did not go well, with a picture."""
    _say(logging.WARNING, shortened(f"{printable(path)}: warning: {text}"))


def notice(text: str) -> None:
    """Say what a person at the terminal wants to know meanwhile."""
    _say(logging.INFO, text)


def compiling() -> None:
    """Say, once in a session, why it takes longer: kernels are not all in the cache."""
    from isingdenoise.warmup import kernel_folder

    with _lock:
        told, _State.compiling_told = _State.compiling_told, True
    if not told:
        often = "once, and kept for later runs" if kernel_folder() else "on every run"
        notice(f"compiling kernels ({often})")


def with_compiling() -> str:
    """Return what to add to a time in which kernels may have been compiled."""
    return ", with compiling" if _State.compiling_told else ""


def detail(text: str) -> None:
    """Say what only somebody who looks closer wants to know (--verbose, --log-file)."""
    _say(logging.DEBUG, text)


def trace(error: BaseException) -> None:
    """Say where an error comes from, as details."""
    for part in traceback.format_exception(error):
        for line in part.splitlines():
            detail(line)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say, as a detail, how long the block took."""
    started = time.perf_counter()
    yield
    detail(f"{what}: {time.perf_counter() - started:.3f} s")


def result(text: str = "", *, draw: Callable[[], object] | None = None) -> None:
    """Print a part of a report for people on stdout; --quiet leaves it out.

    Parameters
    ----------
    text : str
        One or more lines, for the log file too.
    draw : callable, optional
        Prints the same in another way.
    """
    if not is_quiet():
        with _room_for_a_line():
            draw() if draw is not None else click.echo(text)
    for line in filter(None, map(str.strip, text.splitlines())):
        _say(logging.INFO, line, result=True)


@contextmanager
def progress(items: Iterable[Item], length: int, label: str) -> Iterator[Iterable[Item]]:
    """Give an iterable over `items` that draws a progress bar while it is walked through.

    The bar is drawn on stderr, only on a terminal, and not with --quiet.

    Parameters
    ----------
    items : iterable
        What there is to do.
    length : int
        How many there are.
    label : str
        What is being done.
    """
    if is_quiet() or not is_terminal(sys.stderr):
        yield items
        return
    from .bar import Bar

    bar = Bar(items, length, label)
    _State.bar = bar
    try:
        yield bar
    finally:
        _State.bar = None
        with _lock:
            bar.end()


def _say(level: int, text: str, **extra: bool) -> None:
    line = printable(" ".join(text.splitlines()))
    if _State.terminal is None:
        with session():
            _say(level, line, **extra)
        return
    _logger.log(level, "%s", line, extra=extra)
    log, _State.log = _State.log, None
    if log is not None and log.failure is not None:
        warning(log.path, f"cannot be written any more ({log.failure}); going on without it")
    else:
        _State.log = log


@contextmanager
def _room_for_a_line() -> Iterator[None]:
    with _lock:
        bar = _State.bar
        if bar is not None:
            bar.clear()
        yield
        if bar is not None:
            bar.draw()


def is_terminal(stream: Any) -> bool:
    """Tell whether a person looks at what is written to a stream."""
    return stream is not None and bool(stream.isatty())

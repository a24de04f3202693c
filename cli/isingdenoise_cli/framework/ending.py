"""How a run ends: one line for each kind of error, and its exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress

import click

from isingdenoise.errors import IsingDenoiseError, ReadError, WriteError, named

from .. import console
from . import process
from .usage import unknown_option, worded

BUG = 1
INTERRUPTED = 130


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The user pressed Ctrl-C, or a signal asked for the end."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def _let_go(error: BaseException) -> None:
    """Drop what was being made when a signal came, which has nothing to say at its end.

    It would else go with the interpreter, when the hook that keeps it quiet is gone already.
    """
    sys.unraisablehook = lambda _: None
    left: BaseException | None = error
    while left is not None:
        before = left.__context__
        left.__traceback__ = left.__context__ = left.__cause__ = None
        left = before
    gc.collect()


def report_end(error: Exception, command: str) -> int:  # noqa: PLR0911 - one for each kind of end
    """Print an error as one line; return its exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case Interrupted():
            return complain(str(error), error.code)
        case click.Abort():  # click takes any signal for Ctrl-C
            number = process.asked or signal.SIGINT
            _let_go(error)
            word = "interrupted" if number == signal.SIGINT else "terminated"
            return complain(word, 128 + number)
        case click.exceptions.NoArgsIsHelpError():
            with suppress(OSError):  # nobody is there to be told
                click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.ClickException():
            return complain(_one_line(error, command), error.exit_code)
        case IsingDenoiseError():
            return complain(worded(error), error.exit_code)
        case MemoryError():
            console.trace(error)
            text = "needs more memory than there is; free some, or cut the picture into parts"
            return complain(text, ReadError.exit_code)
        case OSError() if error.errno is not None:  # the library names its files
            console.trace(error)
            return complain(*_of_the_system(error))
    if os.environ.get("ISINGDENOISE_DEBUG"):
        raise error
    code = complain(
        f"internal error: {type(error).__name__}: {error}; please report it "
        "(-v shows the traceback)",
        BUG,
    )
    console.trace(error)
    return code


def complain(message: str, code: int) -> int:
    """Print one line on stderr and return `code`."""
    console.error(message)
    return code


def _of_the_system(error: OSError) -> tuple[str, int]:
    """Return the line and the exit code of an error that the library did not expect."""
    reason = error.strerror or str(error)
    if isinstance(error, FileNotFoundError) and error.filename is None:
        text = "the current folder does not exist any more; change to another, or name files from /"
        return text, ReadError.exit_code
    if error.filename is not None:
        return f"{named(error.filename)}: cannot be used ({reason})", WriteError.exit_code
    # the terminal, or a pipe
    return f"cannot print ({reason}); nothing is lost", WriteError.exit_code


def _one_line(error: click.ClickException, command: str) -> str:
    known = f" {command}" if command else ""
    said = unknown_option(error) if isinstance(error, click.NoSuchOption) else None
    text = (said or error.format_message()).rstrip(".")
    see = " See" if text.endswith("?") else "; see"
    return f"{text}{see} 'isingdenoise{known} --help'"

"""The `isingdenoise` command: its subcommands, and the one place where errors end."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import nullcontext, suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from isingdenoise._version import __version__
from isingdenoise.errors import (
    IsingDenoiseError,
    ReadError,
    WriteError,
    named,
)

from . import process, talk
from .common import Command, manner_options
from .process import Terminated, ending_on_signals, mend_streams
from .usage import docstring, unknown_command, worded

#: Subcommands, where they live, and their line in the help: none is imported for it.
COMMANDS = {
    "run": "Clean pictures.",
    "estimate": "Estimate noise and coupling of one picture.",
    "compare": "Run all engines on one picture, side by side.",
    "batch": "Clean every picture of a folder.",
    "corrupt": "Add noise to a clean picture.",
    "engines": "List the engines and their settings.",
    "noises": "List the noise models and their parameters.",
    "warmup": "Compile the kernels ahead of the first run.",
}
_MODULES = {"engines": "listing", "noises": "listing"}

BUG = 1
INTERRUPTED = 130
_HELP = """Clean noisy two-level pictures: scans, faxes, masks, barcodes, micrographs.

An Ising Markov random field is put over the pixels; mean field, ICM or
Gibbs sampling gives the clean picture and how sure each pixel is.

\b
isingdenoise run noisy.png
isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif

Settings may also stand in a file (--config FILE) and in variables such as
ISINGDENOISE_NOISE; the command line wins, then variables. With
--show-config a command prints what is in use. The exit code is 0 when
done, 1 when some files failed, 2 for wrong usage, 3 when an input cannot
be read, 4 when a file would be overwritten, 5 when an output cannot be
written, 6 when more would change than --max-change allows.
"""


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The user pressed Ctrl-C, or a signal asked for the end."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is used, and reports errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand, with the options that all have."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            module = importlib.import_module(f".{_MODULES.get(cmd_name, cmd_name)}", __package__)
            command = getattr(module, cmd_name)
            text = docstring(module, cmd_name, COMMANDS[cmd_name])
            self.commands[cmd_name] = Command(command, text)
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Look a subcommand up; of an unknown one, tell the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if args[0].startswith("-"):
                raise
            raise click.UsageError(unknown_command(args[0], COMMANDS), ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the subcommands without importing them, and the options before them."""
        items = [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; end quietly where the reader of a pipe has gone."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except KeyboardInterrupt as end:
            if isinstance(end, Terminated):
                raise Interrupted(128 + end.number, "terminated") from None
            if sys.stderr.isatty():
                with suppress(OSError):
                    click.echo(err=True)  # the terminal shows ^C on the line so far
            raise Interrupted(INTERRUPTED, "interrupted") from None
        except BrokenPipeError:
            # What was to be written to files is written.
            process.mute(sys.stdout)
            return 0

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse; --help and --version print here, and end as `invoke` does."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError:
            process.mute(sys.stdout)
            raise click.exceptions.Exit(0) from None

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run, and leave with an exit code from the published table."""
        invoke: Any = super().main
        if standalone_mode:
            mend_streams()
        with talk.session(), ending_on_signals() if standalone_mode else nullcontext():
            if not standalone_mode:
                return invoke(*args, standalone_mode=False, **extra)
            try:
                code = invoke(*args, standalone_mode=False, **extra)
            except Exception as error:  # the one place where errors end
                words = args[0] if args and args[0] is not None else sys.argv[1:]
                code = _reported(error, next((w for w in words if w in COMMANDS), ""))
            finally:
                process.settle_streams()
        sys.exit(code if isinstance(code, int) else 0)


def _reported(error: Exception, command: str) -> int:  # noqa: PLR0911 - one for each kind of end
    """Print an error as one line; return its exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case Interrupted():
            return complain(str(error), error.code)
        case click.Abort():  # click takes any signal for Ctrl-C
            number = process.asked or INTERRUPTED - 128
            return complain("terminated" if process.asked else "interrupted", 128 + number)
        case click.exceptions.NoArgsIsHelpError():
            with suppress(OSError):  # nobody is there to be told
                click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.ClickException():
            return complain(_one_line(error, command), error.exit_code)
        case IsingDenoiseError():
            return complain(worded(error), error.exit_code)
        case MemoryError():
            talk.trace(error)
            text = "needs more memory than there is; free some, or cut the picture into parts"
            return complain(text, ReadError.exit_code)
        case OSError() if error.errno is not None:  # the library names its files
            talk.trace(error)
            return complain(*_of_the_system(error))
    if os.environ.get("ISINGDENOISE_DEBUG"):
        raise error
    code = complain(
        f"internal error: {type(error).__name__}: {error}; please report it "
        "(-v shows the traceback)",
        BUG,
    )
    talk.trace(error)
    return code


@click.group(
    cls=LazyGroup,
    help=_HELP,
    params=manner_options(before_the_command=True),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", message="isingdenoise %(version)s")
def cli(**before: object) -> None:
    """Take what stands before the subcommand; `Command` looks for it in the context."""


def complain(message: str, code: int) -> int:
    """Print one line on stderr and return `code`."""
    talk.error(message)
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
    known = f" {command}" if command in COMMANDS else ""
    text = error.format_message().rstrip(".")
    see = " See" if text.endswith("?") else "; see"
    return f"{text}{see} 'isingdenoise{known} --help'"

"""The `isingdenoise` command: its subcommands, and the one place where errors end."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from typing import Any

import click

from isingdenoise._version import __version__
from isingdenoise.errors import IsingDenoiseError, ParameterError

from . import talk

#: Subcommands, where they live, and their line in the help: none is imported for it.
COMMANDS = {
    "run": "Clean one picture.",
    "estimate": "Estimate noise and coupling of one picture.",
    "compare": "Run all engines on one picture, side by side.",
    "batch": "Clean every picture of a folder.",
    "corrupt": "Add noise to a clean picture.",
    "engines": "List the engines and their settings.",
    "noises": "List the noise models and their parameters.",
    "warmup": "Compile the kernels ahead of the first run.",
}
_MODULES = {"engines": "listing", "noises": "listing"}

#: Options whose name differs from the library's parameter.
_OPTIONS = {
    "rng": "--seed",
    "probability": "--flip-prob",
    "output": "-o",
    **dict.fromkeys(("horizontal", "vertical", "diagonal", "antidiagonal"), "--coupling"),
    "image": "INPUT",
    "input": "INPUT",
}

BUG = 1
CANNOT_WRITE = 5
INTERRUPTED = 130


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The user pressed Ctrl-C."""


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is used, and reports errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{_MODULES.get(cmd_name, cmd_name)}", __package__)
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; end quietly where the reader of a pipe has gone."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                click.echo(err=True)  # the terminal shows ^C on the line so far
            raise Interrupted from None
        except BrokenPipeError:
            # What was to be written to files is written. Python flushes once more at exit.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run, and leave with an exit code from the published table."""
        invoke: Any = super().main
        with talk.session():
            if not standalone_mode:
                return invoke(*args, standalone_mode=False, **extra)
            try:
                code = invoke(*args, standalone_mode=False, **extra)
            except Exception as error:  # the one place where errors end
                words = args[0] if args and args[0] is not None else sys.argv[1:]
                code = _reported(error, next(iter(words), ""))
        sys.exit(code if isinstance(code, int) else 0)


def _reported(error: Exception, command: str) -> int:  # noqa: PLR0911 - one for each kind of end
    """Print an error as one line; return its exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort() | Interrupted():
            return complain("interrupted", INTERRUPTED)
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.ClickException():
            return complain(_one_line(error, command), error.exit_code)
        case ParameterError():
            return complain(f"{_option(error.parameter)}: {error.message}", error.exit_code)
        case IsingDenoiseError():
            return complain(str(error), error.exit_code)
        case OSError():  # the library names its files; this is the terminal or a pipe
            return complain(
                f"cannot print ({error.strerror or error}); nothing is lost", CANNOT_WRITE
            )
    if os.environ.get("ISINGDENOISE_DEBUG"):
        raise error
    return complain(
        f"internal error: {type(error).__name__}: {error}; please report it "
        "(ISINGDENOISE_DEBUG=1 shows the traceback)",
        BUG,
    )


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="isingdenoise %(version)s")
def cli() -> None:
    """Clean noisy two-level pictures: scans, faxes, masks, barcodes, micrographs.

    An Ising Markov random field is put over the pixels; mean field, ICM or
    Gibbs sampling gives the clean picture and how sure each pixel is.

    \b
    isingdenoise run noisy.png
    isingdenoise run fax.png --noise flip -o clean.png --probability sure.tif
    """


def complain(message: str, code: int) -> int:
    """Print one line on stderr and return `code`."""
    talk.error(message)
    return code


def _option(parameter: str) -> str:
    """Return how the user wrote a parameter."""
    if parameter.startswith("-") or parameter.isupper():
        return parameter
    return _OPTIONS.get(parameter, "--" + parameter.replace("_", "-"))


def _one_line(error: click.ClickException, command: str) -> str:
    known = f" {command}" if command in COMMANDS else ""
    return f"{error.format_message().rstrip('.')}; see 'isingdenoise{known} --help'"

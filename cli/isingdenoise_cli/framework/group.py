"""The group of all subcommands: imports them when they are used, and ends every run."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from .. import console
from ..console.streams import mend_streams, mute, settle_streams
from . import completion
from .common import Command
from .ending import INTERRUPTED, Interrupted, report_end
from .process import Terminated, ending_on_signals
from .usage import unknown_command

completion.enable()
_HOME = f"{__package__.partition('.')[0]}.commands"


class Family(click.Group):
    """What is reached by the first word of a family alone: it lists the others.

    Parameters
    ----------
    name : str
        The first word.
    summaries : mapping of str to str
        The second words, with their line in the help.
    """

    def __init__(self, name: str, summaries: Mapping[str, str]) -> None:
        super().__init__(
            name,
            help=f"Choose what to do: '{name} COMMAND --help' says more.",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the second words."""
        return list(self.summaries)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse what is no member: members are never looked up here."""
        raise click.UsageError(unknown_command(f"{self.name} {args[0]}", self._whole()), ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the second words."""
        return [
            CompletionItem(name, help=text)
            for name, text in self.summaries.items()
            if name.startswith(incomplete)
        ]

    def _whole(self) -> list[str]:
        return [f"{self.name} {name}" for name in self.summaries]


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is used, and reports errors in one line.

    Parameters
    ----------
    summaries : mapping of str to str
        The names of the subcommands in the order of the help, with their line there. Of a
        name of two words the first is that of a family.
    modules : mapping of str to str
        The modules of those that have none of their own name in `commands`. A command of a
        family, and its module, are called `first_second`.
    **options : object
        As `click.Group`.
    """

    def __init__(
        self, *, summaries: Mapping[str, str], modules: Mapping[str, str], **options: Any
    ) -> None:
        super().__init__(**options)
        self.summaries = summaries
        self._modules = {name: f"{_HOME}.{module}" for name, module in modules.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which one meets them."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand, with the options that all have."""
        if cmd_name not in self.summaries:
            return None
        if cmd_name not in self.commands:
            own = cmd_name.replace(" ", "_")
            module = importlib.import_module(self._modules.get(cmd_name, f"{_HOME}.{own}"))
            command = getattr(module, own)
            self.commands[cmd_name] = Command(command)
        return self.commands[cmd_name]

    def family(self, name: str) -> dict[str, str]:
        """Return the second words of the subcommands that begin with this word, and their lines."""
        start = f"{name} "
        return {n.removeprefix(start): s for n, s in self.summaries.items() if n.startswith(start)}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Look a subcommand up, a family's by two words; of an unknown one, tell the nearest."""
        if members := self.family(args[0]):
            if len(args) > 1 and args[1] in members:
                args = [" ".join(args[:2]), *args[2:]]
            else:
                return args[0], Family(args[0], members), args[1:]
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if args[0].startswith("-"):
                raise
            raise click.UsageError(unknown_command(args[0], self.summaries), ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the subcommands without importing them, and the options before them."""
        items = [
            CompletionItem(name, help=text)
            for name, text in _first_words(self.summaries).items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

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
            mute(sys.stdout)
            return 0

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse; --help and --version print here, and end as `invoke` does."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError:
            mute(sys.stdout)
            raise click.exceptions.Exit(0) from None

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run, and leave with an exit code from the published table."""
        invoke: Any = super().main
        if standalone_mode:
            mend_streams()
        with console.session(), ending_on_signals() if standalone_mode else nullcontext():
            if not standalone_mode:
                return invoke(*args, standalone_mode=False, **extra)
            try:
                code = invoke(*args, standalone_mode=False, **extra)
            except Exception as error:  # the one place where errors end
                words = args[0] if args and args[0] is not None else sys.argv[1:]
                code = report_end(error, self._named(words))
            finally:
                settle_streams()
        sys.exit(code if isinstance(code, int) else 0)

    def _named(self, words: Sequence[str]) -> str:
        """Return the subcommand, or the family, that the words of the user name first."""
        for place, word in enumerate(words):
            pair = " ".join(words[place : place + 2])
            if word in self.summaries or pair in self.summaries or self.family(word):
                return pair if pair in self.summaries else word
        return ""


def _first_words(summaries: Mapping[str, str]) -> dict[str, str]:
    """Return single words that lead to a subcommand or a family, each once."""
    found: dict[str, str] = {}
    for name, text in summaries.items():
        found.setdefault(name.partition(" ")[0], text)
    return found

"""What every subcommand has: how much is said, the log file, and settings from elsewhere."""

from __future__ import annotations

import copy
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from isingdenoise._version import __version__
from isingdenoise.environment import alone, check_environment
from isingdenoise.errors import ParameterError, printable

from .. import console
from ..console.logfile import LogFile
from . import config
from .config import Setting
from .configfile import ConfigError, read_file
from .headings import OF_ALL, headed
from .subcommands import Subcommands
from .usage import name_like_an_option, option_of, parameter_of

_SHOW = "--show-config"
_PATH = click.Path(path_type=Path, readable=False)
_SETTINGS = "isingdenoise.settings"
_UNKNOWN = "isingdenoise.unknown"


def manner_options(before_the_command: bool = False) -> list[click.Parameter]:
    """Return the options that every subcommand has, or those that may stand before it."""
    options: list[click.Parameter] = [
        click.Option(["-q", "--quiet"], is_flag=True, help="Print errors only."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Print settings, times and causes."),
        click.Option(["--log-file"], type=_PATH, help="Append all messages to this file."),
        click.Option(
            ["--config"],
            type=_PATH,
            is_eager=not before_the_command,
            callback=None if before_the_command else _load,
            help="Read settings from this TOML file.",
        ),
    ]
    if not before_the_command:
        text = "Print the settings in use as a TOML file, and exit."
        options.append(click.Option([_SHOW], is_flag=True, help=text))
    return options


class Command(click.Command):
    """A subcommand with the manners of all of them.

    Parameters
    ----------
    command : click.Command
        The subcommand as its module has it.
    """

    def __init__(self, command: click.Command) -> None:
        super().__init__(
            command.name,
            callback=command.callback,
            params=[*command.params, *manner_options()],
            help=command.help,
            context_settings=command.context_settings,
        )

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters; to show settings, no picture is needed."""
        params = super().get_params(ctx)
        return list(map(_optional, params)) if ctx.meta.get(_SHOW) else params

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        for heading, records in headed(ctx, self.get_params(ctx)).items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; a wrong value that is not on the command line names its origin."""
        ctx.meta[_SHOW] = _SHOW in args
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except (click.NoSuchOption, click.MissingParameter) as error:
            name = name_like_an_option(error, words)
            if name is None:
                raise
            text = f"{name!r} is taken for options; as the name of a file write './{name}'"
            raise click.UsageError(f"{text}, or put '--' before it", ctx) from None
        except click.BadParameter as error:
            name = error.param.name if error.param is not None else None
            origin = _origin(ctx, str(name))
            if origin is None:
                raise
            raise ConfigError(f"{origin}: {error.message}") from None

    def invoke(self, ctx: click.Context) -> Any:
        """Settle the manners, then run the command."""
        own = {name: ctx.params.pop(name, None) for name in OF_ALL}
        _before_the_command(ctx, own)
        console.settle(**_loudness(ctx, own))
        if own["show_config"]:
            settings = _in_use(ctx, {**ctx.params, **own})
            for line in config.shown(str(ctx.info_name), self, settings):
                click.echo(line)
            return None
        if ctx.meta[_SHOW]:  # it stood there as the value of another option
            raise click.UsageError(f"{_SHOW} cannot be the value of an option")
        if own["log_file"] is not None:
            used = [*_paths([*ctx.params.values(), own["config"]])]
            console.attach(LogFile(own["log_file"], used))
        _tell_settings(ctx, {**ctx.params, **own})
        for variable, near in ctx.meta.get(_UNKNOWN, {}).items():
            nearest = f"; the nearest is {near}" if near else ""
            console.warning(variable, f"this environment variable stands for no option{nearest}")
        check_environment()
        alone()
        started = time.perf_counter()
        try:
            return super().invoke(ctx)
        except ParameterError as error:
            origin = _origin(ctx, parameter_of(self, option_of(error.parameter)))
            if origin is None:
                raise
            raise ConfigError(
                f"{option_of(error.parameter)}: {error.message} (set by {origin})"
            ) from error
        finally:
            console.detail(f"{time.perf_counter() - started:.3f} s in all")


def _load(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Read file and environment; what they set are the defaults of the options to come."""
    if ctx.resilient_parsing or not isinstance(ctx.parent, click.Context):
        return path
    commands = Subcommands(ctx.parent)
    path = path or ctx.parent.params.get("config") or _named_by_variable()
    settings: dict[str, Setting] = {}
    if path is not None:
        settings = config.from_file(path, read_file(path), str(ctx.info_name), commands)
    found, ctx.meta[_UNKNOWN] = config.from_environment(os.environ, str(ctx.info_name), commands)
    ctx.meta[_SETTINGS] = settings | found
    ctx.default_map = {name: setting.value for name, setting in ctx.meta[_SETTINGS].items()}
    return path


def _named_by_variable() -> Path | None:
    name = os.environ.get(f"{config.PREFIX}CONFIG")
    return Path(name) if name else None


def _origin(ctx: click.Context, name: str) -> str | None:
    """Return where a parameter was set, if that is not the command line."""
    if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT_MAP:
        return None
    return str(ctx.meta[_SETTINGS][name].origin)


def _in_use(ctx: click.Context, params: Mapping[str, Any]) -> dict[str, Setting]:
    words = {ParameterSource.COMMANDLINE: "command line"}
    found = {}
    for name, value in params.items():
        source = ctx.get_parameter_source(name)
        origin = _origin(ctx, name) or words.get(source or ParameterSource.DEFAULT, "default")
        found[name] = Setting(value, origin)
    return found


def _before_the_command(ctx: click.Context, own: dict[str, Any]) -> None:
    """Take over what stands before the subcommand, unless it stands behind it too."""
    before = ctx.parent.params if ctx.parent is not None else {}
    for name in OF_ALL:
        if before.get(name) and ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            own[name] = before[name]
            ctx.set_parameter_source(name, ParameterSource.COMMANDLINE)


def _loudness(ctx: click.Context, own: dict[str, Any]) -> dict[str, bool]:
    """Return --quiet and --verbose; where both are set, the command line decides."""
    if own["quiet"] and own["verbose"]:
        quiet, verbose = (ctx.get_parameter_source(name) for name in ("quiet", "verbose"))
        if quiet is verbose:
            raise click.UsageError("--quiet does not go with --verbose")
        own["quiet"] = quiet is ParameterSource.COMMANDLINE
        own["verbose"] = not own["quiet"]
    return {name: bool(own[name]) for name in ("quiet", "verbose")}


def _tell_settings(ctx: click.Context, params: Mapping[str, Any]) -> None:
    console.detail(
        f"isingdenoise {__version__}, Python {platform.python_version()}, {ctx.info_name}"
    )
    names = {p.name: p.opts[-1] for p in ctx.command.params if isinstance(p, click.Option)}
    for name, (value, origin) in _in_use(ctx, params).items():
        if origin != "default":
            text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            console.detail(f"{names.get(name, name)} {printable(text)} ({origin})")


def _paths(values: Iterable[Any]) -> Iterator[Path]:
    for value in values:
        if isinstance(value, Path):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _paths(value)


def _optional(parameter: click.Parameter) -> click.Parameter:
    free = copy.copy(parameter)
    free.required = False
    return free

"""Settings that are not on the command line: a TOML file and environment variables.

Both say how the work is done, and never to which files: options that name a
file, and --force, stand on the command line alone. So does --scheduler: who
answers there could have code run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click

from isingdenoise.errors import nearest, printable

from ..console.shortening import cut
from .configfile import ConfigError

PREFIX = "ISINGDENOISE_"
#: Variables with our prefix that stand for no option.
RESERVED = {f"{PREFIX}CONFIG", f"{PREFIX}DEBUG"}
#: A table that `learn` writes for itself: what it needs to go on. Others leave it alone.
LEARNED = "learned"
_NEVER = {"config", "show-config", "help", "version", "force", "scheduler"}
#: A file that is only appended to, and never one of the command's own.
_PATHS = {"log-file"}

Commands = Mapping[str, click.Command]


class Setting(NamedTuple):
    """A value and where it comes from, in words."""

    value: Any
    origin: str


def key_of(option: click.Option) -> str:
    """Return how a file calls an option: its long name, without dashes."""
    return max(option.opts, key=len).lstrip("-")


def keys(command: click.Command, settable: bool = True) -> dict[str, click.Option]:
    """Return the options of a command that a file may set, or those that it may not."""
    found = {key_of(p): p for p in command.params if isinstance(p, click.Option)}
    return {key: option for key, option in found.items() if _may_be_set(key, option) is settable}


def _may_be_set(key: str, option: click.Option) -> bool:
    return key not in _NEVER and (key in _PATHS or not isinstance(option.type, click.Path))


def from_file(
    path: Path, content: Mapping[str, Any], name: str, commands: Commands
) -> dict[str, Setting]:
    """Return the settings for the command `name` by parameter; the whole file is checked."""
    shown = printable(path)
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    everywhere = {key: value for key, value in content.items() if key not in tables}
    tables.pop(LEARNED, None)
    names = {table_of(known): known for known in commands}
    for table in tables:
        if table not in names:
            _unknown(f"{shown}: [{cut(printable(table))}] is no command", table, names)
    fixed = _of_all(commands, False)
    settable = _of_all(commands, True) - set(keys(commands[name], settable=False))
    _check_keys(shown, "", everywhere, settable, fixed)
    for table, values in tables.items():
        own = commands[names[table]]
        _check_keys(shown, f"[{table}] ", values, keys(own), keys(own, settable=False))
    mine = keys(commands[name])
    given = {key: (value, "") for key, value in everywhere.items() if key in mine}
    own_table = table_of(name)
    given |= {k: (value, f"[{own_table}] ") for k, value in tables.get(own_table, {}).items()}
    found = {}
    for key, (value, table) in given.items():
        origin = f"{shown}: {table}{key}"
        found[mine[key].name] = Setting(_plain(value, mine[key], origin), origin)
    return {str(parameter): setting for parameter, setting in found.items()}


def _check_keys(
    shown: str, table: str, given: Iterable[str], settable: Iterable[str], fixed: Iterable[str]
) -> None:
    for key in given:
        where = f"{shown}: {table}{cut(printable(key))}"
        if key in fixed and key not in settable:
            raise ConfigError(f"{where}: stands on the command line alone; take it out")
        if key not in settable:
            _unknown(f"{where} is no option", key, settable)


def _unknown(problem: str, name: str, known: Iterable[str]) -> NoReturn:
    raise ConfigError(problem + nearest(name.replace("_", "-"), known))


def _plain(value: Any, option: click.Option, origin: str) -> Any:
    """Return a value of TOML as click takes it: texts, lists of texts, or a bool."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise ConfigError(f"{origin}: must be true or false")
        return value
    parts = value if isinstance(value, list) else [value]
    if any(isinstance(part, bool) or not isinstance(part, (str, int, float)) for part in parts):
        raise ConfigError(f"{origin}: must be a number or text")
    texts = [str(part) for part in parts]
    return texts if option.multiple else ",".join(texts)


def from_environment(
    environment: Mapping[str, str], name: str, commands: Commands
) -> tuple[dict[str, Setting], dict[str, str]]:
    """Return the settings for the command `name` by parameter; unknown variables, the nearest."""
    found: dict[str, Setting] = {}
    unknown: dict[str, str] = {}
    own = commands[name]
    given = {v: text for v, text in environment.items() if v.startswith(PREFIX) and text}
    # ISINGDENOISE_RUN_NOISE after ISINGDENOISE_NOISE, so that it wins
    for variable in sorted(given.keys() - RESERVED, key=lambda v: (_command(v, commands) != "", v)):
        command = _command(variable, commands)
        key = _key(variable, command)
        if command in ("", name) and key in (mine := _by_variable(keys(own))):
            option, text = mine[key], given[variable]
            found[str(option.name)] = Setting(text.split() if option.multiple else text, variable)
        elif command in ("", name) and key in _by_variable(keys(own, settable=False)):
            raise ConfigError(f"{variable}: stands on the command line alone; unset it")
        else:
            others = commands.values() if not command else [commands[command]]
            known = (_by_variable(keys(c, s)) for c in others for s in (True, False))
            if all(key not in options for options in known):
                unknown[variable] = _nearest_variable(variable, command, others)
    return found, unknown


def _nearest_variable(variable: str, command: str, commands: Iterable[click.Command]) -> str:
    """Return the known variable that is spelt most like this one, or nothing."""
    start = PREFIX + (f"{_variable_of(command)}_" if command else "")
    known = {start + key for c in commands for key in _by_variable(keys(c))} | RESERVED
    ends = {name.removeprefix(PREFIX): name for name in known}
    near = difflib.get_close_matches(variable.removeprefix(PREFIX), ends, 1, 0.6)
    return ends[near[0]] if near else ""


def _command(variable: str, commands: Commands) -> str:
    """Return the command that a variable is for, or nothing: BATCH_SIZE is an option of `learn`."""
    whole = variable.removeprefix(PREFIX)
    name = next((c for c in commands if whole.startswith(f"{_variable_of(c)}_")), "")
    key = whole.removeprefix(f"{_variable_of(name)}_")
    if not key or not name:
        return ""
    known = key in _every(commands[name]) or all(whole not in _every(c) for c in commands.values())
    return name if known else ""


def _every(command: click.Command) -> set[str]:
    """Return how variables call the options of a command, those that they may not set too."""
    return {key for settable in (True, False) for key in _by_variable(keys(command, settable))}


def _key(variable: str, command: str) -> str:
    return variable.removeprefix(PREFIX + (f"{_variable_of(command)}_" if command else ""))


def table_of(command: str) -> str:
    """Return how a file calls a subcommand: a name of two words has a hyphen between them."""
    return command.replace(" ", "-")


def _variable_of(command: str) -> str:
    return command.upper().replace(" ", "_")


def _by_variable(options: Mapping[str, click.Option]) -> dict[str, click.Option]:
    return {key.upper().replace("-", "_"): option for key, option in options.items()}


def _of_all(commands: Commands, settable: bool) -> set[str]:
    return {key for command in commands.values() for key in keys(command, settable)}


def shown(name: str, command: click.Command, settings: Mapping[str, Setting]) -> Iterator[str]:
    """Yield lines of TOML: what is in use for the command, each value with its origin."""
    yield f"[{table_of(name)}]"
    for settable in (True, False):
        for key, option in keys(command, settable).items():
            if key in _NEVER - {"force", "scheduler"}:
                continue
            value, origin = settings[str(option.name)]
            if value is None and option.default == "auto":
                value = "auto"
            if value is None:
                yield f"# {key} is not set"
            elif settable and "\\udc" not in (text := _toml(value)):
                yield f"{key} = {text}  # {origin}"
            else:  # TOML is UTF-8: names that are not cannot stand there
                yield f"# {key} = {_toml(value)}  # {origin}; not from a file"


def _toml(value: Any) -> str:
    """Return a value in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if (
        isinstance(value, (list, tuple))
        and all(isinstance(part, float) for part in value)
        and value
    ):
        return _quoted(",".join(map(repr, value)))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_quoted(str(part)) for part in value)}]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = (
        c
        if c.isprintable() and c not in '"\\'
        else f"\\u{ord(c):04x}"
        if ord(c) < 1 << 16
        else f"\\U{ord(c):08x}"
        for c in text
    )
    return f'"{"".join(escaped)}"'

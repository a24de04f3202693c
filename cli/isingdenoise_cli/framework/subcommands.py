"""The subcommands, looked up by name."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import click


class Subcommands(Mapping[str, click.Command]):
    """The subcommands by name, each imported when it is looked at."""

    def __init__(self, ctx: click.Context) -> None:
        group: Any = ctx.command
        self._find = functools.partial(group.get_command, ctx)
        self._names: list[str] = group.list_commands(ctx)

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._names:
            raise KeyError(name)
        command: click.Command = self._find(name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

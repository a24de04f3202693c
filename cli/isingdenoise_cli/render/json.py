"""Results for machines: JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from isingdenoise.pipeline import plain


class _Lazy(list[Any]):
    """A list for the encoder, whose members are made when they are written."""

    def __init__(self, members: Sequence[object]) -> None:
        super().__init__()
        self._members = members

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[object]:
        return iter(self._members)


def print_json(value: object) -> None:
    """Print `value` as JSON; NaN and infinity, which JSON lacks, become null."""
    _write(plain(value))


def print_json_rows(key: str, rows: Sequence[object], more: Mapping[str, Any]) -> None:
    """Print {key: rows, **more} as `print_json` does, one of the plain rows in memory."""
    _write({key: _Lazy(rows), **plain(more)})


def _write(value: object) -> None:
    if sys.stdout is not None:
        sys.stdout.writelines(json.JSONEncoder(indent=2, allow_nan=False).iterencode(value))
    click.echo()

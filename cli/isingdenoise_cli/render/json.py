"""Results for machines: JSON on stdout."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import click

from isingdenoise.pipeline import plain


def print_json(value: object) -> None:
    """Print `value` as JSON; NaN and infinity, which JSON lacks, become null."""
    click.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def print_json_lines(key: str, lines: Iterable[str], more: Mapping[str, Any]) -> None:
    """Print {key: [the values on the lines], **more} as `print_json` does, line by line."""
    click.echo(f"{{\n  {json.dumps(key)}: [", nl=False)
    comma = ""
    for line in lines:
        value = textwrap.indent(json.dumps(json.loads(line), indent=2), "    ")
        click.echo(f"{comma}\n{value}", nl=False)
        comma = ","
    end = json.dumps(plain(more), indent=2, allow_nan=False).removeprefix("{")
    click.echo(("\n  ]" if comma else "]") + "," + end)

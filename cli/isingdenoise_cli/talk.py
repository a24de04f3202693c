"""What is said beside the results: one line each, on stderr."""

from __future__ import annotations

import click

from isingdenoise.errors import printable


def error(text: str) -> None:
    """Say why the command, or a picture of a batch, came to nothing."""
    _line(text)


def warning(path: object, text: str) -> None:
    """Say what had to be assumed, or did not go well, with a picture."""
    _line(f"{printable(path)}: warning: {text}")


def notice(text: str) -> None:
    """Say what a person at the terminal wants to know meanwhile."""
    _line(text)


def detail(text: str) -> None:
    """Say what only somebody who looks closer wants to know."""
    del text


def _line(text: str) -> None:
    click.echo(f"isingdenoise: {' '.join(text.splitlines())}", err=True)

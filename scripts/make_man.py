"""Writes the manual pages, one for the command and one for each subcommand, from their help.

    python scripts/make_man.py [FOLDER]

FOLDER is build/man by default. Whoever packages isingdenoise puts them into share/man/man1;
pip has no place for them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from isingdenoise_cli.framework.headings import headed
from isingdenoise_cli.main import COMMANDS, cli

from isingdenoise import __version__

HOME = Path(__file__).resolve().parent.parent / "build" / "man"


def main(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    context = click.Context(cli, info_name="isingdenoise")
    pages = {"isingdenoise": "\n".join(overview(context))}
    for name, summary in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        pages[page_of(name)] = "\n".join(page(inner, command, name, summary))
    for name, text in pages.items():
        folder.joinpath(f"{name}.1").write_text(f"{text}\n", encoding="utf-8")
    print(f"{len(pages)} pages in {folder}")


def page_of(name: str) -> str:
    """Return the name of a subcommand's page."""
    return f"isingdenoise-{name.replace(' ', '-')}"


def overview(context: click.Context) -> Iterator[str]:
    """Yield the lines of the command's own page."""
    yield from head("isingdenoise", "clean noisy two-level pictures")
    yield ".SH SYNOPSIS"
    yield f".B isingdenoise\n{escaped('[OPTIONS] COMMAND [ARGS]...')}"
    yield ".SH DESCRIPTION"
    yield from paragraphs(str(cli.help))
    yield ".SH COMMANDS"
    for name, summary in COMMANDS.items():
        yield f".TP\n.BR {escaped(page_of(name))} (1)\n{escaped(summary)}"
    yield from options(context, cli)
    yield from foot([page_of(name) for name in COMMANDS])


def page(context: click.Context, command: click.Command, name: str, summary: str) -> Iterator[str]:
    """Yield the lines of the page of a subcommand."""
    yield from head(page_of(name), summary.rstrip("."))
    yield ".SH SYNOPSIS"
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f".B {escaped(context.command_path)}\n{escaped(pieces)}"
    yield ".SH DESCRIPTION"
    yield from paragraphs(str(command.help))
    yield from options(context, command)
    yield from foot(["isingdenoise"])


def head(name: str, summary: str) -> Iterator[str]:
    """Yield how every page begins."""
    yield f'.TH "{escaped(name.upper())}" 1 "" "isingdenoise {__version__}" "User Commands"'
    yield ".nh\n.ad l"  # options are neither hyphenated nor stretched
    yield f".SH NAME\n{escaped(name)} \\- {escaped(summary)}"


def foot(others: list[str]) -> Iterator[str]:
    """Yield how every page ends."""
    yield ".SH SEE ALSO"
    yield ",\n".join(f".BR {escaped(name)} (1)" for name in sorted(others))


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help; of those that click does not fill, every line."""
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in block.splitlines()]
        if lines[0] == "\b":
            yield ".PP\n.nf"
            yield from map(escaped, lines[1:])
            yield ".fi"
        else:
            yield ".PP"
            yield escaped(" ".join(lines))


def options(context: click.Context, command: click.Command) -> Iterator[str]:
    """Yield the options, under the headings that they have in the help."""
    yield ".SH OPTIONS"
    for heading, records in headed(context, command.get_params(context)).items():
        if heading != "Options":
            yield f".SS {escaped(heading)}"
        for written, text in records:
            words = escaped(written).replace("|", "|\\:")  # lines may end there
            yield f".TP\n.B {words}\n{escaped(text)}"


def escaped(text: str) -> str:
    """Return text that troff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)

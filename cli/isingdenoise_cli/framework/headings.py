"""What the help says of options, under headings."""

from __future__ import annotations

from collections.abc import Iterable

import click

#: What every subcommand has.
OF_ALL = ("quiet", "verbose", "log_file", "config", "show_config")
_MANNERS = "Messages and settings"


def headed(
    ctx: click.Context, params: Iterable[click.Parameter]
) -> dict[str, list[tuple[str, str]]]:
    """Return the lines about options by heading: the command's own, more, those of all commands.

    An option that belongs to others has an attribute `heading`.
    """
    sections: dict[str, list[tuple[str, str]]] = {"Options": []}
    last: list[tuple[str, str]] = []
    for option in params:
        record = option.get_help_record(ctx)
        if record is not None and isinstance(option, click.Option):
            of_all = option.name in OF_ALL or "--help" in option.opts
            heading = getattr(option, "heading", "Options")
            (last if of_all else sections.setdefault(heading, [])).append(record)
    return {heading: found for heading, found in [*sections.items(), (_MANNERS, last)] if found}

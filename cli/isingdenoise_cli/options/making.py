"""Folders for outputs, made where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from isingdenoise.io import Checked


def checked_output(path: Path, inputs: Sequence[Path] = (), *, overwrite: bool) -> Checked:
    """Return where the output of -o goes, its folder made; parameters and errors as `check_output`.

    Raises
    ------
    WriteError
        Also where the folder cannot be made.
    """
    from isingdenoise.io import check_output

    make(path.parent)
    return check_output(path, inputs, overwrite=overwrite)


def make(folder: Path) -> None:
    """Make a missing folder, and those above it; what stays empty goes when the command ends.

    Raises
    ------
    WriteError
        It cannot be made.
    """
    if folder.exists():  # what is no folder is told with the name of the output
        return
    from isingdenoise.batch import make_folder

    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    make_folder(folder)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().call_on_close(lambda: _tidy(missing))


def _tidy(made: Sequence[Path]) -> None:
    """Remove folders that are empty, the innermost first."""
    with suppress(OSError):
        for folder in made:
            folder.rmdir()

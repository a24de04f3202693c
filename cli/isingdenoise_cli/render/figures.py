"""Figures of --plot: drawn whatever the surroundings say of matplotlib, and written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isingdenoise.io import Checked


def plotting() -> Any:
    """Return the library's module of figures; what stands in the surroundings sways none."""
    from isingdenoise import plotting as module

    module.load_unswayed()
    return module


def write_figure(figure: Any, place: Checked, force: bool) -> None:
    """Write a figure in the format of its name."""
    from isingdenoise.io import sweep, write_bytes_atomically
    from isingdenoise.plotting import render

    path = Path(place.name)
    sweep(path.parent)
    write_bytes_atomically(place, render(figure, path.suffix[1:].lower()), overwrite=force)

"""Figures of --plot: drawn whatever the surroundings say of matplotlib, and written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.errors import printable

from .. import console

if TYPE_CHECKING:
    from isingdenoise.io import Checked
    from isingdenoise.learning import Estimate
    from isingdenoise.pipeline import Prepared


def plotting() -> Any:
    """Return the library's module of figures; what stands in the surroundings sways none."""
    from isingdenoise import plotting as module

    module.load_unswayed()
    return module


def of_estimate(prepared: Prepared, found: Estimate, known: Any = None) -> Any:
    """Return the figure of an estimate; the picture is solved for it.

    Parameters
    ----------
    prepared : Prepared
        The picture, divided by its light, and its noise.
    found : Estimate
        Of that picture and noise.
    known : ndarray of bool, optional
        False where a pixel is missing.
    """
    from isingdenoise import denoise
    from isingdenoise.criticism import residual_map, residual_of
    from isingdenoise.messages import collected

    picture = prepared.picture
    with collected():  # what is suspicious is told of results, and this one is drawn
        result = denoise(picture, prepared.noise, coupling=found, mask=known)
    fit = {"image": picture, "noise": result.noise, "labels": result.image, "mask": known}
    residual = {
        "residual": residual_map(result, picture, known),
        "correlation": residual_of(result, picture, known).correlation,
        "unit": "sigma" if getattr(result.noise, "spread", 0.0) else "half the levels' distance",
    }
    title = f"in use: {found.coupling}"
    return plotting().fit_figure({**fit, "title": result.noise.name}, residual, found, title)


def write_figure(figure: Any, place: Checked, force: bool) -> None:
    """Write a figure in the format of its name; below the report a line says where it is."""
    from isingdenoise.io import sweep, write_bytes_atomically
    from isingdenoise.plotting import render

    path = Path(place.name)
    sweep(path.parent)
    write_bytes_atomically(place, render(figure, path.suffix[1:].lower()), overwrite=force)
    context = click.get_current_context(silent=True)
    if context is not None and not context.params.get("as_json"):  # which names it, and is alone
        context.call_on_close(lambda: console.result(f"figure    {printable(path)}"))

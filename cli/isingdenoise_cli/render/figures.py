"""Figures of --plot: drawn whatever the surroundings say of matplotlib, and written whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isingdenoise.errors import printable

from .. import console

if TYPE_CHECKING:
    from isingdenoise.experiments import Comparison
    from isingdenoise.io import Checked
    from isingdenoise.learning import Estimate
    from isingdenoise.pipeline import Prepared


#: Letters of a title beyond which it takes two lines.
_LONG = 20


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


def write_table(records: Any, place: Checked, force: bool) -> None:
    """Write tidy records as CSV."""
    from isingdenoise.experiments import to_csv
    from isingdenoise.io import sweep, write_bytes_atomically

    sweep(Path(place.name).parent)
    write_bytes_atomically(place, to_csv(records), overwrite=force)


def of_comparison(
    rows: Sequence[Comparison],
    noisy: Any,
    clean: Any = None,
    known: Any = None,
    summary: Sequence[Mapping[str, Any]] = (),
    heading: str = "",
) -> Any:
    """Return the figure of engines on one picture; `summary` is of all levels, where there are."""
    shown = [row for row in rows if row.result is not None]
    results = [
        {
            "title": _title(row),
            "image": row.result.image if row.result else None,
            "probability": row.result.probability if row.result else None,
        }
        for row in shown
    ]
    return plotting().comparison_figure(
        {"noisy": noisy} if clean is None else {"noisy": noisy, "clean": clean},
        results,
        clean=clean,
        known=known,
        courses={row.label: row.course for row in shown if row.course is not None},
        summary=summary,
        heading=heading,
    )


def _title(row: Comparison) -> str:
    """Return what stands above a result: the engine, and its errors."""
    if row.bit_error_rate is None:
        return row.label
    between = ",\n" if len(row.label) > _LONG else ", "
    return f"{row.label}{between}{row.bit_error_rate:.2%} wrong"

"""What came out of a picture, as plain values: the one record that everything prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..criticism import complaints
from ..inference import MEASURES, Status
from ..noise import NoiseModel, Parameter, Unit, parameters_of
from ..result import DenoiseResult

__all__ = [
    "are_figures",
    "combined",
    "complaints",
    "figures",
    "light_record",
    "noise_record",
    "page_record",
    "plain",
]

_TOTALS = ("pixels", "changed_to_white", "changed_to_black")
_MEANS = ("changed", "uncertainty")


def page_record(result: DenoiseResult, *, chosen: bool, background: str | None) -> dict[str, Any]:
    """Return the record of one page, with stable keys.

    Parameters
    ----------
    result : DenoiseResult
        What came out.
    chosen : bool
        Whether the noise model was chosen by the picture.
    background : str or None
        As asked for.

    Returns
    -------
    dict
        What `plain` makes JSON of.
    """
    solution = result.solution
    height, width = result.image.shape
    to_white, to_black = result.changes
    measured = {name: solution.diagnostics.get(name) for name in MEASURES}
    return {
        "width": width,
        "height": height,
        "noise": noise_record(result.noise, chosen),
        "coupling": result.settings["coupling"],
        "engine": result.settings["engine"],
        "status": solution.status.value,
        "sweeps": solution.work.sweeps,
        "residual": measured["residual"],
        "energy": solution.energy,
        "bound": solution.lower_bound,
        "seconds": solution.seconds,
        "effective_sample_size": measured["effective_sample_size"],
        "r_hat": measured["r_hat"],
        "changed": result.changed,
        "seed": result.settings["seed"],
        "version": result.settings["version"],
        "changed_to_white": to_white,
        "changed_to_black": to_black,
        "calibration": result.settings["calibration"],
        **light_record(background, result.background),
        "upper_bound": solution.upper_bound,
        "diagnostics": dict(solution.diagnostics),
        "fit": None if result.fit is None else result.fit.record(),
        "prior": result.settings["prior"],
    }


def noise_record(noise: NoiseModel, chosen: bool) -> dict[str, Any]:
    """Return the noise parameters; `levels` and `chosen` with every model.

    Spreads are there twice: in grey values, and with black -1 and white +1.
    """
    low, high = noise.levels
    record: dict[str, Any] = {"name": noise.name, "levels": [low, high]}
    relative = {}
    for name, known in reported(type(noise)).items():
        value = getattr(noise, name)
        record[name] = list(value) if isinstance(value, tuple) else value
        if known.unit is Unit.SPREAD and value is not None:
            twice = (2 * v / (high - low) for v in np.atleast_1d(value).tolist())
            relative[f"{name}_unit"] = [*twice] if known.pair else next(twice)
    return {**record, **relative, "chosen": chosen}


def reported(kind: type[NoiseModel]) -> dict[str, Parameter]:
    """Return the parameters of a noise model that reports have, by name."""
    return {name: known for name, known in parameters_of(kind).items() if known.reported}


def light_record(background: str | None, light: NDArray[Any] | None) -> dict[str, Any]:
    """Return what was asked of the light, and the smallest and largest; its median is about 1."""
    span = [1.0, 1.0] if light is None else [float(light.min()), float(light.max())]
    return {"background": background, "background_range": span if background else None}


def figures(result: DenoiseResult) -> dict[str, Any]:
    """Return what a journal keeps of a page."""
    to_white, to_black = result.changes
    p = result.probability
    unsure = None if p is None else float(np.mean(np.minimum(p, 1 - p), dtype=np.float64))
    found: dict[str, Any] = plain(
        {
            "pixels": result.image.size,
            "changed_to_white": to_white,
            "changed_to_black": to_black,
            "changed": result.changed,
            "uncertainty": unsure,
            "status": result.solution.status.value,
            "noise": result.settings["noise"],
            "coupling": result.settings["coupling"],
            "fit": None if result.fit is None else result.fit.record(),
        }
    )
    return found


def combined(pages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of a file: sums, means by pixels, the worst status, lists.

    Those of a single page stay as they are, but for `pages`, their number.
    """
    if len(pages) == 1:
        return {"pages": 1, **pages[0]}
    weights = [page["pixels"] for page in pages]

    def mean(name: str) -> float | None:
        values = [page[name] for page in pages]
        return None if None in values else float(np.average(values, weights=weights))

    states = [page["status"] for page in pages]
    cut_off = Status.MAX_SWEEPS.value
    return {
        "pages": len(pages),
        **{name: sum(page[name] for page in pages) for name in _TOTALS},
        **{name: mean(name) for name in _MEANS},
        "status": cut_off if cut_off in states else states[0],
        **{name: [page.get(name) for page in pages] for name in ("noise", "coupling", "fit")},
    }


def are_figures(value: Any) -> bool:
    """Tell whether a value read from a file has the shape that `combined` gives, or lacks some."""
    if not isinstance(value, dict):
        return False
    said = value.get("warnings", [])
    known = isinstance(said, list) and all(isinstance(message, str) for message in said)
    return known and all(
        value.get(name) is None or type(value[name]) in (int, float)
        for name in (*_TOTALS, *_MEANS, "pages", "seconds")
    )


def plain(value: Any) -> Any:
    """Return `value` with only what JSON knows; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value

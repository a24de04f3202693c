"""Settings and results as plain values: what the journal holds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from .._version import __version__
from ..coupling import Coupling
from ..inference import Engine, Status
from ..result import DenoiseResult

__all__ = ["are_figures", "combined", "describe_settings", "figures"]


def describe_settings(
    noise: Any,
    *,
    engine: Engine,
    coupling: str | Coupling,
    max_change: float | None = None,
    seed: int | None = None,
    background: str | None = None,
    frame: int | None = None,
    compression: str | None = None,
) -> dict[str, Any]:
    """Return everything that decides what comes out, as plain values for a `Journal`.

    Parameters
    ----------
    noise : str or dataclass
        A noise model, its name, or the options that make one.
    engine, coupling, max_change, seed, background, frame, compression
        As given to `denoise_many`, `denoise` or `read_pages`. Whether the engine runs in
        parallel is left out: it decides nothing.

    Returns
    -------
    dict
        With the version of this package.
    """
    solver = {"name": engine.name, **asdict(engine)}  # type: ignore[call-overload]
    solver.pop("parallel", None)
    model = noise
    if is_dataclass(noise) and not isinstance(noise, type):
        model = {"name": getattr(noise, "name", type(noise).__name__), **asdict(noise)}
    return {
        "version": __version__,
        "noise": model,
        "background": background,
        "engine": solver,
        "coupling": coupling if isinstance(coupling, str) else coupling.record(),
        "max_change": max_change,
        "seed": seed,
        "frame": frame,
        "compression": compression,
    }


def figures(result: DenoiseResult) -> dict[str, Any]:
    """Return what came out of a page, as plain values that JSON knows."""
    to_white, to_black = result.changes
    p = result.probability
    unsure = None if p is None else float(np.mean(np.minimum(p, 1 - p), dtype=np.float64))
    return {
        "pixels": result.image.size,
        "changed_to_white": to_white,
        "changed_to_black": to_black,
        "changed": result.changed,
        "uncertainty": unsure,
        "status": result.solution.status.value,
        "noise": _plain(result.settings["noise"]),
        "coupling": _plain(result.settings["coupling"]),
    }


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
    totals = ("pixels", "changed_to_white", "changed_to_black")
    return {
        "pages": len(pages),
        **{name: sum(page[name] for page in pages) for name in totals},
        **{name: mean(name) for name in ("changed", "uncertainty")},
        "status": cut_off if cut_off in states else states[0],
        **{name: [page[name] for page in pages] for name in ("noise", "coupling")},
    }


def are_figures(value: Any) -> bool:
    """Tell whether a value read from a file has the shape that `combined` gives, or lacks some."""
    numbers = ("pixels", "changed_to_white", "changed_to_black", "changed", "uncertainty")
    if not isinstance(value, dict):
        return False
    said = value.get("warnings", [])
    known = isinstance(said, list) and all(isinstance(message, str) for message in said)
    return known and all(
        value.get(name) is None or type(value[name]) in (int, float)
        for name in (*numbers, "pages", "seconds")
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value

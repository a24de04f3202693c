"""What is decided of a whole picture, from a sample of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..api import denoise
from ..errors import ParameterError, ReadError
from ..inference import ENGINES, Engine
from ..learning import DETECT, pattern_rule
from ..pipeline import CleanOptions
from ..result import DenoiseResult
from .recipe import Recipe
from .sample import sample_of
from .stores import Source

__all__ = ["check_options", "decide"]

_WHOLE = "is not for a picture in parts; leave it out"


def check_options(options: CleanOptions) -> None:
    """Refuse what needs the whole picture at once.

    Raises
    ------
    ParameterError
        An engine, or an option, that does not work on parts.
    """
    for name in ("mask", "protect", "compression"):
        if getattr(options, name) is not None:
            raise ParameterError(name, _WHOLE)
    if options.background not in (None, DETECT):
        raise ParameterError("background", f"{_WHOLE}, or divide by the light beforehand")
    for solver in options.solvers:
        if getattr(solver, "surroundings", None) is None:
            able = [name for name, kind in ENGINES.items() if hasattr(kind, "surroundings")]
            these = " with these settings" * (solver.name in able)
            raise ParameterError(
                "engine",
                f"{solver.name} needs the whole picture in memory{these}; for one in parts take "
                f"{', '.join(able)}",
            )
    if getattr(options.coupling, "shape", None) is not None:
        raise ParameterError("coupling", "of single edges is not for a picture in parts")


def decide(source: Source, options: CleanOptions) -> tuple[Recipe, DenoiseResult]:
    """Return how every part is cleaned, and what `denoise` made of the sample.

    Raises
    ------
    ParameterError, ReadError
        As `denoise`, of the sample.
    """
    x, known = sample_of(source.shape, source.read, np.random.default_rng(options.seed or 0))
    try:
        found = denoise(
            x,
            options.noise,
            engine=options.engine,
            prior=options.prior,
            coupling=options.coupling,
            background=None,
            mask=known,
            rng=options.seed,
        )
    except ParameterError as error:
        if error.parameter not in ("image", "mask"):
            raise
        raise ReadError(source.path, error.message, error.hint) from error
    if not found.noise.independent:
        raise ParameterError(
            "noise", f"{found.noise.name} is told by whole specks, which parts cut; name another"
        )
    solver = _solver(options, found.settings)
    patterns = None
    if found.settings["coupling"]["source"] == "estimated" and not solver.traits.learned:
        patterns = pattern_rule(found.noise, x, known, found.coupling)
    recipe = Recipe(
        noise=found.noise,
        coupling=found.coupling,
        calibration=found.calibration,
        solver=solver,
        patterns=patterns,
        dtype=source.dtype,
    )
    return recipe, found


def _solver(options: CleanOptions, settings: dict[str, Any]) -> Engine:
    """Return the engine that the sample was solved by."""
    learned = settings["prior"]["name"] == "learned"
    return options.solvers[-1] if learned else options.solvers[0]

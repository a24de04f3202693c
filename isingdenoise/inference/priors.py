"""Which engines solve a picture under a prior."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from ..errors import ParameterError, printable
from .amortised import Amortised
from .base import Engine
from .mean_field import MeanField

__all__ = ["AUTO_PRIOR", "PRIORS", "engines_under"]

#: The priors with names; any other is a file of weights.
AUTO_PRIOR, ISING, LEARNED = PRIORS = ("auto", "ising", "learned")


def engines_under(engine: Engine | None, prior: str | os.PathLike[str]) -> tuple[Engine, ...]:
    """Return the engines that may solve a picture, the first where nothing else is chosen.

    Parameters
    ----------
    engine : Engine or None
        As asked for; None leaves it to the prior.
    prior : str or path
        A name of `PRIORS`, or a file of weights.

    Raises
    ------
    ParameterError
        They do not go together, or the file holds no weights.
    """
    learned = engine is not None and engine.traits.learned
    if prior == AUTO_PRIOR:
        return (MeanField(), Amortised()) if engine is None else (engine,)
    if prior == ISING:
        if learned:
            raise ParameterError("prior", f"ising does not go with engine {Amortised.name}")
        return (MeanField() if engine is None else engine,)
    if engine is not None and not learned:
        raise ParameterError(
            "prior",
            f"{printable(prior)} does not go with engine {engine.name}, which solves the Ising "
            f"prior; leave out the engine, or name {Amortised.name}",
        )
    if prior == LEARNED:
        return (Amortised() if engine is None else engine,)
    settings: Any = engine or Amortised()
    if settings.prior is not None:
        raise ParameterError("prior", "is a setting of the engine too; give it once")
    return (replace(settings, prior=os.fspath(prior)),)

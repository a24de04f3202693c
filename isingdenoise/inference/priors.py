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


def engines_under(
    engine: Engine | tuple[Engine, Engine] | None, prior: str | os.PathLike[str]
) -> tuple[Engine, ...]:
    """Return the engines that may solve a picture, the first where nothing else is chosen.

    Parameters
    ----------
    engine : Engine, tuple of two engines, or None
        As asked for. None leaves it to the prior, and so do two: the Ising prior's, and that of
        a learned one.
    prior : str or path
        A name of `PRIORS`, or a file of weights.

    Raises
    ------
    ParameterError
        They do not go together, or the file holds no weights.
    """
    if engine is None or isinstance(engine, tuple):
        either = engine or (MeanField(), Amortised())
        if prior == AUTO_PRIOR:
            return either
        engine = either[0 if prior == ISING else 1]
    learned = engine.traits.learned
    if prior == AUTO_PRIOR:
        return (engine,)
    if prior == ISING:
        if learned:
            raise ParameterError("prior", f"ising does not go with engine {engine.name}")
        return (engine,)
    if not learned:
        raise ParameterError(
            "prior",
            f"{printable(prior)} does not go with engine {engine.name}, which solves the Ising "
            f"prior; leave out the engine, or name {Amortised.name}",
        )
    if prior == LEARNED:
        return (engine,)
    settings: Any = engine
    if settings.prior is not None:
        raise ParameterError("prior", "is a setting of the engine too; give it once")
    return (replace(settings, prior=os.fspath(prior)),)

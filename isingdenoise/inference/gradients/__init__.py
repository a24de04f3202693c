"""Monte Carlo gradients of the evidence lower bound, each by itself.

The exact gradient is known here (`exact_gradient`): what each estimator loses against it
can be measured, which is what they are for.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from .control import average, controlled_average
from .local import Local
from .relaxed import Relaxed
from .score import Blanket, Overdispersed, Score
from .steps import Adaptive, RobbinsMonro, Steps
from .target import (
    ETA_LIMIT,
    Belief,
    Floats,
    Target,
    exact_gradient,
    exact_natural_gradient,
)

__all__ = [
    "ESTIMATORS",
    "ETA_LIMIT",
    "Adaptive",
    "Belief",
    "Blanket",
    "Estimator",
    "Local",
    "Overdispersed",
    "Relaxed",
    "RobbinsMonro",
    "Score",
    "Steps",
    "Target",
    "average",
    "controlled_average",
    "exact_gradient",
    "exact_natural_gradient",
]


class Estimator(Protocol):
    """An estimator of the gradient of the evidence lower bound in eta.

    Attributes
    ----------
    name : str
        In `ESTIMATORS`.
    unbiased : bool
        Whether its mean is the exact gradient.
    bounded : bool
        Whether its natural gradient has no heavy tails: is never further from the exact
        one than the neighbours can pull, however unlikely the draw.
    """

    name: ClassVar[str]
    unbiased: ClassVar[bool]
    bounded: ClassVar[bool]

    @property
    def draw_bytes(self) -> int:
        """Bytes a pixel that a gradient holds for each draw."""
        ...

    def gradient(
        self, target: Target, belief: Belief, rng: np.random.Generator, samples: int
    ) -> Floats:
        """Return an estimate.

        Parameters
        ----------
        target : Target
            The posterior.
        belief : Belief
            Where.
        rng : numpy.random.Generator
            Source of the draws.
        samples : int
            Draws of all spins that it is the average over.

        Returns
        -------
        ndarray, shape (H, W), float64
            Of `exact_gradient`.
        """
        ...


#: Every estimator by its name; each is a frozen dataclass of its settings.
ESTIMATORS: dict[str, type[Estimator]] = {
    kind.name: kind for kind in (Score, Blanket, Local, Relaxed, Overdispersed)
}

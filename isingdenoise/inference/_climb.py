"""The ascent of black-box variational inference, gradient by gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..model import IsingModel
from ._loop import Round
from ._start import starting_mean
from .gradients import Adaptive, Belief, RobbinsMonro, Steps, Target

if TYPE_CHECKING:
    from .black_box import BlackBox

#: Longest step in eta along a gradient with heavy tails: one draw that q hardly ever makes
#: would else send a spin to where q never makes another.
_LONGEST = 1.0


class Climb:
    """The belief on its way up, and the looks at it.

    Parameters
    ----------
    model : IsingModel
        The posterior.
    settings : BlackBox
        How to climb.
    init : array_like, shape (H, W), or None
        Means to start from; tanh(h) by default.
    rng : numpy.random.Generator
        Source of all draws.

    Attributes
    ----------
    rms : float
        Root mean square of tanh(a) - mu at the last look.

    Raises
    ------
    ParameterError
        `init` does not fit the model, or holds NaN.
    """

    def __init__(
        self,
        model: IsingModel,
        settings: BlackBox,
        init: ArrayLike | None,
        rng: np.random.Generator,
    ) -> None:
        self.settings, self.rng = settings, rng
        self.target = Target(model)
        if init is None:  # of the field: tanh(h) in float32 does not tell it where it is near 1
            self.belief = Belief(self.target.field)
        else:
            start = starting_mean(model, init)
            if np.isnan(start).any():
                raise ParameterError("init", "holds NaN; start an unknown pixel at 0")
            self.belief = Belief.of_mean(start)
        self.estimator = settings.gradient_estimator()
        self.steps: Steps = Adaptive()
        if settings.step == "robbins-monro":
            self.steps = RobbinsMonro(settings.kappa, settings.delay)
        self.rms = np.nan

    def step(self, budget: int) -> Round:
        """Follow some gradients, of at most `budget` draws in all; look at where that led."""
        drawn = 0
        for _ in range(self.settings.look_every):
            samples = min(self.settings.samples, budget - drawn)
            if not samples:
                break
            self._follow(samples)
            drawn += samples
        belief, field = self.belief, self.target.field
        pull = self.target.pull(belief.mean)
        off = np.tanh(field + pull) - belief.mean
        self.rms = float(np.sqrt(np.mean(off * off)))
        # each edge is met from both its ends, hence the half
        bound = np.sum(belief.mean * (0.5 * pull + field) + belief.entropy)
        return Round(
            drawn * field.size,
            float(np.abs(off).max()),
            lower_bound=float(bound) + self.target.offset,
            done=self.rms <= self.settings.tol,
        )

    def snapshot(self) -> NDArray[np.float32]:
        """Return the means, (H, W)."""
        return self.belief.mean.astype(np.float32)

    def _follow(self, samples: int) -> None:
        belief = self.belief
        gradient = self.estimator.gradient(self.target, belief, self.rng, samples)
        if self.settings.natural:
            gradient /= belief.spread
        step = self.steps(gradient)
        if not self.estimator.bounded:
            np.clip(step, -_LONGEST, _LONGEST, out=step)
        self.belief = Belief(belief.eta + step)

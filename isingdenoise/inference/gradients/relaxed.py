"""The gradient through spins that were made continuous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...validation import check_real, store
from .target import Belief, Floats, Target

__all__ = ["Relaxed"]


@dataclass(frozen=True)
class Relaxed:
    r"""The reparameterised gradient of relaxed spins (binary concrete, Gumbel-softmax).

    With u uniform in (0, 1) and

    .. math:: s_i = \tanh\Bigl(\frac{\eta_i + \mathrm{logit}(u_i) / 2}{\tau}\Bigr)

    it is the derivative of the pair and field terms at s, and of the entropy of q, which
    is known:

    .. math:: \frac{1 - s_i^2}{\tau} \Bigl(h_i + \sum_j J_{ij} s_j\Bigr)
              - \eta_i (1 - \mu_i^2).

    It is the gradient of another bound: E[s] is not mu. With tau to 0 the bias goes to 0,
    and the variance grows as 1 / tau.

    Parameters
    ----------
    temperature : float
        tau, above 0.

    References
    ----------
    Maddison, Mnih and Teh, The Concrete Distribution, ICLR 2017. Jang, Gu and Poole,
    Categorical Reparameterization with Gumbel-Softmax, ICLR 2017.
    """

    name: ClassVar[str] = "relaxed"
    unbiased: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    temperature: float = 0.5

    def __post_init__(self) -> None:
        store(self, temperature=check_real("temperature", self.temperature, low=1e-3))

    @property
    def draw_bytes(self) -> int:
        """As of `Estimator`."""
        return 40

    def gradient(
        self, target: Target, belief: Belief, rng: np.random.Generator, samples: int
    ) -> Floats:
        """Return the estimate, as of `Estimator`."""
        logistic = rng.logistic(size=(samples, *target.shape))
        s = np.tanh((belief.eta + logistic / 2) / self.temperature)
        slope = (1 - s * s) / self.temperature
        along = np.mean(slope * (target.field + target.pull(s)), axis=0)
        return np.asarray(along - belief.eta * belief.spread)

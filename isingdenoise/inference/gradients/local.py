"""The gradient with a site's own spin summed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .target import Belief, Floats, Target

__all__ = ["Local"]


@dataclass(frozen=True)
class Local:
    r"""The local expectation gradient: of each site's two states none is left to chance.

    .. math:: (1 - \mu_i^2) \Bigl(h_i + \sum_j J_{ij} z_j - \eta_i\Bigr)

    is the mean of `Blanket` over z_i given the neighbours: what noise is left comes from
    these, and none where nothing couples.

    References
    ----------
    Titsias and Lazaro-Gredilla, Local Expectation Gradients for Black Box Variational
    Inference, NeurIPS 2015.
    """

    name: ClassVar[str] = "local"
    unbiased: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    @property
    def draw_bytes(self) -> int:
        """As of `Estimator`; draws are counted, and not kept."""
        return 0

    def gradient(
        self, target: Target, belief: Belief, rng: np.random.Generator, samples: int
    ) -> Floats:
        """Return the estimate, as of `Estimator`; it is linear in z, so that means do."""
        bright = np.zeros(target.shape, np.int32)
        likely = ((1 + belief.mean) / 2).astype(np.float32)
        uniform = np.empty(target.shape, np.float32)
        for _ in range(samples):
            rng.random(dtype=np.float32, out=uniform)
            bright += uniform < likely
        drawn = bright.astype(np.float64) * (2 / samples) - 1
        return np.asarray(belief.spread * (target.field + target.pull(drawn) - belief.eta))

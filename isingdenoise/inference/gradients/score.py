"""Gradients from the score function: nothing is asked of the model but its log probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...validation import check_real, store
from .control import average, controlled_average
from .target import Belief, Floats, Target

__all__ = ["Blanket", "Overdispersed", "Score"]


@dataclass(frozen=True)
class Score:
    r"""The score-function gradient with the whole joint probability (REINFORCE).

    .. math:: E_q[(z_i - \mu_i) (\log p(x, z) - \log q(z))]

    Every site's gradient carries the noise of the whole picture: the variance grows
    with the number of sites, and with the square of the bound itself.

    Parameters
    ----------
    control : bool
        Whether to subtract a control variate (`controlled_average`).

    References
    ----------
    Williams, Machine Learning 8, 1992. Ranganath, Gerrish and Blei, Black Box
    Variational Inference, AISTATS 2014.
    """

    name: ClassVar[str] = "score"
    unbiased: ClassVar[bool] = True
    bounded: ClassVar[bool] = False

    control: bool = False

    @property
    def draw_bytes(self) -> int:
        """As of `Estimator`."""
        return 64 if self.control else 24

    def gradient(
        self, target: Target, belief: Belief, rng: np.random.Generator, samples: int
    ) -> Floats:
        """Return the estimate, as of `Estimator`."""
        z = belief.draw(rng, samples)
        gain = target.log_joint(z) - belief.log_probability(z).sum(axis=(-2, -1))
        combine = controlled_average if self.control else average
        return combine(z - belief.mean, gain[:, None, None])


@dataclass(frozen=True)
class Blanket:
    r"""The score-function gradient with those factors alone that a site has a part in.

    .. math:: E_q\Bigl[(z_i - \mu_i)
              \Bigl(z_i \bigl(h_i + \sum_j J_{ij} z_j\bigr) - \log q_i(z_i)\Bigr)\Bigr]

    All other factors have mean 0 with the score of site i given its neighbours
    (Rao-Blackwell): leaving them out leaves the mean.

    Parameters
    ----------
    control : bool
        Whether to subtract a control variate (`controlled_average`).

    References
    ----------
    Ranganath, Gerrish and Blei, Black Box Variational Inference, AISTATS 2014,
    section 3.1.
    """

    name: ClassVar[str] = "blanket"
    unbiased: ClassVar[bool] = True
    bounded: ClassVar[bool] = False

    control: bool = False

    @property
    def draw_bytes(self) -> int:
        """As of `Estimator`."""
        return 72 if self.control else 32

    def gradient(
        self, target: Target, belief: Belief, rng: np.random.Generator, samples: int
    ) -> Floats:
        """Return the estimate, as of `Estimator`."""
        z = belief.draw(rng, samples)
        gain = z * (target.field + target.pull(z)) - belief.log_probability(z)
        combine = controlled_average if self.control else average
        return combine(z - belief.mean, gain)


@dataclass(frozen=True)
class Overdispersed:
    r"""`Blanket`, drawn from a wider distribution and weighed back.

    Spins come from r with eta_i / T in place of eta_i. What site i sees of them is
    weighed by :math:`w_i = \prod_k q_k(z_k) / r_k(z_k)` over the site and its
    neighbours: the mean is the same. The score is largest where q seldom goes, and r
    goes there more often; the weights have a variance of their own, which grows with
    the number of neighbours.

    Parameters
    ----------
    control : bool
        Whether to subtract a control variate; it is the weighed score.
    temperature : float
        T above 0; 1 is `Blanket`.

    References
    ----------
    Ruiz, Titsias and Blei, Overdispersed Black-Box Variational Inference, UAI 2016.
    """

    name: ClassVar[str] = "overdispersed"
    unbiased: ClassVar[bool] = True
    bounded: ClassVar[bool] = False

    control: bool = False
    temperature: float = 1.5

    def __post_init__(self) -> None:
        store(self, temperature=check_real("temperature", self.temperature, low=0, low_open=True))

    @property
    def draw_bytes(self) -> int:
        """As of `Estimator`."""
        return 96 if self.control else 56

    def gradient(
        self, target: Target, belief: Belief, rng: np.random.Generator, samples: int
    ) -> Floats:
        """Return the estimate, as of `Estimator`."""
        wide = Belief(belief.eta / self.temperature)
        z = wide.draw(rng, samples)
        own = belief.log_probability(z)
        ratio = own - wide.log_probability(z)
        weight = np.exp(np.minimum(ratio + target.around(ratio), _LARGEST))
        gain = z * (target.field + target.pull(z)) - own
        combine = controlled_average if self.control else average
        return combine(weight * (z - belief.mean), gain)


#: Of a logarithm whose exponential is still to be squared.
_LARGEST = 300.0

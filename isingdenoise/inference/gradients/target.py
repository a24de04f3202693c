"""The posterior and an independent belief about it, as estimators of gradients see them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...edges import ends
from ...model import IsingModel

__all__ = ["ETA_LIMIT", "Belief", "Floats", "Target", "exact_gradient", "exact_natural_gradient"]

Floats = NDArray[np.float64]

#: Natural parameters are kept to this size: tanh is 1 there to the last place of float32,
#: and 1 - mu^2 is still 6e-8, so that a gradient can be divided by it.
ETA_LIMIT = 9.0


class Target:
    """Energy and neighbours of a model in float64, for any number of pictures at once.

    Parameters
    ----------
    model : IsingModel
        The posterior.

    Attributes
    ----------
    field : ndarray, shape (H, W), float64
        h.
    offset : float
        c.
    """

    def __init__(self, model: IsingModel) -> None:
        self.field: Floats = model.field.astype(np.float64)
        self.offset = model.offset
        self.shape = model.shape
        self._edges = []
        for offset, strength in model.coupling.planes:
            here, there = ends(model.shape, offset)
            # as kernels take strengths, in float32: one for all is the same as one each
            J = np.float32(strength) if isinstance(strength, float) else strength[here]
            if self.field[here].size and np.any(J):
                self._edges.append(((..., *here), (..., *there), J))

    def pull(self, s: Floats) -> Floats:
        """Return sum_j J_ij s_j for spins or means of shape (..., H, W)."""
        total = np.zeros_like(s)
        for here, there, J in self._edges:
            total[here] += J * s[there]
            total[there] += J * s[here]
        return total

    def around(self, x: Floats) -> Floats:
        """Return sum_j x_j over the neighbours that pull at all: those of the Markov blanket."""
        total = np.zeros_like(x)
        for here, there, J in self._edges:
            linked = J != 0
            total[here] += linked * x[there]
            total[there] += linked * x[here]
        return total

    def log_joint(self, z: Floats) -> Floats:
        """Return log p(x, z) + log Z0 = sum_edges J z z + sum h z + c of each picture, (...)."""
        share = z * (0.5 * self.pull(z) + self.field)
        return np.asarray(share.sum(axis=(-2, -1)) + self.offset)


class Belief:
    r"""Independent spins, q(z) = prod_i exp(eta_i z_i) / (2 cosh eta_i).

    Parameters
    ----------
    eta : array_like, shape (H, W)
        Natural parameters, clipped to [-9, 9].

    Attributes
    ----------
    eta : ndarray, shape (H, W), float64
    mean : ndarray, shape (H, W), float64
        mu = tanh(eta).
    """

    def __init__(self, eta: ArrayLike) -> None:
        self.eta: Floats = np.clip(np.asarray(eta, np.float64), -ETA_LIMIT, ETA_LIMIT)
        self.mean: Floats = np.tanh(self.eta)

    @classmethod
    def of_mean(cls, mean: ArrayLike) -> Belief:
        """Return the belief with given means in [-1, 1]."""
        widest = np.tanh(ETA_LIMIT)
        return cls(np.arctanh(np.clip(np.asarray(mean, np.float64), -widest, widest)))

    @cached_property
    def spread(self) -> Floats:
        """1 - mu^2: the variance of each spin, and the Fisher information of eta."""
        return np.asarray(np.cosh(self.eta) ** -2)

    @cached_property
    def _log_normaliser(self) -> Floats:
        size = np.abs(self.eta)
        return np.asarray(size + np.log1p(np.exp(-2 * size)))

    @property
    def entropy(self) -> Floats:
        """Entropy of each spin, in nats."""
        return np.asarray(self._log_normaliser - self.mean * self.eta)

    def log_probability(self, z: Floats) -> Floats:
        """Return log q_i(z_i) of each site, the shape of z."""
        return np.asarray(z * self.eta - self._log_normaliser)

    def draw(self, rng: np.random.Generator, samples: int) -> Floats:
        """Return spins of +-1, (samples, H, W)."""
        uniform = rng.random((samples, *self.eta.shape))
        return np.where(uniform < (1 + self.mean) / 2, 1.0, -1.0)


def exact_gradient(target: Target, belief: Belief) -> Floats:
    r"""Return the gradient of the evidence lower bound that estimators estimate.

    .. math:: \partial_{\eta_i} \mathrm{ELBO}
              = (1 - \mu_i^2) \Bigl(h_i + \sum_j J_{ij} \mu_j - \eta_i\Bigr)

    Parameters
    ----------
    target : Target
        The posterior.
    belief : Belief
        Where.

    Returns
    -------
    ndarray, shape (H, W), float64
    """
    return np.asarray(belief.spread * exact_natural_gradient(target, belief))


def exact_natural_gradient(target: Target, belief: Belief) -> Floats:
    """Return `exact_gradient` over the Fisher information 1 - mu^2."""
    return np.asarray(target.field + target.pull(belief.mean) - belief.eta)

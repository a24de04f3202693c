"""How far to follow a noisy gradient."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .target import Floats

__all__ = ["Adaptive", "RobbinsMonro", "Steps"]


class Steps(Protocol):
    """What turns gradients, one after another, into steps."""

    def __call__(self, gradient: Floats) -> Floats:
        """Return the step to take along a gradient."""
        ...


class RobbinsMonro:
    r"""Steps of :math:`\rho_t = (t + d)^{-\kappa}` times the gradient, t = 0, 1, ...

    Their sum is infinite for kappa <= 1, so that any distance can be gone, and that of
    their squares finite for kappa > 1/2, so that noise dies out.

    Parameters
    ----------
    kappa : float
        In (0.5, 1].
    delay : float
        d, at least 1.

    References
    ----------
    Robbins and Monro, Annals of Mathematical Statistics 22, 1951.
    """

    def __init__(self, kappa: float, delay: float) -> None:
        self.kappa, self.delay = kappa, delay
        self.taken = 0

    def rate(self, t: int) -> float:
        """Return rho_t."""
        rho: float = (t + self.delay) ** -self.kappa
        return rho

    def __call__(self, gradient: Floats) -> Floats:
        """Return the step to take along a gradient."""
        rho = self.rate(self.taken)
        self.taken += 1
        return rho * gradient


class Adaptive:
    r"""Steps as long as the gradient is sure: site by site, :math:`\bar g^2 / \overline{g^2}`.

    Both are running averages over a memory of tau gradients: of g and of g^2. The share
    is 1 without noise, and 1 / tau where all is noise. After a step of share rho the
    memory is tau (1 - rho) + 1: long steps make what was seen before them worthless.

    References
    ----------
    Ranganath, Wang, Blei and Xing, An Adaptive Learning Rate for Stochastic Variational
    Inference, ICML 2013.
    """

    def __init__(self) -> None:
        self.first = True

    def __call__(self, gradient: Floats) -> Floats:
        """Return the step to take along a gradient."""
        if self.first:
            self.first = False
            self.average = np.zeros_like(gradient)
            self.square = np.zeros_like(gradient)
            self.memory = np.ones_like(gradient)
        fresh = 1 / self.memory
        self.average += fresh * (gradient - self.average)
        self.square += fresh * (gradient * gradient - self.square)
        rho = np.zeros_like(gradient)
        np.divide(self.average * self.average, self.square, out=rho, where=self.square > 0)
        np.minimum(rho, 1.0, out=rho)  # rounding
        self.memory *= 1 - rho
        self.memory += 1
        return np.asarray(rho * gradient)

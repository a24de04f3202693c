"""Beliefs q(z | x) over the latent numbers: a diagonal Gaussian, and one that a flow bends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ._torch import Tensor
from .flow import Coupling

__all__ = ["Belief", "Flowed", "Gaussian", "log_standard_normal"]

_LOG_TWO_PI = math.log(2 * math.pi)


class Belief(Protocol):
    """What the bounds need of q(z | x), for n pictures and d latent numbers."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, d)."""

    def draw(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return draws made of standard normal noise, and their log density.

        Parameters
        ----------
        noise : Tensor, shape (..., n, d)
            Standard normal numbers: gradients pass through them to the parameters of q.

        Returns
        -------
        z : Tensor, shape (..., n, d)
        log_density : Tensor, shape (..., n)
            log q(z | x), in nats.
        """

    def log_density(self, z: Tensor) -> Tensor:
        """Return log q(z | x) of any z, in nats: shape (..., n, d) to (..., n)."""

    def divergence(self) -> Tensor | None:
        """Return KL(q || N(0, I)) of each picture, shape (n,), or None without a closed form."""


def log_standard_normal(z: Tensor) -> Tensor:
    """Return log N(z; 0, I), in nats: shape (..., d) to (...)."""
    return -0.5 * (z.square().sum(-1) + z.shape[-1] * _LOG_TWO_PI)


@dataclass(frozen=True, eq=False)
class Gaussian:
    r"""A Gaussian with a diagonal covariance.

    .. math:: q(z | x) = N\bigl(z;\, m(x),\, \mathrm{diag}\, s(x)^2\bigr)

    Attributes
    ----------
    mean, log_std : Tensor, shape (n, d)
        m, and log s.
    """

    mean: Tensor
    log_std: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, d)."""
        return tuple(self.mean.shape)

    def draw(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return m + s * noise and its log density (`Belief.draw`)."""
        z = self.mean + self.log_std.exp() * noise
        return z, log_standard_normal(noise) - self.log_std.sum(-1)

    def log_density(self, z: Tensor) -> Tensor:
        """Return log q(z | x) (`Belief.log_density`)."""
        noise = (z - self.mean) * (-self.log_std).exp()
        return log_standard_normal(noise) - self.log_std.sum(-1)

    def divergence(self) -> Tensor:
        r"""Return the divergence from the prior.

        .. math:: \mathrm{KL} = \sum_j \frac{m_j^2 + s_j^2 - 1}{2} - \log s_j
        """
        each = 0.5 * (self.mean.square() + (2 * self.log_std).exp() - 1) - self.log_std
        return each.sum(-1)


@dataclass(frozen=True, eq=False)
class Flowed:
    r"""A Gaussian bent by invertible steps z_k = f_k(z_{k-1}).

    .. math:: \log q(z_K | x) = \log q_0(z_0 | x)
              - \sum_k \log \bigl|\det \partial f_k / \partial z_{k-1}\bigr|

    Attributes
    ----------
    base : Gaussian
        q_0.
    steps : sequence of Coupling
        f_1 to f_K.
    """

    base: Gaussian
    steps: Sequence[Coupling]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, d)."""
        return self.base.shape

    def draw(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return bent draws and their log density (`Belief.draw`)."""
        z, log_density = self.base.draw(noise)
        for step in self.steps:
            z, log_det = step.forward(z)
            log_density = log_density - log_det
        return z, log_density

    def log_density(self, z: Tensor) -> Tensor:
        """Return log q(z | x), by the way back (`Belief.log_density`)."""
        total = 0.0
        for step in reversed(self.steps):
            z, log_det = step.inverse(z)
            total = total - log_det
        return self.base.log_density(z) + total

    def divergence(self) -> None:
        """Return None: what a flow makes has no closed form."""
        return

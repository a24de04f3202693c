"""A model whose log p(x) is known: x = W z + b + s * noise, z standard normal."""

from __future__ import annotations

import math

import torch

from isingdenoise.generative.beliefs import Flowed, Gaussian
from isingdenoise.generative.flow import Coupling


class LinearGaussian:
    """d latent and D observed numbers, all in float64.

    p(x) = N(b, W W^T + s^2 I); p(z | x) = N(A (x - b), S), S = (I + W^T W / s^2)^-1,
    A = S W^T / s^2.
    """

    def __init__(self, latent=3, observed=5, spread=0.7, seed=0):
        source = torch.Generator().manual_seed(seed)
        self.source = source
        self.W = torch.randn((observed, latent), generator=source, dtype=torch.float64)
        self.b = torch.randn(observed, generator=source, dtype=torch.float64)
        self.spread = spread
        precision = torch.eye(latent, dtype=torch.float64) + self.W.T @ self.W / spread**2
        self.covariance = torch.linalg.inv(precision)
        self.covariance = (self.covariance + self.covariance.T) / 2
        self.back = self.covariance @ self.W.T / spread**2

    def noise(self, *shape):
        return torch.randn(shape, generator=self.source, dtype=torch.float64)

    def draw(self, count):
        """Return pictures of the model itself: shape (count, D)."""
        z = self.noise(count, self.W.shape[1])
        return z @ self.W.T + self.b + self.spread * self.noise(count, len(self.b))

    def log_likelihood(self, x):
        def of(z):
            error = (x - z @ self.W.T - self.b) / self.spread
            constant = len(self.b) * math.log(2 * math.pi * self.spread**2)
            return -0.5 * (error.square().sum(-1) + constant)

        return of

    def log_evidence(self, x):
        """Return log p(x) in closed form: shape (n,)."""
        covariance = self.W @ self.W.T + self.spread**2 * torch.eye(len(self.b)).double()
        return torch.distributions.MultivariateNormal(self.b, covariance).log_prob(x)

    def posterior(self, x):
        """Return p(z | x) as torch's own distribution."""
        mean = (x - self.b) @ self.back.T
        return torch.distributions.MultivariateNormal(mean, self.covariance)

    def exact_belief(self, x):
        """Return p(z | x) as a belief: a diagonal Gaussian that a linear flow bends."""
        return Exact(self.posterior(x))

    def diagonal_belief(self, x, shift=0.0, widen=1.0):
        """Return a Gaussian with the posterior's means and no correlations: it is wrong."""
        posterior = self.posterior(x)
        log_std = torch.log(widen * self.covariance.diagonal().sqrt()).expand_as(posterior.mean)
        return Gaussian(posterior.mean + shift, log_std)


class Exact:
    """A belief that is a Gaussian of any covariance; its own density is torch's."""

    def __init__(self, distribution):
        self.distribution = distribution

    @property
    def shape(self):
        return tuple(self.distribution.loc.shape)

    def draw(self, noise):
        z = self.distribution.loc + noise @ self.distribution.scale_tril[0].T
        return z, self.distribution.log_prob(z)

    def log_density(self, z):
        return self.distribution.log_prob(z)

    def divergence(self):
        d = self.distribution.loc.shape[-1]
        prior = torch.distributions.MultivariateNormal(
            torch.zeros(d).double(), torch.eye(d).double()
        )
        return torch.distributions.kl_divergence(self.distribution, prior)


def gaussian(count=4, latent=3, seed=0):
    """Return a diagonal Gaussian with random parameters that ask for gradients."""
    source = torch.Generator().manual_seed(seed)
    mean, log_std = (
        torch.randn((count, latent), generator=source, dtype=torch.float64) * scale
        for scale in (1.0, 0.5)
    )
    return Gaussian(mean.requires_grad_(True), log_std.requires_grad_(True))


def flowed(base, steps=3, seed=1):
    """Bend a Gaussian by couplings with random smooth conditioners."""
    latent = base.mean.shape[-1]
    split = latent // 2
    source = torch.Generator().manual_seed(seed)

    def conditioner():
        first = torch.randn((split, 5), generator=source, dtype=torch.float64)
        second = torch.randn((5, 2 * (latent - split)), generator=source, dtype=torch.float64)

        def of(kept):
            scale, shift = ((kept @ first).tanh() @ second / 2).chunk(2, -1)
            return scale.tanh(), shift

        return of

    return Flowed(base, [Coupling(split, bool(k % 2), conditioner()) for k in range(steps)])

"""Pixels that are missing, given those that are not: sampled from p(x_missing | x_known)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..validation import check_int
from ._torch import Tensor, load, on_one_thread
from .beliefs import Belief, log_standard_normal
from .model import SIDE, Vae
from .training import generator_of, rows_of

__all__ = ["Inpainted", "chain_step", "inpaint"]

_CHAINS_AT_ONCE = 1024


class Joint(Protocol):
    """What the chain needs of a model with latent numbers."""

    def belief(self, x: Tensor) -> Belief:
        """Return q(z | x)."""

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Return log p(x | z), shape (n,)."""

    def draw_pixels(self, z: Tensor, source: Tensor) -> Tensor:
        """Return a draw from p(x | z), shape (n, D)."""


@dataclass(frozen=True, eq=False)
class Inpainted:
    """What stands in place of missing pixels.

    Attributes
    ----------
    probability : ndarray of float32, shape (n, 32, 32)
        P(bright | known pixels) under the model where a pixel is missing; 0 or 1 where known.
    image : ndarray of bool, shape (n, 32, 32)
        The known pixels, and the likelier level of each of the others.
    accepted : ndarray of float64, shape (n,)
        Share of the proposals that were taken after the burn-in: near 0, the chains hardly
        moved, and the probabilities are those of few draws.
    """

    probability: NDArray[np.float32]
    image: NDArray[np.bool_]
    accepted: NDArray[np.float64]


def chain_step(
    model: Joint,
    x: Tensor,
    known: Tensor,
    z: Tensor | None,
    source: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Take one step of chains whose limit is p(z, x_missing | x_known).

    Propose z' from q(z | x); take it with probability min(1, r),

    .. math:: r = \frac{p(x | z')\, p(z')\, q(z | x)}{p(x | z)\, p(z)\, q(z' | x)}

    then draw the missing part of x from p(x | z).

    Parameters
    ----------
    model : Joint
        The model.
    x : Tensor, shape (n, D)
        The state: known pixels, and those that stand for the missing ones.
    known : Tensor of bool, shape (n, D)
        False where x is missing.
    z : Tensor, shape (n, d), or None
        The state; None takes every proposal, as the first steps do.
    source : torch.Generator
        Of all draws.

    Returns
    -------
    x, z : Tensor
        The new state.
    accepted : Tensor of bool, shape (n,)

    Notes
    -----
    P.-A. Mattei and J. Frellsen, "Leveraging the exact likelihood of deep latent variable
    models", NeurIPS 2018; where every proposal is taken it is the pseudo-Gibbs sampling of
    D. Rezende, S. Mohamed and D. Wierstra, ICML 2014, whose limit is another one unless q
    is the posterior.
    """
    torch = load()
    belief = model.belief(x)
    noise = torch.randn(belief.shape, generator=source, dtype=x.dtype)
    proposed, density = belief.draw(noise)
    if z is None:
        accepted = torch.ones(len(x), dtype=torch.bool)
        z = proposed
    else:
        new = model.log_likelihood(x, proposed) + log_standard_normal(proposed) - density
        old = model.log_likelihood(x, z) + log_standard_normal(z) - belief.log_density(z)
        level = torch.rand(len(x), generator=source, dtype=x.dtype).log()
        accepted = level < new - old
        z = torch.where(accepted[:, None], proposed, z)
    drawn = model.draw_pixels(z, source)
    return torch.where(known, x, drawn), z, accepted


def inpaint(
    model: Vae,
    patches: ArrayLike,
    known: ArrayLike,
    *,
    chains: int = 16,
    burn_in: int = 100,
    steps: int = 100,
    seed: int = 0,
) -> Inpainted:
    """Find the probability of each missing pixel given the known ones of its patch.

    Each patch has chains of its own (`chain_step`) that start at draws from the prior. In
    the first half of the burn-in every proposal is taken, so that they find the right
    region; then they are exact in the limit. The probability is the mean of the
    decoder's over the kept steps of all chains.

    Parameters
    ----------
    model : Vae
        The model.
    patches : array_like of bool, shape (n, 32, 32)
        True is bright; what stands at missing pixels does not matter.
    known : array_like of bool, shape (n, 32, 32)
        False where a pixel is missing.
    chains, steps : int
        Chains a patch, and steps that are kept of each, at least 1.
    burn_in : int
        Steps before them, at least 2.
    seed : int
        Of all draws.

    Returns
    -------
    Inpainted

    Raises
    ------
    ParameterError
        An argument is out of range or of the wrong shape.

    Notes
    -----
    What is found is p(x_missing | x_known) of the model, not of the world: it knows the
    patches it was learned from. Where few pixels are known several pictures may be
    likely, and a chain seldom crosses from one to another.
    """
    count = check_int("chains", chains, low=1)
    before = check_int("burn_in", burn_in, low=2)
    kept = check_int("steps", steps, low=1)
    rows, seen = rows_of(patches), rows_of(known)
    if rows.shape != seen.shape:
        raise ParameterError("known", f"has {len(seen)} patches, the pictures have {len(rows)}")
    source = generator_of(seed)
    torch = load()
    probability, accepted = [], []
    with torch.no_grad(), on_one_thread():
        for first in range(0, len(rows), max(1, _CHAINS_AT_ONCE // count)):
            part = slice(first, first + max(1, _CHAINS_AT_ONCE // count))
            found = _sampled(model, rows[part], seen[part], (count, before, kept), source)
            probability.append(found[0])
            accepted.append(found[1])
    mean, share = torch.cat(probability), torch.cat(accepted)
    mean = torch.where(seen, rows.float(), mean)
    array = mean.numpy().reshape(-1, SIDE, SIDE)
    return Inpainted(array, array >= 0.5, share.double().numpy())


def _sampled(
    model: Vae, rows: Tensor, known: Tensor, counts: tuple[int, int, int], source: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the mean of P(bright) of some patches, and the share of proposals taken."""
    torch = load()
    chains, before, kept = counts
    seen = known.repeat_interleave(chains, 0)
    z = torch.randn((len(seen), model.architecture.latent), generator=source)
    x = torch.where(seen, rows.repeat_interleave(chains, 0).float(), model.draw_pixels(z, source))
    total, taken = torch.zeros_like(x), torch.zeros(len(x))
    for step in range(before + kept):
        state = None if step < before // 2 else z
        x, z, accepted = chain_step(model, x, seen, state, source)
        if step >= before:
            total += model.log_odds(z).sigmoid()
            taken += accepted
    shape = (len(rows), chains)
    mean = (total / kept).reshape(*shape, -1).mean(1)
    return mean, (taken / kept).reshape(shape).mean(1)

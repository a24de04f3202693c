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

__all__ = ["Inpainted", "chain_step", "explore", "inpaint"]

_CHAINS_AT_ONCE = 1024


class Joint(Protocol):
    """What the chain needs of a model with latent numbers."""

    def belief(self, x: Tensor) -> Belief:
        """Return q(z | x)."""

    def log_likelihood(self, x: Tensor, z: Tensor, known: Tensor | None = None) -> Tensor:
        """Return log p(x | z), of the known numbers alone where they are given: shape (n,)."""

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
        The known pixels, and the likelier level of each of the others: fewest wrong pixels
        are expected, but where several pictures are likely it may be none of them.
    drawn : ndarray of bool, shape (n, 32, 32)
        The known pixels, and the others as one state of the chains has them: that from which
        the fewest pixels are expected to differ.
    accepted : ndarray of float64, shape (n,)
        Share of the proposals that were taken after the burn-in: near 0, the chains hardly
        moved, and the probabilities are those of few draws.
    """

    probability: NDArray[np.float32]
    image: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    accepted: NDArray[np.float64]


def chain_step(
    model: Joint,
    x: Tensor,
    known: Tensor,
    z: Tensor,
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
    z : Tensor, shape (n, d)
        The state.
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
    models", NeurIPS 2018.
    """
    torch = load()
    belief = model.belief(x)
    noise = torch.randn(belief.shape, generator=source, dtype=x.dtype)
    proposed, density = belief.draw(noise)
    new = model.log_likelihood(x, proposed) + log_standard_normal(proposed) - density
    old = model.log_likelihood(x, z) + log_standard_normal(z) - belief.log_density(z)
    level = torch.rand(len(x), generator=source, dtype=x.dtype).log()
    accepted = level < new - old
    z = torch.where(accepted[:, None], proposed, z)
    drawn = model.draw_pixels(z, source)
    return torch.where(known, x, drawn), z, accepted


def explore(
    model: Joint, x: Tensor, known: Tensor, steps: int, source: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Look for latent numbers that explain the known pixels: pseudo-Gibbs sampling.

    Each step draws z from q(z | x) and the missing part of x from p(x | z), whatever
    `chain_step` would say of it. The draws have the weights

    .. math:: w = p(x_{known} | z)\, p(z) / q(z | x)

    with the x that they were drawn by, so that weighted means are those of
    p(z | x_known) in the limit of many draws.

    Parameters
    ----------
    model, x, known, source
        As of `chain_step`.
    steps : int
        How many, at least 2; the draws of the first half are left out.

    Returns
    -------
    z : Tensor, shape (s, n, d)
        The draws.
    weights : Tensor, shape (s, n)
        log w, in nats.

    Notes
    -----
    D. Rezende, S. Mohamed and D. Wierstra, "Stochastic backpropagation and approximate
    inference in deep generative models", ICML 2014.
    """
    torch = load()
    draws, weights = [], []
    for step in range(steps):
        belief = model.belief(x)
        z, density = belief.draw(torch.randn(belief.shape, generator=source, dtype=x.dtype))
        if step >= steps // 2:
            draws.append(z)
            weights.append(model.log_likelihood(x, z, known) + log_standard_normal(z) - density)
        x = torch.where(known, x, model.draw_pixels(z, source))
    return torch.stack(draws), torch.stack(weights)


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

    Each patch has chains of its own. In the first half of the burn-in they look around
    (`explore`), from pictures drawn from the prior; then each starts at one of all those
    draws, chosen by weight, and goes on by steps that are exact in the limit
    (`chain_step`). The probability is the mean of the decoder's over the kept steps of
    all chains.

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
        Steps before them, at least 4.
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
    before = check_int("burn_in", burn_in, low=4)
    kept = check_int("steps", steps, low=1)
    rows, seen = rows_of(patches), rows_of(known)
    if rows.shape != seen.shape:
        raise ParameterError("known", f"has {len(seen)} patches, the pictures have {len(rows)}")
    source = generator_of(seed)
    torch = load()
    parts = []
    with torch.no_grad(), on_one_thread():
        for first in range(0, len(rows), max(1, _CHAINS_AT_ONCE // count)):
            part = slice(first, first + max(1, _CHAINS_AT_ONCE // count))
            parts.append(_sampled(model, rows[part], seen[part], (count, before, kept), source))
    mean, drawn, share = (torch.cat(found) for found in zip(*parts, strict=True))
    probability = torch.where(seen, rows.float(), mean).numpy().reshape(-1, SIDE, SIDE)
    completed = torch.where(seen, rows, drawn).numpy().reshape(-1, SIDE, SIDE)
    return Inpainted(probability, probability >= 0.5, completed, share.double().numpy())


def _sampled(
    model: Vae, rows: Tensor, known: Tensor, counts: tuple[int, int, int], source: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean of P(bright) of some patches, one picture, and the share of moves taken."""
    torch = load()
    chains, before, kept = counts
    seen = known.repeat_interleave(chains, 0)
    shape = (len(rows), chains)
    noise = torch.randn((len(seen), model.architecture.latent), generator=source)
    x = torch.where(
        seen, rows.repeat_interleave(chains, 0).float(), model.draw_pixels(noise, source)
    )
    z = _chosen(*explore(model, x, seen, before // 2, source), shape, source)
    x = torch.where(seen, x, model.draw_pixels(z, source))
    total, taken = torch.zeros_like(x), torch.zeros(len(x))
    for step in range(before - before // 2 + kept):
        x, z, accepted = chain_step(model, x, seen, z, source)
        if step >= before - before // 2:
            total += model.log_odds(z).sigmoid()
            taken += accepted
    mean = (total / kept).reshape(*shape, -1).mean(1)
    ends = (model.log_odds(z) >= 0).reshape(*shape, -1)
    distance = ((ends.float() - mean[:, None]).abs() * ~known[:, None]).sum(-1)
    nearest = ends[torch.arange(len(rows)), distance.argmin(1)]
    return mean, nearest, (taken / kept).reshape(shape).mean(1)


def _chosen(z: Tensor, weights: Tensor, shape: tuple[int, int], source: Tensor) -> Tensor:
    """Return as many draws of each patch as it has chains, chosen by weight with replacement."""
    torch = load()
    patches, chains = shape
    pool = z.reshape(-1, patches, chains, z.shape[-1]).movedim(1, 0).flatten(1, 2)
    odds = weights.reshape(-1, patches, chains).movedim(1, 0).flatten(1, 2).softmax(-1)
    places = torch.multinomial(odds, chains, replacement=True, generator=source)
    return pool[torch.arange(patches)[:, None], places].flatten(0, 1)

r"""Lower bounds on log p(x) of any latent variable model with the prior N(0, I).

Nothing here knows of networks: a belief (`isingdenoise.generative.beliefs.Belief`) and a
function that gives log p(x | z) are enough.

.. math:: \log w = \log p(x | z) + \log p(z) - \log q(z | x), \qquad z \sim q(z | x)

.. math:: \log p(x) \ge L_K = E \log \frac1K \sum_{k=1}^K w_k, \qquad
          L_1 = \mathrm{ELBO} = E_q \log p(x | z) - \mathrm{KL}(q \| p)

and L_K never falls with K and tends to log p(x) (Y. Burda, R. Grosse and R. Salakhutdinov,
"Importance weighted autoencoders", ICLR 2016). D. Kingma and M. Welling, "Auto-encoding
variational Bayes", ICLR 2014, for the gradient that passes through the draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import ParameterError
from ..validation import check_int
from ._torch import Tensor
from .beliefs import Belief, log_standard_normal

__all__ = ["effective_samples", "elbo_terms", "importance_bound", "log_weights"]

LogLikelihood = Callable[[Tensor], Tensor]  # z, shape (..., n, d), to log p(x | z), (..., n)


def log_weights(belief: Belief, log_likelihood: LogLikelihood, noise: Tensor) -> Tensor:
    """Return log w of draws: their mean is the ELBO.

    Parameters
    ----------
    belief : Belief
        q(z | x) of n pictures.
    log_likelihood : callable
        z of shape (K, n, d) to log p(x | z) of shape (K, n), in nats.
    noise : Tensor, shape (K, n, d)
        Standard normal numbers.

    Returns
    -------
    Tensor, shape (K, n)
        In nats.
    """
    z, log_density = belief.draw(noise)
    return log_likelihood(z) + log_standard_normal(z) - log_density


def elbo_terms(
    belief: Belief, log_likelihood: LogLikelihood, noise: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Return the two terms of the ELBO, estimated: reconstruction less divergence.

    .. math:: \mathrm{ELBO} = E_q \log p(x | z) - \mathrm{KL}\bigl(q(z | x) \| p(z)\bigr)

    The divergence is exact where the belief has a closed form; else the mean of
    log q(z | x) - log p(z) over the same draws.

    Parameters
    ----------
    belief, log_likelihood, noise
        As of `log_weights`.

    Returns
    -------
    reconstruction, divergence : Tensor, shape (n,)
        In nats.
    """
    z, log_density = belief.draw(noise)
    divergence = belief.divergence()
    if divergence is None:
        divergence = (log_density - log_standard_normal(z)).mean(0)
    return log_likelihood(z).mean(0), divergence


def importance_bound(weights: Tensor, samples: int | None = None) -> Tensor:
    r"""Return the estimate of L_K from log weights.

    .. math:: \hat L_K = \operatorname{mean}_g \log \frac1K \sum_{k \in g} w_k

    over disjoint groups g of K draws. Draws that fill no group are left out.

    Parameters
    ----------
    weights : Tensor, shape (N, n)
        Log weights, as `log_weights` returns them.
    samples : int, optional
        K, at most N; by default N.

    Returns
    -------
    Tensor, shape (n,)
        In nats.

    Raises
    ------
    ParameterError
        K is out of range, or there is no draw.
    """
    if not weights.shape[0]:
        raise ParameterError("weights", "must hold at least one draw")
    size = weights.shape[0] if samples is None else samples
    size = check_int("samples", size, low=1, high=weights.shape[0])
    groups = weights.shape[0] // size
    grouped = weights[: groups * size].reshape(groups, size, *weights.shape[1:])
    return (grouped.logsumexp(1) - math.log(size)).mean(0)


def effective_samples(weights: Tensor) -> Tensor:
    r"""Return how many equal weights the draws are worth.

    .. math:: \Bigl(\sum_k w_k\Bigr)^2 \Big/ \sum_k w_k^2 \in [1, K]

    Parameters
    ----------
    weights : Tensor, shape (K, n)
        Log weights.

    Returns
    -------
    Tensor, shape (n,)
    """
    return (2 * weights.logsumexp(0) - (2 * weights).logsumexp(0)).exp()

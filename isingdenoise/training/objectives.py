r"""What training makes small.

With half the posterior log odds a that a network finds in a field h, and the clean picture z:

- prediction: :math:`-\log \sigma(2 a_i z_i)` averaged over pixels, a proper score: it is least
  where a tells the posterior probabilities;
- elbo: the negative evidence lower bound of the Ising model itself with means
  :math:`\mu = \tanh a`, which needs no clean picture: amortised variational inference
  (Gershman and Goodman, Amortized Inference in Probabilistic Reasoning, 2014).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from .plan import Plan

__all__ = ["elbo", "objective_of"]

#: Of half log odds, field, clean picture and weights; returns what is made small, and the
#: average in nats a pixel that is told.
Objective = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]

_FLOOR = 0.001  # nats a pixel: better is good enough
_POWER = 0.4  # 1: hard pictures rule; 0, their logarithm: all count alike


def objective_of(plan: Plan) -> Objective:
    """Return the objective of a plan."""
    if plan.objective == "prediction":
        return _prediction

    def bound(a: Tensor, field: Tensor, clean: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        loss = -elbo(a, field, plan.coupling).mean()
        return loss, loss.detach()

    return bound


def _prediction(a: Tensor, field: Tensor, clean: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return a power mean over pictures, so that easy ones count too; and the plain mean."""
    each = functional.binary_cross_entropy_with_logits(2 * a, clean, weight, reduction="none")
    mean = each.mean((1, 2))
    return ((mean + _FLOOR) ** _POWER / _POWER).mean(), mean.detach().mean()


def elbo(a: Tensor, field: Tensor, coupling: float) -> Tensor:
    r"""Return the evidence lower bound of each picture, in nats a pixel.

    .. math:: \frac{1}{n} \Big( J \sum_{(i,j)} \mu_i \mu_j + \sum_i h_i \mu_i
              + \sum_i H(\tfrac{1 + \mu_i}{2}) \Big), \qquad \mu = \tanh a

    Parameters
    ----------
    a, field : Tensor, shape (n, H, W)
        Half the log odds of q, and h.
    coupling : float
        J on four neighbours; each edge counts once.
    """
    mean = torch.tanh(a)
    edges = (mean[:, :, 1:] * mean[:, :, :-1]).sum((1, 2))
    edges = edges + (mean[:, 1:] * mean[:, :-1]).sum((1, 2))
    # H = log(2 cosh a) - a tanh a
    entropy = functional.softplus(2 * a) - a - a * mean
    each = (field * mean + entropy).sum((1, 2)) + coupling * edges
    return each / (field.shape[1] * field.shape[2])

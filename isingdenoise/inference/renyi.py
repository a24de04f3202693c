"""The variational Renyi bound of independent spins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..edges import ends
from ..errors import ParameterError
from ..model import IsingModel
from ..validation import check_real
from .transfer_matrix import TransferMatrix, too_wide

__all__ = ["renyi_bound"]

#: So near to 1 the order counts as 1: what is divided by 1 - order is a rounding error there.
_NEAR_ONE = 1e-6
#: Means nearer to -1 or 1 than this have an atanh that is 18 and more: as good as certain.
_CERTAIN = 1 - 1e-16
#: So many pixels are listed, in float64; the transfer matrix takes fields of float32, and what
#: these are off is divided by 1 - order.
_LISTED = 16
_APART = 0.01
_LARGEST_ORDER = 1e6


def renyi_bound(model: IsingModel, mean: ArrayLike, order: float) -> float:
    r"""Return the variational Renyi bound of independent spins with given means.

    .. math:: L_\alpha = \frac{1}{1 - \alpha} \log \sum_z p(z, x)^{1 - \alpha} q(z)^{\alpha}

    It falls as the order alpha rises: at 0 it is log Z + c, at 1 the evidence lower bound;
    between them and beyond it is a lower bound, below 0 an upper one. The sum is the normaliser
    of an Ising model with couplings (1 - alpha) J and fields (1 - alpha) h + alpha atanh(mean),
    which is found exactly.

    Parameters
    ----------
    model : IsingModel
        The posterior, so narrow that log Z is found exactly: a shorter side of at most
        18 pixels (`TransferMatrix`).
    mean : array_like, shape (H, W)
        Means of q in [-1, 1]. Beyond +-(1 - 1e-16) they count as that.
    order : float
        The order alpha, within 1e6 in size. With more than 16 pixels it must be 1, or at
        least 0.01 from it.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ParameterError
        The picture is too large, the means do not fit it, or the order is out of range.

    References
    ----------
    Li and Turner, Renyi Divergence Variational Inference, NIPS 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import IsingModel, MeanField
    >>> model = IsingModel(np.array([[0.5, -0.2], [0.1, 0.3]]), 0.4)
    >>> mean = MeanField().solve(model).mean
    >>> lower, upper = renyi_bound(model, mean, 0.5), renyi_bound(model, mean, -0.5)
    >>> model.elbo(mean) < lower < renyi_bound(model, mean, 0) < upper
    True
    """
    order = check_real("order", order, low=-_LARGEST_ORDER, high=_LARGEST_ORDER)
    mu = np.asarray(mean)
    if mu.shape != model.shape:
        raise ParameterError("mean", f"has shape {mu.shape}, the model has {model.shape}")
    if mu.dtype.kind not in "biuf" or not np.all(np.abs(mu.astype(np.float64)) <= 1):
        raise ParameterError("mean", "must hold real numbers in [-1, 1]")
    reason = too_wide(model)
    if reason is not None:
        raise ParameterError("model", reason)
    mu = np.clip(mu.astype(np.float64), -_CERTAIN, _CERTAIN)
    rest = 1 - order
    if abs(rest) <= _NEAR_ONE:
        return model.elbo(mu)
    theta = np.arctanh(mu)
    normaliser = float(np.sum(np.logaddexp(theta, -theta)))
    if model.field.size <= _LISTED:
        log_z = _listed(model, rest, order * theta)
    elif abs(rest) < _APART:
        raise ParameterError("order", f"must be 1, or at least {_APART} from it, not {order}")
    else:
        scaled = rest * model.field.astype(np.float64) + order * theta
        log_z = TransferMatrix(IsingModel(scaled, model.coupling.scaled(rest))).log_z
    return (log_z - order * normaliser) / rest + model.offset


def _listed(model: IsingModel, scale: float, extra: NDArray[np.float64]) -> float:
    """Return log sum_z exp(-scale E(z) + sum_i extra_i z_i), by listing all states."""
    sites = model.field.size
    states = 2.0 * (np.arange(1 << sites)[:, None] >> np.arange(sites) & 1) - 1
    score = states @ (scale * model.field.astype(np.float64) + extra).reshape(-1)
    pictures = states.reshape(-1, *model.shape)
    for (dy, dx), strength in model.coupling.planes:
        here, there = ends(model.shape, (dy, dx))
        pairs = pictures[:, *here] * pictures[:, *there]
        if not isinstance(strength, float):
            pairs = pairs * strength[here].astype(np.float64)
            score += scale * pairs.sum(axis=(1, 2))
        else:
            score += scale * strength * pairs.sum(axis=(1, 2))
    top = float(score.max())
    return float(np.log(np.sum(np.exp(score - top)))) + top

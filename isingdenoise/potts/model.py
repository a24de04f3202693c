"""The posterior over label maps: a Potts model with log likelihoods at every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..coupling import Coupling
from ..errors import ParameterError

__all__ = ["LIMIT", "MOST_LABELS", "PottsModel"]

#: Labels are kept in 8 bits, -1 being none.
MOST_LABELS = 127
#: Log likelihoods are clipped to this below the largest of a pixel: exp is 0 long before.
LIMIT = 1e4


@dataclass(frozen=True, eq=False)
class PottsModel:
    r"""A Potts model on an H x W grid with free borders.

    .. math:: \log p(z, x) = \sum_{\{i,j\}} J_{ij} [z_i = z_j] + \sum_i l_i(z_i) - \log Z_0

    with labels :math:`z_i \in \{0, \ldots, K - 1\}`; every undirected edge counts once. With
    two labels it is the Ising model of strengths J / 2 and field (l_i(1) - l_i(0)) / 2. The
    prior's own normaliser log Z0 is never part of a bound here.

    Parameters
    ----------
    log_likelihood : array_like, shape (K, H, W)
        l, in nats, for K from 1 to 127 labels. Minus infinity is a label that cannot be;
        each pixel needs one that can. A missing pixel has all of them equal.
    coupling : Coupling or float
        The strengths J; a float means `Coupling.nearest`. A strength for each edge is refused.

    Attributes
    ----------
    unary : ndarray, shape (K, H, W), float32
        l less its largest value at each pixel, at least -1e4; read-only.
    offset : float
        The sum over pixels of what was subtracted.

    Raises
    ------
    ParameterError
        Another shape, NaN, plus infinity, a pixel without a label, or such a coupling.

    References
    ----------
    Potts, Some Generalized Order-Disorder Transformations, 1952. Boykov, Veksler and Zabih,
    Fast Approximate Energy Minimization via Graph Cuts, IEEE PAMI 23, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> model = PottsModel(np.log([[[0.7, 0.4]], [[0.2, 0.5]], [[0.1, 0.1]]]), 1.0)
    >>> model.labels, model.shape
    (3, (1, 2))
    >>> model.energy([[0, 0]]) < model.energy([[0, 1]])
    True
    """

    unary: NDArray[np.float32]
    coupling: Coupling
    offset: float

    def __init__(self, log_likelihood: ArrayLike, coupling: Coupling | float) -> None:
        l = np.asarray(log_likelihood)  # noqa: E741 - the field's own name
        if l.ndim != 3 or l.dtype.kind not in "iuf" or 0 in l.shape:
            shown = f"shape {l.shape} and type {l.dtype}"
            raise ParameterError("log_likelihood", f"must be real, K x H x W; it has {shown}")
        if not 1 <= len(l) <= MOST_LABELS:
            raise ParameterError(
                "log_likelihood", f"must have 1 to {MOST_LABELS} labels, not {len(l)}"
            )
        top = l.max(axis=0)
        if not np.isfinite(top).all() or np.isnan(l).any():
            raise ParameterError(
                "log_likelihood", "holds NaN, or a pixel that no label, or one surely, explains"
            )
        unary = np.maximum(l - top, -LIMIT).astype(np.float32)
        unary.flags.writeable = False
        if not isinstance(coupling, Coupling):
            coupling = Coupling.nearest(coupling)
        if coupling.shape is not None:
            raise ParameterError("coupling", "must have one strength for each direction")
        object.__setattr__(self, "unary", unary)
        object.__setattr__(self, "coupling", coupling)
        object.__setattr__(self, "offset", float(np.sum(top, dtype=np.float64)))

    @property
    def labels(self) -> int:
        """K, the number of labels."""
        return len(self.unary)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        _, height, width = self.unary.shape
        return height, width

    def energy(self, labels: ArrayLike) -> float:
        """Return E(z) = - sum_edges J_ij [z_i = z_j] - sum_i (l_i(z_i) - max_k l_i(k)).

        Parameters
        ----------
        labels : array_like, shape (H, W)
            Whole numbers from 0 to K - 1.

        Returns
        -------
        float
        """
        z = np.asarray(labels)
        if z.shape != self.shape or z.dtype.kind not in "iu":
            raise ParameterError("labels", f"must be whole numbers of shape {self.shape}")
        if z.min() < 0 or z.max() >= self.labels:
            raise ParameterError("labels", f"must be from 0 to {self.labels - 1}")
        chosen = np.take_along_axis(self.unary, z[None].astype(np.intp), 0)
        total = float(np.sum(chosen, dtype=np.float64))
        for strength, one, other in self._edges(z):
            total += strength * int(np.count_nonzero(one == other))
        return 0.0 - total

    def elbo(self, probability: ArrayLike) -> float:
        """Return the evidence lower bound of independent labels, in nats.

        ELBO = sum_edges J q_i . q_j + sum_ik q_ik l_ik - sum_ik q_ik log q_ik, at most log Z.

        Parameters
        ----------
        probability : array_like, shape (K, H, W)
            q, adding up to 1 over the labels.
        """
        q = np.asarray(probability, np.float64)
        if q.shape != self.unary.shape:
            raise ParameterError("probability", f"has shape {q.shape}, not {self.unary.shape}")
        entropy = -float(np.sum(q * np.log(np.maximum(q, np.finfo(np.float64).tiny))))
        total = float(np.sum(q * self.unary)) + entropy + self.offset
        for strength, one, other in self._edges(q):
            total += strength * float(np.sum(one * other))
        return total

    def _edges(self, values: NDArray[Any]) -> list[tuple[float, NDArray[Any], NDArray[Any]]]:
        """Return each direction's strength and the values at both ends of its edges."""
        c, v = self.coupling, values
        out = [
            (c.horizontal, v[..., :-1], v[..., 1:]),
            (c.vertical, v[..., :-1, :], v[..., 1:, :]),
        ]
        if c.neighbours == 8:
            out += [
                (c.diagonal, v[..., :-1, :-1], v[..., 1:, 1:]),
                (c.antidiagonal, v[..., :-1, 1:], v[..., 1:, :-1]),
            ]
        return out

    def __repr__(self) -> str:
        """Return the size and the strengths, not the log likelihoods."""
        height, width = self.shape
        return f"PottsModel({self.labels} labels, {height} x {width}, coupling {self.coupling})"

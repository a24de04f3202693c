"""Log odds of hidden pixels, fitted without knowing their labels.

A hidden pixel has the prior log odds `eta` that its neighbourhood predicts and
the log likelihood ratio `evidence` = l+ - l- of its own grey value, which the
prediction has not seen. The marginal likelihood of the grey value is
sigma(eta) p(x|+1) + sigma(-eta) p(x|-1): a proper score of `eta` that needs no
clean picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation import check_real, store

Floats = NDArray[np.float64]

_ROUNDS = 40
_TOL = 1e-3  # nats: far below what tells two weights apart
_PRECISION = 10.0  # of the prior about "as mean field says"
_SMALLEST_STEP = 1e-3


@dataclass(frozen=True)
class Calibration:
    r"""Prior log odds of a pixel as its neighbourhood predicts them.

    .. math:: \eta_i = b + 2 t \sum_j J_{ij} \mu_j

    Mean field itself says b = 0 and t = 1. Being over-confident it asks for
    t below 1 mostly (Platt scaling, with the likelihood of hidden pixels in
    the place of labels).

    Parameters
    ----------
    bias : float
        b, in nats.
    slope : float
        t, without unit, at least 0.

    Raises
    ------
    ParameterError
        A number is not finite or out of range.
    """

    bias: float = 0.0
    slope: float = 1.0

    def __post_init__(self) -> None:
        store(
            self,
            bias=check_real("bias", self.bias, low=-1e6, high=1e6),
            slope=check_real("slope", self.slope, low=0.0, high=1e6),
        )

    def probability(self, pull: NDArray[Any], field: NDArray[Any]) -> NDArray[Any]:
        """Return P(z_i = +1 | x) for the neighbours' pull and the pixels' own field h.

        Parameters
        ----------
        pull : ndarray
            sum_j J_ij mu_j.
        field : ndarray, same shape
            h_i, half the log likelihood ratio.
        """
        # tanh(eta / 2) with eta = b + 2 t u + 2 h
        half = pull * pull.dtype.type(self.slope)
        half += field
        half += pull.dtype.type(self.bias / 2)
        np.tanh(half, out=half)
        half += 1
        half *= pull.dtype.type(0.5)
        return np.asarray(half)


def calibrate(pull: Floats, evidence: Floats) -> Calibration:
    """Return the calibration of largest posterior density, given hidden pixels.

    Parameters
    ----------
    pull : ndarray, shape (n,)
        What the neighbours say.
    evidence : ndarray, shape (n,)
        Log likelihood ratio of the pixels' own grey values.
    """
    columns = np.stack([np.ones_like(pull), 2 * pull])
    weights = fit_weights(columns, evidence, np.array([0.0, 1.0]))
    # A negative slope would turn what the neighbours say into its opposite.
    return Calibration(float(weights[0]), max(float(weights[1]), 0.05))


def fit_weights(columns: Floats, evidence: Floats, expected: Floats) -> Floats:
    r"""Return the weights w of log odds `w @ columns` that explain the evidence best.

    Maximises :math:`\sum_i \log(\sigma(\eta_i) e^{e_i} + \sigma(-\eta_i)) -
    5 |w - w_0|^2` by Newton steps, each shortened until the objective rises.
    Where it is not concave the likelihood of the completed data, which always
    is, gives the curvature.

    Parameters
    ----------
    columns : ndarray, shape (k, n)
        Features of each pixel.
    evidence : ndarray, shape (n,)
        e, the log likelihood ratio of each pixel's own grey value.
    expected : ndarray, shape (k,)
        w0, the mean of the normal prior, where the climb begins.
    """
    w = expected.copy()
    best = _objective(columns, evidence, expected, w)
    for _ in range(_ROUNDS):
        eta = _combined(w, columns)
        prior, posterior = sigmoid(eta), sigmoid(eta + evidence)
        slope = np.einsum("kn,n->k", columns, posterior - prior) - _PRECISION * (w - expected)
        completed = np.maximum(prior * (1 - prior), 1e-7)
        curvature = _curvature(columns, completed - posterior * (1 - posterior))
        if np.linalg.eigvalsh(curvature)[0] < _PRECISION:
            curvature = _curvature(columns, completed)
        step = np.linalg.solve(curvature, slope)
        share = 1.0
        while (new := _objective(columns, evidence, expected, w + share * step)) < best:
            share /= 2
            if share < _SMALLEST_STEP:
                return w
        w = w + share * step
        if new - best < _TOL:
            break
        best = new
    return w


def _curvature(columns: Floats, weight: Floats) -> Floats:
    # einsum has no fast loop for three factors
    inner = np.einsum("kn,ln->kl", columns * weight, columns)
    return np.asarray(inner + _PRECISION * np.eye(len(columns)))


def log_evidence(eta: Floats, evidence: Floats) -> float:
    """Return sum_i log(sigma(eta_i) exp(e_i) + sigma(-eta_i)): the score of a prediction.

    It is the log likelihood of the hidden grey values less sum_i l-_i, which
    no prediction changes.
    """
    return float(np.sum(softplus(eta + evidence) - softplus(eta)))


def sigmoid(a: Floats) -> Floats:
    """Return 1 / (1 + exp(-a))."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * a))


def softplus(a: Floats) -> Floats:
    """Return log(1 + exp(a))."""
    return np.asarray(np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))))


def _objective(columns: Floats, evidence: Floats, expected: Floats, w: Floats) -> float:
    prior = 0.5 * _PRECISION * float(np.sum((w - expected) ** 2))
    return log_evidence(_combined(w, columns), evidence) - prior


def _combined(w: Floats, columns: Floats) -> Floats:
    # einsum and not @: BLAS wakes threads of its own, which then fight with ours
    return np.asarray(np.einsum("k,kn->n", w, columns))

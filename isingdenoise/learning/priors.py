"""Which prior a picture speaks for: the Ising model's, or a learned one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..inference import MeanField
from ..model import IsingModel
from ..noise import NoiseModel, Unit, parameters_of
from ._calibration import Calibration, Floats, calibrate, log_evidence, sigmoid
from ._held_out import Window, evidence_of
from .evidence import EARN
from .pattern_counts import most_in_patterns, thresholded
from .patterns import crossing_rate

__all__ = ["Weighed", "earned", "weigh"]

#: From a field to the means of a learned prior's posterior.
Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_SIDE = 256  # of the parts that stand for a large picture: more than a network sees at once
_PARTS = 4
_SURE = 1 - 1e-7  # of means: the largest log odds are 16.8
_ERRORS = 2.0  # standard errors by which it must lead
_TELLS = 0.1  # share of what hidden pixels hold that it must tell
_RARE = 0.005  # of pixels: what less noise spoils is less than a prior may invent
_TIMES = 1.5  # as many flips as a pattern shows at most are too many
_CONTRADICTS = 0.01  # nats a hidden pixel by which other noise parameters may explain them better
_BLOCK = 32


@dataclass(frozen=True)
class Weighed:
    """How well two priors predict hidden pixels, and which is taken.

    Attributes
    ----------
    taken : {"ising", "learned"}
        The prior.
    gain : float
        Nats by which the learned one leads, over all hidden pixels.
    error : float
        Standard error of the gain, from blocks of 32 x 32 pixels.
    told : float
        Share of what the hidden pixels' values say of their labels, that the learned one
        predicts, in [0, 1].
    contradicted : float
        Nats a hidden pixel by which other noise parameters explain its value better, given
        what the learned prior predicts: far above 0 the noise is not what it was taken for.
    hidden : int
        Number of hidden pixels.
    calibration : Calibration
        Of the learned prior's pulls.
    doubt : str or None
        Why the learned one is not taken although it leads.
    """

    taken: str
    gain: float
    error: float
    told: float
    contradicted: float
    hidden: int
    calibration: Calibration
    doubt: str | None = None

    def figures(self) -> dict[str, Any]:
        """Return what spoke for the prior, as plain values with stable keys."""
        names = ("gain", "error", "told", "hidden", "doubt")
        return {name: getattr(self, name) for name in names}


def weigh(
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    noise: NoiseModel,
    coupling: Coupling,
    infer: Infer,
    rng: np.random.Generator,
) -> Weighed:
    r"""Weigh a learned prior against the Ising model's by pixels hidden from both.

    A fifth of the pixels has no field, the score of either is the log likelihood of their
    values, :math:`\sum_i \log \sum_s \sigma(2 s u_i) p(x_i | s)`, each calibrated.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    noise : NoiseModel
        Of the picture.
    coupling : Coupling
        Of the Ising model, as it decides.
    infer : callable
        Returns the learned prior's means of a field.
    rng : numpy.random.Generator
        Chooses parts and hidden pixels.
    """
    ising, learned, values, blocks = [], [], [], []
    engine = MeanField(tol=0.03, max_sweeps=25)
    for number, part in enumerate(_parts(x.shape, rng)):
        window = Window(x[part], None if mask is None else mask[part], rng)
        window.read(noise)
        solution = engine.solve(IsingModel(window.field, coupling), init=window.start)
        assert solution.mean is not None
        c = coupling
        strengths = np.array([c.horizontal, c.vertical, c.diagonal, c.antidiagonal])
        ising.append(np.einsum("k,kn->n", strengths, window.sums(solution.mean)))
        learned.append(_pull(infer(window.field)[window.hidden]))
        values.append(window.x[window.hidden])
        rows, columns = window.hidden
        blocks.append((number * 4096 + rows // _BLOCK) * 4096 + columns // _BLOCK)
    seen = np.concatenate(values)
    e, constant = evidence_of(noise, seen)
    old, new = (np.concatenate(pulls) for pulls in (ising, learned))
    names = np.unique(np.concatenate(blocks), return_inverse=True)[1]
    fits = [calibrate(pull, e) for pull in (old, new)]
    scores = [_each(fit, pull, e) for fit, pull in zip(fits, (old, new), strict=True)]
    lead = scores[1] - scores[0]
    by_block = np.bincount(names, weights=lead)
    error = float(np.std(by_block) * np.sqrt(by_block.size)) if by_block.size else 0.0
    told = _told(scores[1], e)
    gain = float(lead.sum())
    contradicted = _contradicted(noise, seen, fits[1], new, float(scores[1].sum()) + constant)
    leads = gain > earned(error)
    doubt = _doubt(x, noise, told, contradicted) if leads else None
    taken = "learned" if leads and doubt is None else "ising"
    return Weighed(taken, gain, error, told, contradicted, e.size, fits[1], doubt)


def earned(error: float) -> float:
    """Return from how many nats on a lead is believed: 10, or two standard errors.

    Parameters
    ----------
    error : float
        Standard error of the lead.
    """
    return max(EARN, _ERRORS * error)


def _doubt(x: NDArray[Any], noise: NoiseModel, told: float, contradicted: float) -> str | None:
    """Return why a prior that leads cannot be trusted: None where it can."""
    if crossing_rate(noise) < _RARE:
        return "noise is rare, and a prior may invent more than it repairs"
    if told < _TELLS:
        return "it predicts next to nothing"
    if contradicted > _CONTRADICTS:
        return "with it the picture has other noise"
    if noise.two_valued:
        shares = [
            getattr(noise, name)
            for name, known in parameters_of(type(noise)).items()
            if known.unit is Unit.SHARE
        ]
        if max(shares, default=0.0) > _TIMES * most_in_patterns(thresholded(noise, x)):
            return "patterns of the picture show fewer flips than the noise has"
    return None


def _contradicted(
    noise: NoiseModel, x: NDArray[Any], fit: Calibration, pull: Floats, score: float
) -> float:
    """Return the nats a hidden pixel by which a noise model fitted to a prediction leads."""
    eta = fit.bias + 2 * fit.slope * pull
    mean = np.tanh(0.5 * (eta + evidence_of(noise, x)[0]))
    other = noise.fit(x[None], mean[None])
    evidence, constant = evidence_of(other, x)
    return (log_evidence(eta, evidence) + constant - score) / max(x.size, 1)


def _pull(mean: NDArray[np.float32]) -> Floats:
    """Return half the log odds of means."""
    return np.asarray(np.arctanh(np.clip(mean.astype(np.float64), -_SURE, _SURE)))


def _each(fit: Calibration, pull: Floats, evidence: Floats) -> Floats:
    """Return the log likelihood of each hidden value, less l-."""
    eta = fit.bias + 2 * fit.slope * pull
    return np.logaddexp(0, eta + evidence) - np.logaddexp(0, eta)


def _told(score: Floats, evidence: Floats) -> float:
    """Return which share of what values say of labels a prediction knows.

    What is to be known is the mutual information of label and value, under the share of
    bright pixels that fits the values best.
    """
    bias = calibrate(np.zeros_like(evidence), evidence).bias
    alone = log_evidence(np.full_like(evidence, bias), evidence)
    posterior = sigmoid(bias + evidence)
    known = float(np.sum(posterior * evidence)) - alone
    return float(score.sum() - alone) / known if known > 0 else 0.0


def _parts(shape: tuple[int, ...], rng: np.random.Generator) -> list[tuple[slice, slice]]:
    """Return the whole picture, or parts of a large one."""
    height, width = shape
    if height * width <= _PARTS * _SIDE**2:
        return [(slice(0, height), slice(0, width))]
    out = []
    for _ in range(_PARTS):
        top, left = (int(rng.integers(0, max(size - _SIDE, 0) + 1)) for size in shape)
        out.append((slice(top, top + _SIDE), slice(left, left + _SIDE)))
    return out

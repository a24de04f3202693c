"""The coupling under which hidden pixels are likeliest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..learning import EARN
from ..learning._held_out import SWEEPS, TOL
from ..learning._search import parabola
from ..learning._windows import window_of
from ..potts import PottsMeanField, PottsModel

__all__ = ["HeldOutLabels", "LabelCoupling", "find_coupling"]

#: Twice that of the Ising model: an edge of labels is worth J, one of spins 2 J.
START = 1.1
_LIMITS = (math.log(0.1 / START), math.log(5.0 / START))
_PRIOR_SD = 0.7  # of log strength about START
_STEP = math.log(1.6)
_EVALUATIONS = 8
_EARN_EACH = 0.1  # nats a hidden pixel: all that a small picture can be asked for


@dataclass(frozen=True)
class LabelCoupling:
    """What hidden pixels say of the coupling.

    Attributes
    ----------
    coupling : Coupling
        The best, on 4 neighbours; 0 where it earns less than 10 nats.
    gain : float
        Nats by which it leads a prediction that knows the shares of the labels alone.
    hidden : int
        Number of hidden pixels.
    curve : tuple of (float, float)
        Every strength tried, in this order, and its score in nats.
    """

    coupling: Coupling
    gain: float
    hidden: int
    curve: tuple[tuple[float, float], ...]


def find_coupling(held_out: HeldOutLabels) -> LabelCoupling:
    r"""Return the strength on 4 neighbours that predicts hidden pixels best.

    A fifth of the pixels is hidden, no two of them neighbours, the others are solved by mean
    field, and the score of J is

    .. math:: \sum_i \log \sum_k \pi_{ik} \, p(x_i | z_i = k), \qquad
              \pi_{ik} \propto \exp \Bigl( J \sum_j q_{jk} \Bigr)

    over the hidden ones, with a weak prior, log J ~ N(log 1.1, 0.7^2). At most eight strengths
    are tried. Of pictures beyond 200,000 pixels parts stand for all.

    Parameters
    ----------
    held_out : HeldOutLabels
        The picture; it has read its log likelihoods.

    References
    ----------
    Besag, On the Statistical Analysis of Dirty Pictures, JRSS B 48, 1986.
    """
    if not held_out.hidden:
        return LabelCoupling(Coupling.nearest(0.0), 0.0, 0, ())
    scores: dict[float, float] = {}

    def value(t: float) -> float:
        """Return the score of START exp(t) plus the log prior density."""
        if t not in scores:
            scores[t] = held_out.score(START * math.exp(t))
        return scores[t] - 0.5 * (t / _PRIOR_SD) ** 2

    best = _climb(value)
    gain = scores[best] - held_out.alone()
    strong = gain >= min(EARN, _EARN_EACH * held_out.hidden)
    strength = START * math.exp(best) if strong else 0.0
    curve = tuple((START * math.exp(t), score) for t, score in scores.items())
    return LabelCoupling(Coupling.nearest(strength), gain, held_out.hidden, curve)


def _climb(value: Any) -> float:
    """Return where `value` is largest: steps while it rises, then the top of a parabola."""
    points = {0.0: value(0.0)}
    for way in (_STEP, -_STEP):
        last, t = points[0.0], way
        while _LIMITS[0] <= t <= _LIMITS[1] and len(points) < _EVALUATIONS:
            points[t] = value(t)
            if points[t] < last:
                break
            last, t = points[t], t + way
        if points.get(way, -math.inf) >= points[0.0]:
            break
    for _ in range(2):
        top = parabola(points)
        if top is not None and len(points) < _EVALUATIONS:
            points[top] = value(top)
    return max(points, key=lambda t: points[t])


class HeldOutLabels:
    """A picture of labels, or parts of it that stand for all, with some pixels hidden.

    Parameters
    ----------
    known : ndarray of bool, shape (H, W)
        Which pixels are observed.
    rng : numpy.random.Generator
        Chooses windows and hidden pixels.
    parallel : bool, optional
        As in `PottsMeanField`.

    Attributes
    ----------
    hidden : int
        Number of hidden pixels.
    """

    def __init__(
        self, known: NDArray[np.bool_], rng: np.random.Generator, parallel: bool | None = None
    ) -> None:
        # the window is one of the numbers of pixels: what stands for them has K numbers each
        self._window = window_of(np.arange(known.size).reshape(known.shape), known, rng)
        self._engine = PottsMeanField(tol=TOL, max_sweeps=SWEEPS, parallel=parallel)
        self.hidden = len(self._window.hidden[0])

    def take(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return what the window shows of an array (..., H, W)."""
        found: NDArray[Any] = pixels.reshape(*pixels.shape[:-2], -1)[..., self._window.x]
        return found

    def read(self, log_likelihood: NDArray[np.float32]) -> None:
        """Take the log likelihoods of the window, as of `take`: those of hidden pixels apart."""
        self._own = log_likelihood[:, *self._window.hidden].astype(np.float64)
        self._l = np.where(self._window.known, log_likelihood, np.float32(0))

    def of_hidden(self, shown: NDArray[Any]) -> NDArray[Any]:
        """Return the values of hidden pixels, of what the window shows."""
        found: NDArray[Any] = shown[..., *self._window.hidden]
        return found

    def score(self, strength: float) -> float:
        """Return the log likelihood of the hidden pixels under their neighbourhoods."""
        pull = self._pull(strength)
        return float(np.sum(_log_sum_exp(pull + self._own) - _log_sum_exp(pull)))

    def posterior(self, strength: float) -> NDArray[np.float64]:
        """Return P(z_i = k) of the hidden pixels given all others and their own value, (K, n)."""
        joint = self._pull(strength) + self._own
        return np.asarray(np.exp(joint - _log_sum_exp(joint)))

    def alone(self) -> float:
        """Return the score of a prediction that knows the shares of the labels alone."""
        share = np.full(len(self._own), 1 / len(self._own))
        for _ in range(50):
            joint = np.log(share)[:, None] + self._own
            posterior = np.exp(joint - _log_sum_exp(joint))
            share = np.maximum(posterior.mean(axis=1), 1e-12)
        return float(np.sum(_log_sum_exp(np.log(share / share.sum())[:, None] + self._own)))

    def _pull(self, strength: float) -> NDArray[np.float64]:
        """Return J sum_j q_jk of the hidden pixels, (K, n)."""
        q = self._engine.solve(PottsModel(self._l, strength)).probability
        assert q is not None  # a trait of this engine
        return np.stack([strength * self._window.sums(own)[:2].sum(axis=0) for own in q])


def _log_sum_exp(a: NDArray[np.float64]) -> NDArray[np.float64]:
    top = a.max(axis=0)
    return np.asarray(top + np.log(np.exp(a - top).sum(axis=0)))

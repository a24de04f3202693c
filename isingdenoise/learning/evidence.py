"""How much speaks for a noise model, against leaving the picture alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..messages import collected
from ..noise import (
    CLEAN,
    NoiseModel,
    Surroundings,
    Unit,
    observed_or_none,
    parameters_of,
    undisturbed,
)
from ._held_out import HeldOut
from ._search import START
from ._windows import window_of
from .pattern_counts import most_in_patterns, thresholded

__all__ = ["EARN", "Trial", "earn_of"]

#: Nats by which noise must lead 'leave alone' to be believed.
EARN = 10.0

_FEW = 30  # flat surroundings that tell next to nothing
_TIMES = 1.5  # as many flips as a pattern shows at most are too many
_TOP = 0.4  # of pixels flipped: next to nothing is left


def earn_of(kind: type[NoiseModel]) -> float:
    """Return the handicap of a model, in nats."""
    return 0.0 if kind.tried is None else kind.tried.earn


class Trial:
    """A model fitted to a picture, what speaks for it, and what it warned of.

    Parameters
    ----------
    kind : type of NoiseModel
        The model.
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Attributes
    ----------
    model : NoiseModel
        Fitted.
    earn : float
        Its handicap, in nats.
    evidence : float
        Nats by which it leads 'leave alone', less the handicap.
    around : Surroundings
        Flat surroundings of the picture thresholded between its levels.
    open : bool
        Whether they are too few to tell anything.
    possible : bool
        Whether the picture can have as many flips as the model has.
    messages : list of str
        What the fit warned of.
    """

    def __init__(
        self, kind: type[NoiseModel], x: NDArray[Any], mask: NDArray[np.bool_] | None
    ) -> None:
        self.earn = earn_of(kind)
        with collected() as self.messages:
            self.model = kind.from_image(x, mask=mask)
        bright = thresholded(self.model, x)
        self.around = undisturbed(bright, observed_or_none(x, mask))
        self.open = self.around.both.count < _FEW
        self.evidence = _evidence(self.model, x, bright, self.around) - self.earn
        # flips of that many pixels would show in every pattern
        self.possible = not (self.open and self.model.two_valued and _too_many(self.model, bright))
        self._score: float | None = None

    @property
    def believed(self) -> bool:
        """Whether it leads 'leave alone', or flat surroundings do not tell."""
        return self.possible and (self.open or self.evidence >= EARN)

    def score(self, x: NDArray[Any], mask: NDArray[np.bool_] | None) -> float:
        """Return the log likelihood of hidden pixels, at a typical coupling."""
        if self._score is None:
            held_out = HeldOut(window_of(x, mask, np.random.default_rng(0)), self.model, None)
            self._score = held_out.predict(Coupling.nearest(START)).score + held_out.constant
        return self._score


def _too_many(model: NoiseModel, bright: NDArray[np.bool_]) -> bool:
    """Return whether the picture cannot have, or tell, as many flips as the model has.

    Some pattern of 3 x 3 pixels shows fewer, or they leave nothing of a picture:
    where nothing is flat, such estimates stand for structure that is not seen.
    """
    shares = [
        getattr(model, name)
        for name, known in parameters_of(type(model)).items()
        if known.unit is Unit.SHARE
    ]
    rate = max(shares, default=0.0)
    if rate >= _TOP:
        return True
    return bool(rate > _TIMES * most_in_patterns(bright))


def _evidence(
    noise: NoiseModel, x: NDArray[Any], bright: NDArray[np.bool_], around: Surroundings
) -> float:
    """Return the nats by which noise leads 'leave alone' in flat surroundings."""
    total = 0.0
    for flat, side, level in zip(
        around.flat, (around.dark, around.bright), (False, True), strict=True
    ):
        if not side.count:
            continue
        if side.against:
            stands = flat & (bright != level)
            stands.ravel()[around.regular] = False
            minus, plus = noise.log_likelihood(x[stands])
            lead = (plus - minus) if level else (minus - plus)
            total += float(np.sum(np.minimum(lead, 0))) - side.against * math.log(CLEAN)
        share = min(max(side.against / side.count, CLEAN), 1 - 1e-9)
        total += side.count * (math.log1p(-share) - math.log1p(-CLEAN))
    return total

"""The coupling whose mean field predicts hidden pixels best."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..coupling import Coupling
from ._calibration import calibrate, fit_weights
from ._held_out import HeldOut, Prediction

START = 0.55
LOWEST, HIGHEST = 0.05, 2.5
_PRIOR_SD = 0.7  # of log strength about START: a factor of two either way
_STEPS = (math.log(1.2), math.log(1.6))
_FINE_STEP = math.log(1.12)
_LEAN = 0.1  # half the log ratio of horizontal to vertical worth a look
_EARN_DIRECTION = 10.0  # nats that unequal directions must earn
_EARN_NEGATIVE = 8.0  # nats that negative diagonals must earn
_EARN_POSITIVE = 20.0  # more for positive ones: they smooth more and may cost small parts
_EVALUATIONS = 8
_NEGATIVE = (-0.15, -0.3)  # of the straight strengths
_LEAST_DIAGONAL = 0.25  # of the straight strengths: below it positive ones gain nothing


class Search:
    """A climb over strength, direction and diagonals, one after the other.

    It maximises the held-out log predictive likelihood plus the log of a weak
    prior, log strength ~ N(log 0.55, 0.7^2), which decides where a picture is
    too small to tell. After eight evaluations it stops where it is.

    Parameters
    ----------
    held_out : HeldOut
        Predicts and scores.
    """

    def __init__(self, held_out: HeldOut) -> None:
        self._held_out = held_out
        self.curve: list[tuple[Coupling, float]] = []
        self.best = self._try(Coupling.nearest(START))

    def strength(self) -> None:
        """Climb over a common factor of all strengths.

        The slope that calibrates the prediction says which way, and how far.
        """
        slope = calibrate(self.best.pull, self._held_out.evidence).slope
        way = math.log(slope)
        self._scale(math.copysign(min(max(abs(way), _STEPS[0]), _STEPS[1]), way))

    def finer(self) -> None:
        """Climb over strength once more, in small steps."""
        self._scale(_FINE_STEP)

    def _scale(self, step: float) -> None:
        origin = self.best.coupling
        largest = max(abs(origin.horizontal), abs(origin.vertical))
        limits = (math.log(LOWEST / largest), math.log(HIGHEST / largest))
        self._climb(lambda t: origin.scaled(math.exp(t)), step, limits)

    def direction(self) -> None:
        """Take unequal horizontal and vertical strengths if they earn their place.

        Tried is the ratio that fits the hidden pixels best, and none beyond it:
        a larger one may predict better, but costs strokes a pixel wide.
        """
        before = self.best
        horizontal, vertical, _ = self._suggested()
        lean = 0.5 * math.log(max(horizontal, LOWEST) / max(vertical, LOWEST))
        if abs(lean) < _LEAN or not self._may_go_on():
            return
        c = before.coupling
        pair = (c.horizontal * math.exp(lean), c.vertical * math.exp(-lean))
        h, v = (min(max(s, LOWEST), HIGHEST) for s in pair)
        self._try(Coupling(h, v, c.diagonal, c.antidiagonal))
        if self._gain(before) < _EARN_DIRECTION:
            self.best = before

    def positive_diagonals(self) -> bool:
        """Take strengths with positive diagonals if they earn their place; return whether.

        Tried is what fits the hidden pixels best with all means as they are.
        """
        before = self.best
        horizontal, vertical, across = self._suggested()
        h, v = (min(max(s, LOWEST), HIGHEST) for s in (horizontal, vertical))
        along = math.sqrt(h * v)
        if across < _LEAST_DIAGONAL * along or not self._may_go_on():
            return False
        d = min(across, along)
        self._try(Coupling(h, v, d, d))
        if self._gain(before) < _EARN_POSITIVE:
            self.best = before
        return self.best is not before

    def negative_diagonals(self) -> None:
        """Take negative diagonals if they earn their place."""
        before = self.best
        c = before.coupling
        along = math.sqrt(c.horizontal * c.vertical)
        for share in _NEGATIVE:
            if not self._may_go_on():
                break
            t = 1 / (1 + share)
            new = Coupling(c.horizontal * t, c.vertical * t, along * t * share, along * t * share)
            if self._try(new).coupling != self.best.coupling:
                break
        if self.best is not before and self._gain(before) < _EARN_NEGATIVE:
            self.best = before

    def _suggested(self) -> tuple[float, float, float]:
        """Return strengths that fit the hidden pixels best, all other pixels as they are."""
        s, c = self.best.sums, self.best.coupling
        columns = 2 * np.stack([s[0], s[1], s[2] + s[3]])
        now = np.array([c.horizontal, c.vertical, c.diagonal])
        # the M-step of a logistic model of each hidden pixel, given its neighbours' means
        h, v, d = fit_weights(columns, self._held_out.evidence, now)
        return float(h), float(v), float(d)

    def _climb(
        self,
        make: Callable[[float], Coupling],
        step: float,
        limits: tuple[float, float],
    ) -> None:
        """Walk along `make` while the score rises, then try the top of a parabola."""
        points = {0.0: self._value(self.best)}
        for way in (step, -step):
            last = points[0.0]
            t = way
            while limits[0] <= t <= limits[1] and self._may_go_on():
                points[t] = self._value(self._try(make(t)))
                if points[t] < last:
                    break
                last = points[t]
                t += way
            if points.get(way, -math.inf) >= points[0.0]:
                break
        top = parabola(points)
        if top is not None and self._may_go_on():
            self._try(make(top))

    def _try(self, coupling: Coupling) -> Prediction:
        prediction = self._held_out.predict(coupling)
        self.curve.append((coupling, prediction.score))
        if len(self.curve) == 1 or self._value(prediction) > self._value(self.best):
            self.best = prediction
        return prediction

    def _may_go_on(self) -> bool:
        return self._held_out.evaluations < _EVALUATIONS

    def _value(self, prediction: Prediction) -> float:
        """Return the score plus the log prior density of the strength."""
        c = prediction.coupling
        typical = math.sqrt(c.horizontal * c.vertical)
        return prediction.score - 0.5 * (math.log(typical / START) / _PRIOR_SD) ** 2

    def _gain(self, before: Prediction) -> float:
        return self._value(self.best) - self._value(before)


def parabola(points: dict[float, float]) -> float | None:
    """Return where a parabola through the best point and its neighbours peaks, or None."""
    places = sorted(points)
    k = max(range(len(places)), key=lambda i: points[places[i]])
    if k in {0, len(places) - 1}:
        return None
    a, b, c = places[k - 1 : k + 2]
    fa, fb, fc = (points[t] for t in (a, b, c))
    above = (b - a) ** 2 * (fb - fc) - (b - c) ** 2 * (fb - fa)
    below = (b - a) * (fb - fc) - (b - c) * (fb - fa)
    if below == 0:
        return None
    top = b - 0.5 * above / below
    return top if abs(top - b) > 0.1 * min(b - a, c - b) else None

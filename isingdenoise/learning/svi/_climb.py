r"""The coupling of all pages: stochastic gradient ascent on their held-out scores.

The prior of a coupling has no conjugate form (its normaliser has none), so that
this part takes stochastic gradients of the mean score of a page, with the mean
curvature so far as the unit of length:

.. math:: c \leftarrow c + \rho_t \, g_B(c) / H, \qquad
          g_B = \frac{1}{|B|} \sum_{m \in B} \nabla s_m(c)

`Plain` takes them as they are, with rates that must fall. `Reduced` (SVRG)
takes :math:`g_B(c) - g_B(\tilde c) + \nabla s(\tilde c)` with a snapshot
:math:`\tilde c` of all pages, whose variance goes to 0 on the way to the
optimum, so that the rate need not fall.

References
----------
Johnson and Zhang, "Accelerating stochastic gradient descent using predictive
variance reduction", NIPS (2013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .._calibration import Floats
from ._looks import Slopes
from ._rates import Rate
from ._vector import ANYWHERE, within

__all__ = ["METHODS", "Climb", "Plain", "Reduced"]

_FLAT = 0.005  # nats a pixel: less curvature is none
_FARTHEST = 0.3  # of a step, in logarithms of strengths
_STEADY = 0.5  # the rate of steps whose variance is reduced


class Climb:
    """Where the ascent is, and how curved the score has been on the way.

    Parameters
    ----------
    strengths : ndarray, shape (3,)
        Coordinates of the coupling to begin with.
    rate : Rate
        How far to go.
    """

    #: Whether all pages are looked at before each epoch.
    snapshots = False

    def __init__(self, strengths: Floats, rate: Rate) -> None:
        self.strengths = within(strengths)
        self._rate = rate
        self._curvature, self._seen = np.zeros(3), 0
        self._squares, self._freedom = np.zeros(3), 0
        #: The length of each step, in logarithms of strengths.
        self.moves: list[float] = []

    def snapshot(self, slopes: Mapping[int, Slopes]) -> None:
        """Take what all pages say at `strengths`."""

    def step(self, pages: Sequence[int], slopes: Sequence[Slopes]) -> None:
        """Move by what a minibatch says."""
        self._note(slopes)
        direction = self.direction(pages, slopes) / self.units
        self._move(self._rate.of(direction) * np.clip(direction, -_FARTHEST, _FARTHEST))

    def direction(self, pages: Sequence[int], slopes: Sequence[Slopes]) -> Floats:
        """Return the estimate of the gradient by a minibatch."""
        del pages
        return np.asarray(np.mean([s.gradient for s in slopes], axis=0))

    @property
    def units(self) -> Floats:
        """The curvature to divide a gradient by."""
        return np.asarray(np.maximum(-self._curvature, _FLAT))

    @property
    def scatter(self) -> Floats | None:
        """How far single pages would go: the deviation of their optima, in one Newton step.

        None where no minibatch had several pages. A score that is flat in a coordinate leaves
        it anywhere in its range, and no further.
        """
        if not self._freedom:
            return None
        far = np.sqrt(self._squares / self._freedom) / self.units
        return np.asarray(np.minimum(far, ANYWHERE))

    def _note(self, slopes: Sequence[Slopes]) -> None:
        gradients = np.array([s.gradient for s in slopes])
        self._squares = self._squares + np.sum((gradients - gradients.mean(axis=0)) ** 2, axis=0)
        self._freedom += len(slopes) - 1
        self._seen += len(slopes)
        total = sum((s.curvature for s in slopes), np.zeros(3)) - len(slopes) * self._curvature
        self._curvature = self._curvature + total / self._seen

    def _move(self, by: Floats) -> None:
        before = self.strengths
        self.strengths = within(before + by)
        self.moves.append(float(np.linalg.norm(self.strengths - before)))


class Plain(Climb):
    """Stochastic gradients as they are."""


class Reduced(Climb):
    """Stochastic gradients of reduced variance."""

    snapshots = True

    def __init__(self, strengths: Floats, rate: Rate) -> None:
        super().__init__(strengths, rate)
        self._there: dict[int, Floats] = {}
        self._mean = np.zeros(3)

    def snapshot(self, slopes: Mapping[int, Slopes]) -> None:
        """Take what all pages say at `strengths`."""
        self._there = {page: s.gradient for page, s in slopes.items()}
        self._mean = np.mean(list(self._there.values()), axis=0)
        self._note(list(slopes.values()))

    def step(self, pages: Sequence[int], slopes: Sequence[Slopes]) -> None:
        """Move by what a minibatch says, beyond what it said in the snapshot."""
        by = self.direction(pages, slopes) / self.units
        self._move(_STEADY * np.clip(by, -_FARTHEST, _FARTHEST))

    def direction(self, pages: Sequence[int], slopes: Sequence[Slopes]) -> Floats:
        """Return the estimate of the gradient by a minibatch."""
        changes = [s.gradient - self._there[p] for p, s in zip(pages, slopes, strict=True)]
        return np.asarray(np.mean(changes, axis=0) + self._mean)


#: Ways to climb by name.
METHODS: dict[str, type[Climb]] = {"plain": Plain, "svrg": Reduced}

"""How far each step goes: rates of stochastic approximation."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .._calibration import Floats

__all__ = ["STEPS", "Adaptive", "Rate", "RobbinsMonro"]


class Rate(Protocol):
    """Says how far to go along a noisy direction."""

    def of(self, direction: Floats) -> float:
        """Return the rate of the next step, in (0, 1]."""


class RobbinsMonro:
    r"""Rates that fall as :math:`\rho_t = (t + 1)^{-0.7}`, t from 0, whatever the directions.

    Their sum diverges and that of their squares does not.

    References
    ----------
    Robbins and Monro, "A stochastic approximation method", Ann. Math. Statist. 22 (1951).
    """

    _POWER = 0.7

    def __init__(self) -> None:
        self._steps = 0

    def of(self, direction: Floats) -> float:
        """Return the rate of the next step."""
        del direction
        self._steps += 1
        return float(self._steps**-self._POWER)


class Adaptive:
    r"""Rates by how much the directions of late agree.

    .. math:: \rho_t = \frac{\bar g^T \bar g}{\bar h}, \qquad
              \bar g \leftarrow (1 - 1/\tau) \bar g + g_t / \tau, \qquad
              \bar h \leftarrow (1 - 1/\tau) \bar h + g_t^T g_t / \tau, \qquad
              \tau \leftarrow \tau (1 - \rho_t) + 1

    The first direction leads the whole way. A rate is at least the share of one step in all
    so far: an average forgets nothing faster than that.

    References
    ----------
    Ranganath, Wang, Blei and Xing, "An adaptive learning rate for stochastic variational
    inference", ICML (2013).
    """

    _WINDOW = 4.0  # steps, at first

    def __init__(self) -> None:
        self._mean: Floats | None = None
        self._square = 0.0
        self._window = self._WINDOW
        self._steps = 0

    def of(self, direction: Floats) -> float:
        """Return the rate of the next step."""
        self._steps += 1
        share, size = 1 / self._window, float(np.sum(direction**2))
        before = np.zeros_like(direction) if self._mean is None else self._mean
        self._mean = (1 - share) * before + share * direction
        self._square = (1 - share) * self._square + share * size
        if self._steps == 1:
            return 1.0
        rate = float(np.sum(self._mean**2)) / self._square if self._square > 0 else 0.0
        rate = min(max(rate, 1 / self._steps), 1.0)
        self._window = self._window * (1 - rate) + 1
        return rate


#: Rules by name.
STEPS: dict[str, type[RobbinsMonro | Adaptive]] = {
    "robbins-monro": RobbinsMonro,
    "adaptive": Adaptive,
}

"""Noise and coupling of many pages of one scanner, by stochastic variational inference."""

from ._state import State
from .learned import Learned, PageFit, Spread
from .learning import learn, learn_stepwise, visits

__all__ = ["Learned", "PageFit", "Spread", "State", "learn", "learn_stepwise", "visits"]

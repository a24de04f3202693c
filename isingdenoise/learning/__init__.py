"""Noise model, noise parameters and coupling from the picture alone."""

from ._calibration import Calibration
from .choice import AUTO, Choice, choose, choose_noise, resolve_noise, surroundings_of
from .estimation import Estimate, estimate
from .fit import LEFT_ALONE, Fit
from .patterns import RARE, flip_rate, keep_patterns

__all__ = [
    "AUTO",
    "LEFT_ALONE",
    "RARE",
    "Calibration",
    "Choice",
    "Estimate",
    "Fit",
    "choose",
    "choose_noise",
    "estimate",
    "flip_rate",
    "keep_patterns",
    "resolve_noise",
    "surroundings_of",
]

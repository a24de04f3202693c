"""Noise model, noise parameters and coupling from the picture alone."""

from ._calibration import Calibration
from .choice import AUTO, Choice, choose, choose_noise, resolve_noise, surroundings_of
from .estimation import Estimate, estimate
from .fit import LEFT_ALONE, Fit
from .light import detect_light
from .patterns import RARE, RARE_IN_GREY, flip_rate, keep_patterns

__all__ = [
    "AUTO",
    "LEFT_ALONE",
    "RARE",
    "RARE_IN_GREY",
    "Calibration",
    "Choice",
    "Estimate",
    "Fit",
    "choose",
    "choose_noise",
    "detect_light",
    "estimate",
    "flip_rate",
    "keep_patterns",
    "resolve_noise",
    "surroundings_of",
]

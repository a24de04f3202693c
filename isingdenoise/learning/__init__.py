"""Noise model, noise parameters and coupling from the picture alone."""

from ._calibration import Calibration
from .choice import AUTO, Choice, choose, choose_noise, resolve_noise
from .estimation import Estimate, estimate
from .evidence import EARN
from .fit import LEFT_ALONE, Fit
from .light import DETECT, LIGHTS, detect_light, divided_by
from .pattern_counts import thresholded
from .patterns import PatternRule, keep_patterns, pattern_rule
from .priors import Weighed, earned, weigh
from .score import held_out_score
from .svi import Learned, learn

__all__ = [
    "AUTO",
    "DETECT",
    "EARN",
    "LEFT_ALONE",
    "LIGHTS",
    "Calibration",
    "Choice",
    "Estimate",
    "Fit",
    "Learned",
    "PatternRule",
    "Weighed",
    "choose",
    "choose_noise",
    "detect_light",
    "divided_by",
    "earned",
    "estimate",
    "held_out_score",
    "keep_patterns",
    "learn",
    "pattern_rule",
    "resolve_noise",
    "thresholded",
    "weigh",
]

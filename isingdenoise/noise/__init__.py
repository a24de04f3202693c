"""Noise models: how a clean pixel becomes a noisy one."""

from ..messages import EstimationWarning, collected, warn
from .base import Meaning, NoiseModel, Tried
from .estimation.guess import NO_NOISE
from .estimation.surroundings import CLEAN, Surroundings, spread_in, undisturbed
from .estimation.threshold import grey_split, levels_about
from .field import field_and_offset, unit_scale
from .models import (
    NOISE_MODELS,
    FlipNoise,
    FlipPerLevelNoise,
    GaussianNoise,
    GaussianPerLevelNoise,
    LaplaceNoise,
    PoissonNoise,
    ProbabilityNoise,
    SaltPepperNoise,
    SpeckleNoise,
)
from .parameters import Parameter, Unit, parameter, parameters_of
from .pixels import grey_values, observed, observed_or_none
from .spec import AUTO, NoiseSpec

__all__ = [
    "AUTO",
    "CLEAN",
    "NOISE_MODELS",
    "NO_NOISE",
    "EstimationWarning",
    "FlipNoise",
    "FlipPerLevelNoise",
    "GaussianNoise",
    "GaussianPerLevelNoise",
    "LaplaceNoise",
    "Meaning",
    "NoiseModel",
    "NoiseSpec",
    "Parameter",
    "PoissonNoise",
    "ProbabilityNoise",
    "SaltPepperNoise",
    "SpeckleNoise",
    "Surroundings",
    "Tried",
    "Unit",
    "collected",
    "field_and_offset",
    "grey_split",
    "grey_values",
    "levels_about",
    "observed",
    "observed_or_none",
    "parameter",
    "parameters_of",
    "spread_in",
    "undisturbed",
    "unit_scale",
    "warn",
]

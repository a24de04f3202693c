"""Noise models: how a clean pixel becomes a noisy one."""

from ..messages import EstimationWarning, collected, warn
from .base import Meaning, NoiseModel, Tried
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
)
from .parameters import Parameter, Unit, parameter, parameters_of
from .pixels import grey_values, observed
from .spec import AUTO, NoiseSpec

__all__ = [
    "AUTO",
    "NOISE_MODELS",
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
    "Tried",
    "Unit",
    "collected",
    "field_and_offset",
    "grey_values",
    "observed",
    "parameter",
    "parameters_of",
    "unit_scale",
    "warn",
]

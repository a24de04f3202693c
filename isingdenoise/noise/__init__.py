"""Noise models: how a clean pixel becomes a noisy one."""

from ._warnings import EstimationWarning, collected, warn
from .base import NoiseModel, field_and_offset, observed, unit_scale
from .flip import FlipNoise
from .flip_per_level import FlipPerLevelNoise
from .gaussian import GaussianNoise
from .gaussian_per_level import GaussianPerLevelNoise
from .laplace import LaplaceNoise
from .poisson import PoissonNoise
from .probability import ProbabilityNoise
from .salt_pepper import SaltPepperNoise

__all__ = [
    "NOISE_MODELS",
    "EstimationWarning",
    "FlipNoise",
    "FlipPerLevelNoise",
    "GaussianNoise",
    "GaussianPerLevelNoise",
    "LaplaceNoise",
    "NoiseModel",
    "PoissonNoise",
    "ProbabilityNoise",
    "SaltPepperNoise",
    "collected",
    "field_and_offset",
    "observed",
    "unit_scale",
    "warn",
]

#: Every noise model by its name on the command line.
NOISE_MODELS: dict[str, type[NoiseModel]] = {
    model.name: model
    for model in (
        GaussianNoise,
        GaussianPerLevelNoise,
        LaplaceNoise,
        FlipNoise,
        FlipPerLevelNoise,
        SaltPepperNoise,
        PoissonNoise,
        ProbabilityNoise,
    )
}

"""Noise models: how a clean pixel becomes a noisy one."""

from .base import EstimationWarning, NoiseModel, field_and_offset, observed, unit_scale
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
    "field_and_offset",
    "observed",
    "unit_scale",
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

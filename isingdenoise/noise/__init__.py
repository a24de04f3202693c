"""Noise models: how a clean pixel becomes a noisy one."""

from .base import EstimationWarning, NoiseModel, field_and_offset, observed, unit_scale
from .flip import FlipNoise
from .gaussian import GaussianNoise

__all__ = [
    "NOISE_MODELS",
    "EstimationWarning",
    "FlipNoise",
    "GaussianNoise",
    "NoiseModel",
    "field_and_offset",
    "observed",
    "unit_scale",
]

#: Every noise model by its name on the command line.
NOISE_MODELS: dict[str, type[NoiseModel]] = {
    model.name: model for model in (GaussianNoise, FlipNoise)
}

"""The noise models, one a file, and the list of them.

A new one is a file here and an entry in `NOISE_MODELS`: what its fields say of
themselves becomes options, help, lists and reports.
"""

from ..base import NoiseModel
from .flip import FlipNoise
from .flip_per_level import FlipPerLevelNoise
from .gaussian import GaussianNoise
from .gaussian_per_level import GaussianPerLevelNoise
from .laplace import LaplaceNoise
from .poisson import PoissonNoise
from .probability import ProbabilityNoise
from .salt_pepper import SaltPepperNoise
from .speckle import SpeckleNoise

__all__ = [
    "NOISE_MODELS",
    "FlipNoise",
    "FlipPerLevelNoise",
    "GaussianNoise",
    "GaussianPerLevelNoise",
    "LaplaceNoise",
    "PoissonNoise",
    "ProbabilityNoise",
    "SaltPepperNoise",
    "SpeckleNoise",
]

#: Every noise model by its name.
NOISE_MODELS: dict[str, type[NoiseModel]] = {
    model.name: model
    for model in (
        GaussianNoise,
        GaussianPerLevelNoise,
        LaplaceNoise,
        FlipNoise,
        FlipPerLevelNoise,
        SaltPepperNoise,
        SpeckleNoise,
        PoissonNoise,
        ProbabilityNoise,
    )
}

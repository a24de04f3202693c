"""Label maps, grey pictures of a few levels and class probabilities, made clean."""

from .coupling import LabelCoupling
from .mixture import fit_levels
from .noise import LABEL_NOISES, ClassProbabilities, FlippedLabels, GaussianLevels, LabelNoise
from .segmenting import Segmentation, memory_to_segment, segment

__all__ = [
    "LABEL_NOISES",
    "ClassProbabilities",
    "FlippedLabels",
    "GaussianLevels",
    "LabelCoupling",
    "LabelNoise",
    "Segmentation",
    "fit_levels",
    "memory_to_segment",
    "segment",
]

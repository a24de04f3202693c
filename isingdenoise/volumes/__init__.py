"""Stacks of pictures: an Ising model with couplings between the planes, and its engines."""

from .between import PlaneCoupling
from .coupling import NEIGHBOURS, VolumeCoupling
from .denoising import VOLUME_ENGINES, denoise_volume, memory_to_denoise_volume
from .gibbs import VolumeGibbs
from .icm import VolumeICM
from .mean_field import VolumeMeanField
from .model import VolumeModel
from .result import VolumeResult
from .solution import VolumeEngine, VolumeSolution

__all__ = [
    "NEIGHBOURS",
    "VOLUME_ENGINES",
    "PlaneCoupling",
    "VolumeCoupling",
    "VolumeEngine",
    "VolumeGibbs",
    "VolumeICM",
    "VolumeMeanField",
    "VolumeModel",
    "VolumeResult",
    "VolumeSolution",
    "denoise_volume",
    "memory_to_denoise_volume",
]

"""Stacks of pictures: an Ising model with couplings between the planes, and its engines."""

from .coupling import NEIGHBOURS, VolumeCoupling
from .gibbs import VolumeGibbs
from .icm import VolumeICM
from .mean_field import VolumeMeanField
from .model import VolumeModel
from .solution import VolumeEngine, VolumeSolution

__all__ = [
    "NEIGHBOURS",
    "VOLUME_ENGINES",
    "VolumeCoupling",
    "VolumeEngine",
    "VolumeGibbs",
    "VolumeICM",
    "VolumeMeanField",
    "VolumeModel",
    "VolumeSolution",
]

#: Every engine by its name on the command line.
VOLUME_ENGINES: dict[str, type[VolumeEngine]] = {
    kind.name: kind for kind in (VolumeMeanField, VolumeICM, VolumeGibbs)
}

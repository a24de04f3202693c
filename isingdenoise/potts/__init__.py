"""More than two levels: a Potts model over label maps, and the engines that solve it."""

from .expansion import AlphaExpansion
from .gibbs import PottsGibbs
from .icm import PottsICM
from .mean_field import PottsMeanField
from .model import MOST_LABELS, PottsModel
from .solution import PottsEngine, PottsSolution

__all__ = [
    "MOST_LABELS",
    "POTTS_ENGINES",
    "AlphaExpansion",
    "PottsEngine",
    "PottsGibbs",
    "PottsICM",
    "PottsMeanField",
    "PottsModel",
    "PottsSolution",
]

#: Every engine by its name on the command line.
POTTS_ENGINES: dict[str, type[PottsEngine]] = {
    kind.name: kind for kind in (PottsMeanField, PottsICM, PottsGibbs, AlphaExpansion)
}

"""Inference engines: what turns a model into a clean picture."""

from ..backends import Backend, backends_here, check_backend, serially
from .alpha import AlphaDivergence
from .amortised import Amortised
from .annealed import AnnealedMeanField
from .base import (
    ENGINE_PARTS,
    Engine,
    Traits,
    in_sweeps,
    objection_to,
    on_backend,
    on_threads,
    pull_under,
    threads_of,
)
from .belief import BeliefPropagation
from .black_box import BlackBox
from .boltzmann import Boltzmann
from .exact import Exact
from .gibbs import Gibbs
from .graph_cut import GraphCut
from .icm import ICM
from .mean_field import MeanField
from .mixture import MixtureMeanField
from .perfect import PerfectSampler
from .priors import AUTO_PRIOR, PRIORS, engines_under
from .renyi import renyi_bound
from .reweighted import TreeReweighted
from .roof_dual import RoofDual
from .simulated_annealing import SimulatedAnnealing
from .solution import MEASURES, Advice, Callback, Solution, Status, Step, Trace, Work
from .structured import StructuredMeanField
from .swendsen_wang import SwendsenWang
from .transfer_matrix import TransferMatrix

__all__ = [
    "AUTO_PRIOR",
    "DEFAULT_ENGINE",
    "ENGINES",
    "ENGINE_PARTS",
    "ICM",
    "MEASURES",
    "PRIORS",
    "Advice",
    "AlphaDivergence",
    "Amortised",
    "AnnealedMeanField",
    "Backend",
    "BeliefPropagation",
    "BlackBox",
    "Boltzmann",
    "Callback",
    "Engine",
    "Exact",
    "Gibbs",
    "GraphCut",
    "MeanField",
    "MixtureMeanField",
    "PerfectSampler",
    "RoofDual",
    "SimulatedAnnealing",
    "Solution",
    "Status",
    "Step",
    "StructuredMeanField",
    "SwendsenWang",
    "Trace",
    "Traits",
    "TransferMatrix",
    "TreeReweighted",
    "Work",
    "backends_here",
    "check_backend",
    "engines_under",
    "having",
    "in_sweeps",
    "objection_to",
    "on_backend",
    "on_threads",
    "pull_under",
    "renyi_bound",
    "serially",
    "threads_of",
]

#: Every engine by its name on the command line. Whoever adds one, at any time, has added
#: it everywhere: nobody keeps a list of their own.
_KINDS: tuple[type[Engine], ...] = (
    MeanField,
    ICM,
    Gibbs,
    StructuredMeanField,
    BeliefPropagation,
    TreeReweighted,
    AlphaDivergence,
    MixtureMeanField,
    AnnealedMeanField,
    SimulatedAnnealing,
    SwendsenWang,
    PerfectSampler,
    BlackBox,
    GraphCut,
    RoofDual,
    Exact,
    Amortised,
    Boltzmann,
)
ENGINES: dict[str, type[Engine]] = {engine.name: engine for engine in _KINDS}

#: The engine of those who name none.
DEFAULT_ENGINE: str = MeanField.name


def having(trait: str) -> list[str]:
    """Return the names of the engines with a trait."""
    return [name for name, engine in ENGINES.items() if getattr(engine.traits, trait)]

"""Inference engines: what turns a model into a clean picture."""

from ..backends import serially
from .base import ENGINE_PARTS, Engine, Traits, objection_to, on_threads, threads_of
from .exact import Exact
from .gibbs import Gibbs
from .graph_cut import GraphCut
from .icm import ICM
from .mean_field import MeanField
from .roof_dual import RoofDual
from .solution import MEASURES, Advice, Callback, Solution, Status, Step, Trace, Work
from .transfer_matrix import TransferMatrix

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "ENGINE_PARTS",
    "ICM",
    "MEASURES",
    "Advice",
    "Callback",
    "Engine",
    "Exact",
    "Gibbs",
    "GraphCut",
    "MeanField",
    "RoofDual",
    "Solution",
    "Status",
    "Step",
    "Trace",
    "Traits",
    "TransferMatrix",
    "Work",
    "having",
    "objection_to",
    "on_threads",
    "serially",
    "threads_of",
]

#: Every engine by its name on the command line. Whoever adds one, at any time, has added
#: it everywhere: nobody keeps a list of their own.
ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (MeanField, ICM, Gibbs, Exact, GraphCut, RoofDual)
}

#: The engine of those who name none.
DEFAULT_ENGINE: str = MeanField.name


def having(trait: str) -> list[str]:
    """Return the names of the engines with a trait."""
    return [name for name, engine in ENGINES.items() if getattr(engine.traits, trait)]

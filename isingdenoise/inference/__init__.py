"""Inference engines: what turns a model into a clean picture."""

from ..backends import serially
from .annealed import AnnealedMeanField
from .base import ENGINE_PARTS, Engine, Traits, objection_to, on_threads, threads_of
from .gibbs import Gibbs
from .icm import ICM
from .mean_field import MeanField
from .mixture import MixtureMeanField
from .perfect import PerfectSampler
from .simulated_annealing import SimulatedAnnealing
from .solution import MEASURES, Advice, Callback, Solution, Status, Step, Trace, Work
from .swendsen_wang import SwendsenWang

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "ENGINE_PARTS",
    "ICM",
    "MEASURES",
    "Advice",
    "AnnealedMeanField",
    "Callback",
    "Engine",
    "Gibbs",
    "MeanField",
    "MixtureMeanField",
    "PerfectSampler",
    "SimulatedAnnealing",
    "Solution",
    "Status",
    "Step",
    "SwendsenWang",
    "Trace",
    "Traits",
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
    engine.name: engine
    for engine in (
        MeanField,
        ICM,
        Gibbs,
        SwendsenWang,
        PerfectSampler,
        AnnealedMeanField,
        SimulatedAnnealing,
        MixtureMeanField,
    )
}

#: The engine of those who name none.
DEFAULT_ENGINE: str = MeanField.name


def having(trait: str) -> list[str]:
    """Return the names of the engines with a trait."""
    return [name for name, engine in ENGINES.items() if getattr(engine.traits, trait)]

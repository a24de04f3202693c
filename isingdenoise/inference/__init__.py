"""Inference engines: what turns a model into a clean picture."""

from collections.abc import Iterator
from contextlib import contextmanager

from .base import Callback, Engine, Solution, Status, Step, Trace
from .gibbs import Gibbs
from .icm import ICM
from .mean_field import MeanField

__all__ = [
    "ENGINES",
    "ICM",
    "Callback",
    "Engine",
    "Gibbs",
    "MeanField",
    "Solution",
    "Status",
    "Step",
    "Trace",
    "serially",
]

#: Every engine by its name on the command line.
ENGINES: dict[str, type[Engine]] = {engine.name: engine for engine in (MeanField, ICM, Gibbs)}


@contextmanager
def serially() -> Iterator[None]:
    """Keep to serial kernels in this thread: for work that is itself one of several threads."""
    from .._kernels import _jit  # loads numba

    with _jit.serially():
        yield

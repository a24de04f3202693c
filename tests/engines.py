"""Engines for tests of what all of them share: with settings that end soon."""

from isingdenoise import ENGINES, Gibbs, MeanField
from isingdenoise.inference import on_threads

#: Where the engine's own idea of a quick solve is too coarse for what is tested.
_FINER = {"mf": MeanField(tol=1e-6), "gibbs": Gibbs(burn_in=2, sweeps=10)}


def few(name):
    """Return an engine that ends soon on a small picture."""
    return _FINER.get(name) or ENGINES[name]().quick()


def serial_and_parallel(engine):
    """Return the engine with and without threads; twice the same where it knows none."""
    return on_threads(engine, False), on_threads(engine, True)

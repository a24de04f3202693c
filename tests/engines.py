"""Engines for tests of what all of them share: with settings that end soon."""

from dataclasses import fields, replace

from isingdenoise import ENGINES, MeanField
from isingdenoise.inference import on_threads

#: Where the engine's own idea of a quick solve is too coarse for what is tested.
_FINER = {"mf": MeanField(tol=1e-6)}
#: Enough for chains to be told apart.
_CHAINS = {"burn_in": 2, "sweeps": 10}


def few(name):
    """Return an engine that ends soon on a small picture."""
    quick = ENGINES[name]().quick()
    if set(_CHAINS) <= {setting.name for setting in fields(quick)}:
        return replace(quick, **_CHAINS)
    return _FINER.get(name, quick)


def serial_and_parallel(engine):
    """Return the engine with and without threads; twice the same where it knows none."""
    return on_threads(engine, False), on_threads(engine, True)

"""Engines for tests of what all of them share: with settings that end soon."""

from dataclasses import fields, replace

from isingdenoise import ENGINES
from isingdenoise.inference import on_threads


def few(name):
    """Return an engine that ends soon on a small picture, at rest or with a few sweeps kept."""
    engine = ENGINES[name]().quick()
    known = {setting.name for setting in fields(engine)}
    finer = {"tol": 1e-6} if engine.traits.factorised and not engine.traits.stochastic else {}
    if {"burn_in", "sweeps"} <= known:
        finer = {"burn_in": 2, "sweeps": 10}
    return replace(engine, **finer)


def having(setting):
    """Return the names of the engines with a setting."""
    kinds = ENGINES.items()
    return [name for name, kind in kinds if setting in {known.name for known in fields(kind)}]


def serial_and_parallel(engine):
    """Return the engine with and without threads; twice the same where it knows none."""
    return on_threads(engine, False), on_threads(engine, True)

"""Compiling the kernels ahead of their first use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from . import backends
from .coupling import Coupling
from .inference import ENGINES, Engine, objection_to, on_threads, threads_of
from .model import IsingModel

#: Sides of the models that kernels are compiled on: the second for engines that refuse the first.
_SIDES = (32, 12)

__all__ = ["compile_for", "kernel_folder", "kernels_are_cached", "warm_up"]


def kernel_folder() -> Path | None:
    """Return the folder that compiled kernels are kept in.

    Returns
    -------
    pathlib.Path or None
        None where no folder can be written to or trusted: every run then compiles.
    """
    return backends.kernel_folder()


def kernels_are_cached() -> bool:
    """Return whether compiled kernels of this version are kept on this machine.

    Returns
    -------
    bool
        False on the first run after an installation or an update, and where no
        folder can be written to or trusted.
    """
    folder = kernel_folder()
    return folder is not None and any(folder.glob("**/*.nbc"))


def compile_for(engine: Engine, coupling: Coupling, sites: int) -> None:
    """Compile (or load) the kernels that `engine` will use.

    Parameters
    ----------
    engine : Engine
        With its settings.
    coupling : Coupling
        Four neighbours and eight have kernels of their own.
    sites : int
        Size of the picture to come: large ones are solved on threads.
    """
    wanted = threads_of(engine)
    parallel = backends.threads_for(sites) if wanted is None else wanted
    solver = on_threads(engine.quick(), parallel)
    for side in _SIDES:
        model = _busy(coupling, side)
        if objection_to(engine, model) is None:
            solver.solve(model, rng=0)
            break
    # weak strengths may have kernels of their own
    weak = None if coupling.shape is not None else IsingModel(model.field, coupling)
    if weak is not None and objection_to(engine, weak) is None:
        solver.solve(weak, rng=0)


def warm_up() -> Iterator[tuple[str, float]]:
    """Compile all kernels, one engine after another.

    Yields
    ------
    name : str
        What has been compiled.
    seconds : float
        How long it took.
    """
    for name, kind in ENGINES.items():
        engine = kind()
        for coupling in (Coupling.nearest(0.1), Coupling.eight(0.1)):
            for parallel, how in ((False, ", serial"), (True, ", parallel")):
                solver = on_threads(engine, parallel)
                alone = solver is engine  # it knows no threads
                if alone and parallel:
                    continue
                started = time.perf_counter()
                compile_for(solver, coupling, 0)
                seconds = time.perf_counter() - started
                yield f"{name}, {coupling.neighbours} neighbours{'' if alone else how}", seconds


def _busy(coupling: Coupling, side: int) -> IsingModel:
    """Return a small model of the same kind, on which every part of an engine has work to do.

    All pixels are certain but two, on which the others pull as much as their own
    fields do: left to themselves, with a strength of 1 between them, they come to
    rest slowly (mu = tanh(mu)). An engine that goes on with what still moves
    gets to that part.
    """
    strong = Coupling.nearest(1.0) if coupling.neighbours == 4 else Coupling.eight(1.0)
    if coupling.shape is not None:  # every edge has a strength of its own
        strong = Coupling.contrast(np.zeros((side, side)), strong, 0.0)
    y, pair = side // 2, slice(side // 2, side // 2 + 2)
    others, field = np.ones((side, side)), np.full((side, side), 30.0)
    others[y, pair] = field[y, pair] = 0
    field[y, pair] = -IsingModel(field, strong).local_field(others)[y, pair]
    return IsingModel(field, strong)

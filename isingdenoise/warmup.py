"""Compiling the kernels ahead of their first use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from .coupling import Coupling
from .inference import ENGINES, Engine
from .model import IsingModel

__all__ = ["compile_for", "kernel_folder", "kernels_are_cached", "warm_up"]


def kernel_folder() -> Path | None:
    """Return the folder that compiled kernels are kept in.

    Returns
    -------
    pathlib.Path or None
        None where no folder can be written to: every run then compiles.
    """
    from ._kernels._cache import cache_directory

    return cache_directory()


def kernels_are_cached() -> bool:
    """Return whether compiled kernels of this version are kept on this machine.

    Returns
    -------
    bool
        False on the first run after an installation or an update, and where no
        folder can be written to.
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
    from ._kernels._jit import PARALLEL_SITES

    parallel = sites >= PARALLEL_SITES if engine.parallel is None else engine.parallel
    settings: Any = engine
    known = {field.name for field in fields(settings)}
    short = dict.fromkeys(known & {"max_sweeps", "sweeps", "burn_in"}, 1)
    small = IsingModel(np.zeros((8, 8), np.float32), coupling)
    replace(settings, parallel=parallel, **short).solve(small, rng=0)


def warm_up() -> Iterator[tuple[str, float]]:
    """Compile all kernels, one engine after another.

    Yields
    ------
    name : str
        What has been compiled.
    seconds : float
        How long it took.
    """
    for name, engine in ENGINES.items():
        for coupling in (Coupling.nearest(0.1), Coupling.eight(0.1)):
            for parallel in (False, True):
                settings: Any = engine()
                started = time.perf_counter()
                compile_for(replace(settings, parallel=parallel), coupling, 0)
                seconds = time.perf_counter() - started
                kind = "parallel" if parallel else "serial"
                yield f"{name}, {coupling.neighbours} neighbours, {kind}", seconds

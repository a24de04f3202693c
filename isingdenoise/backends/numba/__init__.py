"""The backend on numba: lattices whose methods run compiled kernels."""

from ..._kernels._jit import lease
from ...model import IsingModel
from .lattice import Lattice, Planes
from .work_list import WorkList

__all__ = ["Lattice", "Planes", "WorkList", "lattice_of", "lease"]


def lattice_of(model: IsingModel, parallel: bool) -> Lattice:
    """Return the lattice for the kind of coupling that a model has."""
    if model.coupling.shape is None:
        return Lattice(model, parallel)
    from .edges import EdgeLattice  # its kernels load when they are needed

    return EdgeLattice(model, parallel)

"""The backend on numba: lattices whose methods run compiled kernels."""

from ..._kernels._jit import lease
from .lattice import Lattice, Planes, lattice_of
from .work_list import WorkList

__all__ = ["Lattice", "Planes", "WorkList", "lattice_of", "lease"]

"""Whether a card answers a small problem as the CPU does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...coupling import Coupling
from ...model import IsingModel
from ..numba import Lattice, lattice_of
from .lattice import CudaEdgeLattice, CudaLattice

if TYPE_CHECKING:
    from .. import Work

#: What fixed points may differ by; sums of float32 in another order come to a thousandth of it.
TOLERANCE = 1e-4
_SHAPE = (37, 41)
_SWEEPS = 3


def agrees(coupling: Coupling, work: Work) -> bool:
    """Tell whether a card answers a small problem as the CPU does.

    Parameters
    ----------
    coupling : Coupling
        The problem's is of the same kind: neighbours, and whether each edge has a strength.
    work : {"means", "modes", "draws"}
        Which kernels are compared: no others are compiled for it.
    """
    rng = np.random.default_rng(0)
    field = rng.normal(size=_SHAPE).astype(np.float32)
    strength = Coupling.nearest(0.4) if coupling.neighbours == 4 else Coupling.eight(0.4)
    if coupling.shape is not None:
        strength = Coupling.contrast(field, strength, 0.5)
    model = IsingModel(field, strength)
    uniform = coupling.shape is None
    there = (CudaLattice if uniform else CudaEdgeLattice)(model, 4, 2)
    here = lattice_of(model, False)
    answer = {"means": _means, "modes": _modes, "draws": _draws}[work]
    for one, other in zip(answer(here), answer(there), strict=True):
        scale = max(1.0, float(np.abs(one).max()))
        if not float(np.abs(one - other).max()) <= TOLERANCE * scale:  # NaN, too, is none
            return False
    return True


def _means(lattice: Lattice) -> list[NDArray[np.float64]]:
    """Return means after some sweeps, their residual and their bound."""
    mean = lattice.pack(np.tanh(lattice.model.field), -1, 1)
    rows, moving = lattice.rows(np.float32), lattice.rows(np.int32)
    for weight in (1.0,) * _SWEEPS + (0.0,):
        lattice.mean_field_sweep(mean, mean, weight, 1e-3, rows, moving)
    found = [float(rows.max()), lattice.elbo(mean)]
    if lattice.uniform:
        found += [lattice.look(mean, rows), float(rows.max())]
    return [np.asarray(lattice.unpack(mean), np.float64), np.array(found)]


def _modes(lattice: Lattice) -> list[NDArray[np.float64]]:
    """Return labels after some sweeps of ICM, flips and energies."""
    labels = lattice.packed_signs(lattice.model.field)
    told = [lattice.icm_sweep(labels) for _ in range(_SWEEPS)]
    energy = lattice.energy(labels)
    return [np.asarray(lattice.unpack(labels), np.float64), np.array(told), np.array([energy])]


def _draws(lattice: Lattice) -> list[NDArray[np.float64]]:
    """Return labels and means of some draws from one seed."""
    labels, total = lattice.packed_signs(lattice.model.field), lattice.allocate(np.float32)
    for sweep in range(_SWEEPS):
        lattice.gibbs_sweep(labels, total, 1.0, (sweep, 0), (np.uint32(1), np.uint32(2)))
    found = lattice.unpack(labels), lattice.unpack(total)
    return [np.asarray(one, np.float64) for one in found]

"""The lattice of a model whose edges have strengths of their own."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..._kernels import per_edge
from .lattice import Kernels, Lattice, Planes


class EdgeLattice(Lattice):
    """As `Lattice`; `coupling` holds the packed strengths, (directions, 4, h, w)."""

    uniform: ClassVar[bool] = False
    kernels: ClassVar[Kernels] = Kernels(
        per_edge.mean_field_sweep, per_edge.icm_sweep, per_edge.gibbs_sweep, per_edge.objective
    )

    def strengths(self) -> tuple[Any, Any]:
        """Return packed strengths, and True where there are diagonals, else None."""
        planes = self.model.coupling.planes
        edges = np.zeros((len(planes), *self.allocate(np.float32).shape), np.float32)
        for (_, strength), out in zip(planes, edges, strict=True):
            self.pack(np.asarray(strength), out=out)
        return edges, True if len(planes) > 2 else None

    def temper_strengths(self, factor: np.float32) -> None:
        """Set the strengths to those of the model times `factor`."""
        for (_, strength), out in zip(self.model.coupling.planes, self.coupling, strict=True):
            self.pack(np.asarray(strength), out=out)
        self.coupling *= factor

    def strengths_by_direction(self) -> NDArray[Any]:
        """Return the packed strengths."""
        strengths: NDArray[Any] = self.coupling
        return strengths

    def answer(self, mean: Planes) -> tuple[NDArray[np.int8], NDArray[np.float32], float]:
        """Return labels, means and the labels' energy, and give up the packed field."""
        signs = self.signs(mean)
        energy = self.energy(signs)
        self.drop_field()
        labels = self.unpack(signs)
        del signs
        return labels, self.unpack(mean), energy

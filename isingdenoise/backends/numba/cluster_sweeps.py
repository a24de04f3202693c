"""Cluster updates of one model: what they need beside the lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._kernels import clusters

if TYPE_CHECKING:
    from .lattice import Lattice, Planes


class ClusterSweeps:
    """Room for the clusters of one chain after another."""

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self.strengths = lattice.strengths_by_direction()
        if lattice.uniform:  # of single edges they are worked out as they are met
            size = -np.expm1(-2 * np.abs(self.strengths))
            self.strengths = np.copysign(size, self.strengths)
        sites = lattice.field.size
        self.parent = np.empty(sites, np.uint32 if sites < 1 << 32 else np.uint64)
        self.pull = np.empty(sites, np.float64)
        self.keeps = np.empty(sites, np.int8)

    def sweep(
        self,
        labels: Planes,
        total: Planes,
        keep: bool,
        counter: tuple[int, int],
        key: tuple[np.uint32, np.uint32],
    ) -> None:
        """Draw bonds, and then every cluster; the arguments are those of `gibbs_sweep`."""
        numbers = np.uint32(counter[0]), np.uint32(counter[1])
        shape = self.lattice.shape
        clusters.bond(labels, shape, self.strengths, self.parent, numbers, key)
        clusters.turn(
            labels, total, self.lattice.field, shape, self.parent, self.pull, self.keeps,
            np.float32(keep), numbers, key,
        )  # fmt: skip

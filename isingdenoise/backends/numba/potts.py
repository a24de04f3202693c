"""A Potts model on the packed lattice: what its engines call, and which kernels that runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._kernels import lattice as planes
from ..._kernels import potts, potts_labels, potts_rows
from ..._kernels._jit import KernelPair
from ...coupling import Coupling

Planes = NDArray[Any]

#: The largest sum_j J_ij for which fields need no maximum: exp(-2 * 40) is far from underflow.
_TAME = 40.0

#: Bytes that one thread can count on in its cache, and the rows in it beside those of stages.
_CACHE = 1 << 20
_HELD = 2
_MOST_SWEEPS = 4


class PottsLattice:
    """Log likelihoods and couplings of a Potts model as the kernels take them.

    Parameters
    ----------
    unary : ndarray, shape (K, H, W), float32
        Log likelihoods, the largest of each site 0.
    coupling : Coupling
        One strength for each direction.
    parallel : bool
        Whether kernels run on threads.
    """

    def __init__(self, unary: NDArray[np.float32], coupling: Coupling, parallel: bool) -> None:
        self.count = len(unary)
        self.shape = (unary.shape[1], unary.shape[2])
        self.sites = unary[0].size
        self.parallel = parallel
        along = (np.float32(coupling.horizontal), np.float32(coupling.vertical))
        across = (np.float32(coupling.diagonal), np.float32(coupling.antidiagonal))
        self.strengths = along, across if coupling.neighbours == 8 else None
        # with no negative strength one field is at least 0, and none beyond this
        tame = min(*along, *across) >= 0 and coupling.pull <= _TAME
        self.shift = np.float32(coupling.pull) if tame else None
        self.unary = self.pack(unary)
        self.room, self.uniforms = potts_rows.scratch(self.count, self.shape[1])
        height = self.unary.shape[1]
        self._residual = np.zeros((4, height), np.float32)
        self._flips, self._drop = np.zeros((4, height), np.int64), np.zeros((4, height))

    def run(self, kernel: KernelPair, *args: Any) -> None:
        """Call one of a kernel pair."""
        kernel(*args, parallel=self.parallel)

    def pack(self, stack: NDArray[np.float32]) -> Planes:
        """Copy an array (K, H, W) into planes (4 K, h, w)."""
        height, width = self.shape
        packed = np.zeros((4 * len(stack), (height + 1) // 2 + 2, (width + 1) // 2 + 2), np.float32)
        strange = np.zeros(packed.shape[1], np.int64)
        ends = np.float32(-np.inf), np.float32(np.inf)
        for k, image in enumerate(stack):
            flat = np.ascontiguousarray(image).view()
            flat.flags.writeable = False  # as every field is: the kernel is compiled once
            self.run(planes.pack, flat, *ends, packed[4 * k : 4 * k + 4], strange)
        return packed

    def unpack(self, packed: Planes) -> NDArray[np.float32]:
        """Copy planes (4 K, h, w) into a fresh array (K, H, W)."""
        stack = np.empty((len(packed) // 4, *self.shape), packed.dtype)
        for k, image in enumerate(stack):
            self.run(planes.unpack, packed[4 * k : 4 * k + 4], image)
        return stack

    def allocate(self) -> Planes:
        """Return zeroed planes of float32 for every label."""
        return np.zeros_like(self.unary)

    def pack_labels(self, labels: NDArray[np.int8]) -> Planes:
        """Copy labels (H, W) into four planes with a border of -1."""
        packed: Planes = planes.allocate(self.shape, np.int8)
        packed[...] = -1
        for q in range(4):
            part = labels[q >> 1 :: 2, q & 1 :: 2]
            packed[q, 1 : 1 + part.shape[0], 1 : 1 + part.shape[1]] = part
        return packed

    def unpack_labels(self, packed: Planes) -> NDArray[np.int8]:
        """Copy four planes of labels into a fresh array (H, W)."""
        labels = np.empty(self.shape, np.int8)
        self.run(planes.unpack, packed, labels)
        return labels

    def mean_field(self, new: Planes, mean: Planes, weight: float) -> float:
        """Move every site of `new` towards its softmax; return the largest step met.

        With `new` and `mean` the same array it is a checkerboard sweep.
        """
        self.run(
            potts.mean_field, new, mean, self.unary, self.room, self.shape,
            *self.strengths, np.float32(weight), self.shift, self._residual,
        )  # fmt: skip
        return float(self._residual.max())

    def mean_field_blocks(self, mean: Planes, weight: float, count: int) -> float:
        """Do `count` checkerboard sweeps while rows are in cache; return the last one's step."""
        self.run(
            potts.blocked_sweeps, mean, self.unary, self.room, self.shape,
            *self.strengths, np.float32(weight), self.shift, self._residual, count,
        )  # fmt: skip
        return float(self._residual.max())

    @property
    def together(self) -> int:
        """How many sweeps to do at once: 1 where all is in cache, else 2 to 4, by the rows' length.

        More than four might be far too many.
        """
        row = 2 * self.unary.itemsize * self.unary.shape[0] * self.unary.shape[2]
        if row * self.unary.shape[1] <= _CACHE:
            return 1
        stages = _CACHE // row - _HELD
        return int(min(max(stages // (2 if self.strengths[1] is None else 4), 2), _MOST_SWEEPS))

    def bound(self, mean: Planes) -> float:
        """Return the evidence lower bound of packed probabilities, less what is constant."""
        rows = np.zeros(mean.shape[:2])
        self.run(potts.bound, mean, self.unary, self.shape, *self.strengths, rows)
        return float(rows.sum())

    def modes(self, labels: Planes) -> tuple[int, float]:
        """Set every label to the mode of its conditional; return changes and energy given up."""
        self.run(
            potts_labels.modes, labels, self.unary, self.room, self.shape,
            *self.strengths, self._flips, self._drop,
        )  # fmt: skip
        return int(self._flips.sum()), float(self._drop.sum())

    def gibbs(
        self,
        labels: Planes,
        total: Planes,
        keep: bool,
        counter: tuple[int, int],
        key: tuple[np.uint32, np.uint32],
    ) -> None:
        """Draw every label from its conditional, whose probabilities are added where `keep` holds.

        Parameters
        ----------
        labels, total : ndarray
            Packed labels, and planes that probabilities are summed in.
        keep : bool
            Whether this sweep counts.
        counter : tuple of int
            Sweep and chain.
        key : tuple of uint32
            The seed.
        """
        numbers = np.uint32(counter[0]), np.uint32(counter[1])
        self.run(
            potts_labels.gibbs, labels, total, self.unary, self.room, self.uniforms, self.shape,
            *self.strengths, np.float32(keep), self.shift, numbers, key,
        )  # fmt: skip

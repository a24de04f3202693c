"""A volume on the packed lattice: what its engines call, and which kernels that runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..._kernels import lattice as planes
from ..._kernels import volume, volume_labels, volume_mean_field
from ..._kernels._jit import KernelPair
from ...coupling import Coupling
from ...errors import ParameterError
from .volume_list import VolumeList

Planes = NDArray[Any]

#: Bytes of means and fields that stay in the cache that all cores share.
_CACHE = 28 << 20
_MOST_SWEEPS = 4
#: Parts of the volume that are swept at once, more than there are cores: the slow ones wait less.
_SLABS = 8
#: Planes in cache beside those of the stages.
_HELD = 2

#: Which entries of a 3 x 3 table by (dy + 1, dx + 1) are the edges and the corners of a kernel.
_EDGES = ((1, 2), (1, 0), (2, 1), (0, 1))
_CORNERS = ((2, 2), (2, 0), (0, 2), (0, 0))

Table = Sequence[Sequence[float]]


class VolumeLattice:
    """Field and couplings of a volume as the kernels take them.

    Parameters
    ----------
    field : ndarray, shape (D, H, W), float32
        The field.
    plane : Coupling
        Strengths within a plane.
    between : sequence, shape (3, 3)
        At [dy + 1][dx + 1] the strength between (z, y, x) and (z + 1, y + dy, x + dx).
    parallel : bool
        Whether kernels run on threads.
    """

    def __init__(
        self, field: NDArray[np.float32], plane: Coupling, between: Table, parallel: bool
    ) -> None:
        self._given = field
        self.parallel = parallel
        depth, height, width = field.shape
        self.shape = (depth, height, width)
        self.sites = field.size
        f4 = np.float32
        along = (f4(plane.horizontal), f4(plane.vertical), f4(between[1][1]))
        edges = tuple(f4(between[a][b]) for a, b in _EDGES)
        corners = tuple(f4(between[a][b]) for a, b in _CORNERS)
        oblique = any(edges) or any(corners)
        across = (f4(plane.diagonal), f4(plane.antidiagonal))
        self.strengths = (
            along,
            across if plane.neighbours == 8 or oblique else None,
            edges if oblique else None,
            corners if any(corners) else None,
        )
        #: planes that are not coupled are swept as pictures are
        self.shift = int(along[2] != 0 or oblique)
        self.phases = 8 if oblique else 2 if self.strengths[1] is None else 4

    @cached_property
    def field(self) -> Planes:
        """The packed field, made on first use."""
        return self.pack(self._given)

    def load_field(self) -> None:
        """Pack the field now, so that no round is charged for it."""
        self.field  # noqa: B018

    def drop_field(self) -> None:
        """Give the packed field's memory back; it is made again where it is needed."""
        self.__dict__.pop("field", None)

    @property
    def parameters(self) -> tuple[Any, ...]:
        """Field, shape, the strengths, and whether planes are coupled: what sweeps take."""
        return self.field, self.shape, *self.strengths, self.shift

    def run(self, kernel: KernelPair, *args: Any) -> None:
        """Call one of a kernel pair."""
        kernel(*args, parallel=self.parallel)

    def pack(
        self, stack: Iterable[NDArray[Any]], low: float = -np.inf, high: float = np.inf
    ) -> Planes:
        """Copy planes (H, W) of float32 into fresh packed ones (D + 2, 4, h, w).

        Parameters
        ----------
        stack : ndarray, shape (D, H, W), or iterable of ndarray, shape (H, W), float32
            What to copy; planes need not be contiguous.
        low, high : float
            What it is clipped to.

        Raises
        ------
        ParameterError
            It holds NaN.
        """
        packed = self._empty(np.float32)
        if isinstance(stack, np.ndarray) and stack.flags.c_contiguous:
            whole = stack.view()
            whole.flags.writeable = False  # as every field is: the kernel is compiled once
            each = np.zeros((self.shape[0], packed.shape[2]), np.int64)
            self.run(volume.pack, whole, np.float32(low), np.float32(high), packed, each)
            self._refuse(each)
            return packed
        strange = np.zeros(packed.shape[2], np.int64)
        for z, plane in enumerate(stack, 1):
            self._pack(plane, low, high, packed[z], strange)
        return packed

    def _pack(
        self, plane: NDArray[Any], low: float, high: float, packed: Planes, strange: NDArray[Any]
    ) -> None:
        image = np.ascontiguousarray(plane).view()
        image.flags.writeable = False  # as every field is: the kernel is compiled once
        self.run(planes.pack, image, np.float32(low), np.float32(high), packed, strange)
        self._refuse(strange)

    @staticmethod
    def _refuse(strange: NDArray[Any]) -> None:
        if strange.any():
            raise ParameterError("init", "holds NaN; start an unknown voxel at 0")

    def alone(self) -> Planes:
        """Return packed means tanh(h), of voxels as if nothing were coupled."""
        mean = np.empty_like(self.field)
        self.run(volume.alone, self.field, mean)
        return mean

    def pack_signs(self, stack: Iterable[NDArray[Any]]) -> Planes:
        """Return packed labels, the signs of planes (H, W) of float32; 0 is read as +1."""
        labels = self.allocate(np.int8)
        packed: Planes = planes.allocate(self.shape[1:], np.float32)
        strange = np.zeros(packed.shape[1], np.int64)
        for z, plane in enumerate(stack, 1):
            self._pack(plane, -1, 1, packed, strange)
            self.run(planes.signs, packed, self.shape[1:], labels[z])
        return labels

    def _empty(self, dtype: DTypeLike) -> Planes:
        """Return planes for `pack` to fill, with the parts of the border that it leaves."""
        depth, height, width = self.shape
        packed = np.empty((depth + 2, 4, (height + 1) // 2 + 2, (width + 1) // 2 + 2), dtype)
        packed[0] = packed[-1] = 0
        packed[:, :, 0] = packed[:, :, -1] = 0
        return packed

    def allocate(self, dtype: DTypeLike) -> Planes:
        """Return zeroed planes."""
        depth, height, width = self.shape
        return np.zeros((depth + 2, 4, (height + 1) // 2 + 2, (width + 1) // 2 + 2), dtype)

    def unpack(self, packed: Planes) -> NDArray[Any]:
        """Copy planes into a fresh array (D, H, W)."""
        stack = np.empty(self.shape, packed.dtype)
        self.run(volume.unpack, packed, stack)
        return stack

    def signs(self, mean: Planes) -> Planes:
        """Return packed labels: the sign of each packed mean, 0 read as +1."""
        labels = self.allocate(np.int8)
        self.run(volume.signs, mean, self.shape, labels)
        return labels

    def rows(self, dtype: DTypeLike) -> Planes:
        """Return a zeroed array with one number for each packed row."""
        return np.zeros((self.shape[0] + 2, 4, (self.shape[1] + 1) // 2 + 2), dtype)

    def energy(self, labels: Planes) -> float:
        """Return the energy of packed labels."""
        return -self._objective(labels, None)

    def elbo(self, mean: Planes) -> float:
        """Return the evidence lower bound of packed means, less the model's offset."""
        return self._objective(mean, True)

    def _objective(self, spins: Planes, entropies: bool | None) -> float:
        rows = self.rows(np.float64)
        self.run(volume.objective, spins, self.field, self.shape, *self.strengths, entropies, rows)
        return float(rows.sum())

    def answer(self, mean: Planes) -> tuple[NDArray[np.int8], NDArray[np.float32], float]:
        """Return labels, means and the labels' energy, and give up the packed field."""
        signs = self.signs(mean)
        energy = self.energy(signs)
        self.drop_field()
        labels = self.unpack(signs)
        del signs
        return labels, self.unpack(mean), energy

    @cached_property
    def residuals(self) -> Planes:
        """Room for the largest step of each row."""
        return self.rows(np.float32)

    def mean_field(self, new: Planes, old: Planes, weight: float) -> float:
        """Move every voxel of `new` towards tanh(a), the neighbours taken from `old`.

        With both the same array it is a sweep of coordinate ascent, and weight 0 changes nothing.
        The largest |tanh(a) - mean| that was met is returned.
        """
        self.run(
            volume_mean_field.sweep, new, old, *self.parameters, np.float32(weight), self.residuals
        )
        return float(self.residuals.max())

    @property
    def together(self) -> int:
        """How many sweeps to do at once while planes are in cache, 0 where it does not pay.

        A volume that is in cache as it is, or that has few planes, is swept row by row.
        """
        plane = 2 * 4 * self.shape[1] * self.shape[2]
        if plane * self.shape[0] <= _CACHE:
            return 0
        slabs = 2 if self.parallel else 1
        count = max((_CACHE // plane // slabs - _HELD) // self.phases, 1)
        return int(min(count, _MOST_SWEEPS, self.shape[0] // (4 * self.phases)))

    def mean_field_blocks(self, mean: Planes, weight: float, count: int) -> float:
        """Do `count` sweeps while planes are in cache; return the last one's step."""
        slabs = max(1, self.shape[0] // (2 * self.phases * count)) if self.parallel else 1
        self.run(
            volume_mean_field.blocked_sweeps, mean, *self.parameters, np.float32(weight),
            self.residuals, count, min(slabs, _SLABS),
        )  # fmt: skip
        return float(self.residuals.max())

    def look(self, mean: Planes) -> float:
        """Return the evidence lower bound of packed means, and each row's step in `residuals`.

        It is a look at the state as it stands, in one pass; the model's offset is left out.
        """
        bound = self.rows(np.float64)
        args = self.field, self.shape, *self.strengths
        self.run(volume_mean_field.look, mean, *args, self.residuals, bound)
        return float(bound.sum())

    @property
    def filled_rows(self) -> int:
        """How many packed rows hold voxels."""
        depth, height, width = self.shape
        rows: int = depth * height * min(width, 2)
        return rows

    def work_list(self, mean: Planes, moved: NDArray[np.bool_]) -> VolumeList:
        """Return a work list over packed means, whose last sweep moved voxels in some rows."""
        return VolumeList(self, mean, moved)

    @cached_property
    def _label_rows(self) -> tuple[Planes, Planes]:
        return self.rows(np.int64), self.rows(np.float64)

    def icm_sweep(self, labels: Planes) -> tuple[int, float]:
        """Set every label to the mode of its conditional; return flips and energy given up."""
        flips, drop = self._label_rows
        self.run(volume_labels.modes, labels, *self.parameters, flips, drop)
        return int(flips.sum()), float(drop.sum())

    @cached_property
    def scratch(self) -> Planes:
        """Room for a row of random numbers for each group of rows."""
        return np.empty((volume_labels.GROUPS, (self.shape[2] + 1) // 2 + 6), np.float32)

    def gibbs_sweep(
        self,
        labels: Planes,
        total: Planes,
        keep: float,
        counter: tuple[int, int],
        key: tuple[np.uint32, np.uint32],
    ) -> None:
        """Draw every label from its conditional, whose mean is added where `keep` holds.

        Parameters
        ----------
        labels, total : ndarray
            Packed labels, and the packed sum of conditional means.
        keep : bool
            Whether this sweep counts.
        counter : tuple of int
            Sweep and chain.
        key : tuple of uint32
            The seed.
        """
        numbers = np.uint32(counter[0]), np.uint32(counter[1])
        self.run(
            volume_labels.gibbs, labels, total, self.scratch, *self.parameters,
            np.float32(keep), numbers, key,
        )  # fmt: skip

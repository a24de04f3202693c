"""A model on the packed lattice of a graphics card: the methods that sweeps are made of."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..._kernels.cuda import arrays
from ..._kernels.cuda import planes as copying
from ..._kernels.cuda.sweeps import kernels_for
from ...errors import ParameterError
from ...model import IsingModel
from ..numba.edges import EdgeLattice
from ..numba.lattice import Lattice, Planes

#: What may be updated at once, in the order of a sweep; and all planes, where nothing changes.
_PHASES = {4: ((0, 3), (1, 2)), 8: ((0,), (3,), (1,), (2,))}
_ALL = ((0, 3, 1, 2),)


class CudaLattice(Lattice):
    """As `Lattice`, with planes that are arrays on the card; numbers and pictures come back.

    It has what mean field, ICM and Gibbs sampling ask for. All that these need on the card is
    taken at the start, so that a card that is too small is known before anything is done.

    Parameters
    ----------
    model : IsingModel
        What to pack.
    floats, labels : int
        How many sets of planes of float32 and of int8 the engine holds at once.
    """

    listed: ClassVar[bool] = False

    def __init__(self, model: IsingModel, floats: int, labels: int) -> None:
        height, width = model.shape
        self.size = (width + 1) // 2, (height + 1) // 2  # columns and rows of the largest plane
        self.phases = _PHASES[model.coupling.neighbours]
        planes = (4, self.size[1] + 2, self.size[0] + 2)
        self._planes = planes
        self._spare: dict[Any, list[Planes]] = {
            np.dtype(kind): [arrays.empty(planes, kind) for _ in range(count)]
            for kind, count in ((np.float32, floats), (np.int8, labels))
        }
        self._rows = min(height, max(2, arrays.STRIP // width & ~1))
        self._strips = {
            np.dtype(kind): arrays.empty((self._rows, width), kind)
            for kind in (np.float32, np.int8)
        }
        blocks = arrays.blocks_for(*self.size)
        self._bits = arrays.empty((blocks,), np.int32)
        self._sums = [arrays.empty((blocks,), np.float64) for _ in range(2)]
        super().__init__(model, parallel=False)
        self.on_card = self._strengths()
        self.card_kernels = kernels_for(self.uniform, model.coupling.neighbours)

    def _strengths(self) -> Any:
        """Return the strengths as kernels on the card take them."""
        return (*self.coupling, *(self.diagonal or (np.float32(0),) * 2))

    def allocate(self, dtype: DTypeLike) -> Planes:
        """Return zeroed planes, of those that were taken at the start while there are some."""
        spare = self._spare.get(np.dtype(dtype))
        found: Planes = spare.pop() if spare else arrays.empty(self._planes, dtype)
        arrays.zero(found)
        return found

    def drop_field(self) -> None:
        """Give the packed field's memory back to what `allocate` takes from."""
        field = self.__dict__.pop("field", None)
        if field is not None:
            self._spare[np.dtype(np.float32)].append(field)

    def rows(self, dtype: DTypeLike) -> Planes:
        """Return room for one number: what blocks tell is gathered before it is written there."""
        whole = np.dtype(dtype).kind == "i"
        return np.zeros(1, np.int64 if whole else dtype)

    def pack(
        self,
        image: NDArray[Any],
        low: float = -np.inf,
        high: float = np.inf,
        out: Planes | None = None,
    ) -> Planes:
        """As `Lattice.pack`, strip by strip."""
        packed = self.allocate(np.float32) if out is None else out
        self._upload(image, copying.pack, (np.float32(low), np.float32(high), packed))
        return packed

    def packed_signs(self, image: NDArray[Any]) -> Planes:
        """As `Lattice.packed_signs`, without means in between."""
        labels = self.allocate(np.int8)
        self._upload(image, copying.pack_signs, (labels,))
        return labels

    def unpack(self, packed: Planes) -> NDArray[Any]:
        """As `Lattice.unpack`."""
        image = np.empty(self.shape, packed.dtype)
        for first in range(0, self.shape[0], self._rows):
            part = image[first : first + self._rows]
            strip: Any = self._strips[packed.dtype][: len(part)]
            arrays.across(copying.unpack, *part.shape, packed, first, strip)
            strip.copy_to_host(part)
        return image

    def signs(self, mean: Planes) -> Planes:
        """As `Lattice.signs`."""
        labels = self.allocate(np.int8)
        arrays.across(copying.signs, *self.shape, mean, self.shape, labels)
        return labels

    def copy(self, to: Planes, planes: Planes) -> None:
        """As `Lattice.copy`, on the card."""
        device: Any = to
        device.copy_to_device(planes)

    def fold(self, total: Planes, mean: Planes, pending: int, folded: int) -> None:
        """As `Lattice.fold`."""
        arrays.over(copying.fold, total, mean, np.float32(pending), np.float32(folded))

    def clip(self, mean: Planes) -> Planes:
        """As `Lattice.clip`."""
        arrays.over(copying.clip, mean)
        return mean

    def add(self, total: Planes, labels: Planes) -> None:
        """As `Lattice.add`."""
        arrays.over(copying.add, total, labels)

    def look(self, mean: Planes, residual: Planes) -> float:
        """As `Lattice.look`."""
        for launch, planes, count, first in self._launches(self.card_kernels.look, _ALL):
            launch(
                mean, self.field, self.shape, planes, count, self.on_card, first,
                self._bits, self._sums[0],
            )  # fmt: skip
        residual[0] = self._largest(_ALL)
        return self._sum(0, _ALL) + self.model.offset

    def answer(self, mean: Planes) -> tuple[NDArray[np.int8], NDArray[np.float32], float]:
        """As `Lattice.answer`."""
        signs = self.signs(mean)
        energy = self.energy(signs)
        self.drop_field()
        labels: NDArray[np.int8] = self.unpack(signs)
        return labels, self.unpack(mean), energy

    def mean_field_sweep(
        self,
        new: Planes,
        old: Planes,
        weight: float,
        threshold: float,
        residual: Planes,
        moving: Planes,
    ) -> None:
        """As `Lattice.mean_field_sweep`; the numbers are those of the whole sweep."""
        self._sweep(new, old, weight, threshold, True)
        residual[0], moving[0] = self._largest(self.phases), self._sum(0, self.phases)

    def mean_field_blocks(
        self,
        mean: Planes,
        weight: float,
        threshold: float,
        residual: Planes,
        moving: Planes,
        count: int,
    ) -> None:
        """As `Lattice.mean_field_blocks`: the card is asked for numbers after the last alone."""
        for _ in range(count - 1):
            self._sweep(mean, mean, weight, threshold, False)
        self.mean_field_sweep(mean, mean, weight, threshold, residual, moving)

    def icm_sweep(self, labels: Planes) -> tuple[int, float]:
        """As `Lattice.icm_sweep`."""
        for launch, planes, count, first in self._launches(self.card_kernels.icm, self.phases):
            launch(labels, self.field, self.shape, planes, count, self.on_card, first, *self._sums)
        return int(self._sum(0, self.phases)), self._sum(1, self.phases)

    def gibbs_sweep(
        self,
        labels: Planes,
        total: Planes,
        keep: float,
        counter: tuple[int, int],
        key: tuple[np.uint32, np.uint32],
    ) -> None:
        """As `Lattice.gibbs_sweep`, from the same random numbers."""
        numbers = np.uint32(counter[0]), np.uint32(counter[1])
        columns, rows = (self.size[0] + 3) // 4, self.size[1]
        for launch, planes, count, _ in arrays.launches(
            self.card_kernels.gibbs, columns, rows, self.phases
        ):
            launch(
                labels, total, self.field, self.shape, planes, count, self.on_card,
                np.float32(keep), numbers, key,
            )  # fmt: skip

    def _sweep(self, new: Planes, old: Planes, weight: float, threshold: float, told: bool) -> None:
        weights = np.float32(weight), np.float32(threshold)
        for launch, planes, count, first in self._launches(
            self.card_kernels.mean_field, self.phases
        ):
            launch(
                new, old, self.field, self.shape, planes, count, self.on_card,
                *weights, int(told), first, self._bits, self._sums[0],
            )  # fmt: skip

    def _objective(self, spins: Planes, entropies: bool | None) -> float:
        for launch, planes, count, first in self._launches(self.card_kernels.objective, _ALL):
            launch(
                spins, self.field, self.shape, planes, count, self.on_card,
                int(bool(entropies)), first, self._sums[0],
            )  # fmt: skip
        return self._sum(0, _ALL)

    def _launches(self, kernel: Any, together: tuple[tuple[int, ...], ...]) -> Any:
        return arrays.launches(kernel, *self.size, together)

    def _told(self, array: Any, together: tuple[tuple[int, ...], ...]) -> NDArray[Any]:
        """Return the numbers that the blocks of all phases have written; the card is done then."""
        told: NDArray[Any] = array[: arrays.numbers_of(*self.size, together)].copy_to_host()
        return told

    def _largest(self, together: tuple[tuple[int, ...], ...]) -> np.float32:
        # bits of floats that are not negative order as whole numbers do; NaN comes out largest
        bits = self._told(self._bits, together).max(keepdims=True)
        return np.float32(bits.view(np.float32)[0])

    def _sum(self, which: int, together: tuple[tuple[int, ...], ...]) -> float:
        return float(self._told(self._sums[which], together).sum())

    def _upload(self, image: NDArray[Any], kernel: Any, args: tuple[Any, ...]) -> None:
        """Give a picture of float32 to a kernel, strip by strip.

        Raises
        ------
        ParameterError
            It holds NaN.
        """
        strange = arrays.to_card(np.zeros(1, np.int32))
        for first in range(0, self.shape[0], self._rows):
            part = np.ascontiguousarray(image[first : first + self._rows])
            strip = self._strips[part.dtype][: len(part)]
            strip.copy_to_device(part)
            arrays.across(kernel, *part.shape, strip, first, *args, strange)
        if strange.copy_to_host()[0]:
            raise ParameterError("init", "holds NaN; start an unknown pixel at 0")


class CudaEdgeLattice(CudaLattice):
    """As `CudaLattice`, of a model whose edges have strengths of their own."""

    uniform: ClassVar[bool] = False

    def strengths(self) -> tuple[Any, Any]:
        """Return packed strengths on the card, and True where there are diagonals, else None."""
        edges = EdgeLattice(self.model, False)
        return arrays.to_card(edges.coupling), edges.diagonal

    def _strengths(self) -> Any:
        return self.coupling

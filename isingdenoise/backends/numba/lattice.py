"""A model on the packed lattice: what engines call, and which kernels that runs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..._kernels import gibbs, icm, mean_field
from ..._kernels import lattice as planes
from ..._kernels._jit import KernelPair
from ..._kernels.objective import labels_objective, objective
from ...errors import ParameterError
from ...model import IsingModel
from .means import Averaging
from .work_list import WorkList

if TYPE_CHECKING:
    from .chains import Chains
    from .cluster_sweeps import ClusterSweeps
    from .passing import Passing
    from .ratios import Ratios
    from .settling import Settling
    from .transfer import Transfer

Planes = NDArray[Any]


class Kernels(NamedTuple):
    """The kernels of one kind of coupling."""

    mean_field: KernelPair
    icm: KernelPair
    gibbs: KernelPair
    objective: KernelPair


class Lattice(Averaging):
    """Field and couplings of one model as the kernels take them.

    Parameters
    ----------
    model : IsingModel
        What to pack.
    parallel : bool
        Whether kernels run on threads.
    """

    #: Whether edges of one direction have one strength.
    uniform: ClassVar[bool] = True
    #: Whether `work_list` is there, for rounds over what still moves.
    listed: ClassVar[bool] = True
    kernels: ClassVar[Kernels] = Kernels(mean_field.sweep, icm.sweep, gibbs.sweep, objective)

    def __init__(self, model: IsingModel, parallel: bool) -> None:
        self.model = model
        self.parallel = parallel
        self.shape = model.shape
        self.sites = model.field.size
        self.coupling, self.diagonal = self.strengths()

    def temper(self, field: float, coupling: float) -> None:
        """Go on with the model at another temperature, until it is tempered again.

        Sweeps and bounds are then those of the changed model, but for the offset; `model`
        stays, and with factors of 1 everything is as it was, to the bit.

        Parameters
        ----------
        field, coupling : float
            What the model's field and strengths are multiplied by.
        """
        self.pack(self.model.field, out=self.field)
        self.field *= np.float32(field)
        self.temper_strengths(np.float32(coupling))

    def temper_strengths(self, factor: np.float32) -> None:
        """Set the strengths to those of the model times `factor`."""
        along, across = self.strengths()
        self.coupling = tuple(factor * strength for strength in along)
        self.diagonal = None if across is None else tuple(factor * one for one in across)

    def strengths(self) -> tuple[Any, Any]:
        """Return coupling and diagonal as the kernels take them."""
        c = self.model.coupling
        across = (np.float32(c.diagonal), np.float32(c.antidiagonal))
        along = (np.float32(c.horizontal), np.float32(c.vertical))
        return along, across if c.neighbours == 8 else None

    @cached_property
    def field(self) -> Planes:
        """The packed field, made on first use: a start that is packed before can be dropped."""
        return self.pack(self.model.field)

    def load_field(self) -> None:
        """Pack the field now, so that no round is charged for it."""
        self.field  # noqa: B018

    def drop_field(self) -> None:
        """Give the packed field's memory back; it is made again where it is needed."""
        self.__dict__.pop("field", None)

    @property
    def parameters(self) -> tuple[Any, ...]:
        """Field, shape, coupling, diagonal: what every kernel takes."""
        return self.field, self.shape, self.coupling, self.diagonal

    def run(self, kernel: KernelPair, *args: Any) -> None:
        """Call one of a kernel pair."""
        kernel(*args, parallel=self.parallel)

    def pack(
        self,
        image: NDArray[Any],
        low: float = -np.inf,
        high: float = np.inf,
        out: Planes | None = None,
    ) -> Planes:
        """Copy an H x W array of float32 into planes, those of `out` or fresh ones.

        Parameters
        ----------
        image : ndarray, shape (H, W), float32
            What to copy.
        low, high : float
            What it is clipped to.
        out : ndarray, optional
            Zeroed planes.

        Raises
        ------
        ParameterError
            It holds NaN.
        """
        # one layout, so that the kernel is compiled once: contiguous and read-only
        image = np.ascontiguousarray(image).view()
        image.flags.writeable = False
        packed = planes.empty(self.shape, np.float32) if out is None else out
        strange = np.zeros(packed.shape[1], np.int64)
        self.run(planes.pack, image, np.float32(low), np.float32(high), packed, strange)
        if strange.any():
            raise ParameterError("init", "holds NaN; start an unknown pixel at 0")
        return packed

    def allocate(self, dtype: DTypeLike) -> Planes:
        """Return zeroed planes."""
        zeros: Planes = planes.allocate(self.shape, dtype)
        return zeros

    def unpack(self, packed: Planes) -> NDArray[Any]:
        """Copy planes into a fresh H x W array."""
        image = np.empty(self.shape, packed.dtype)
        self.run(planes.unpack, packed, image)
        return image

    def signs(self, mean: Planes) -> Planes:
        """Return packed labels: the sign of each packed mean, 0 read as +1."""
        labels = self.allocate(np.int8)
        self.run(planes.signs, mean, self.shape, labels)
        return labels

    def packed_signs(self, image: NDArray[Any]) -> Planes:
        """Return packed labels: the sign of each pixel, 0 read as +1; `image` as of `pack`."""
        return self.signs(self.pack(image))

    def copy(self, to: Planes, planes: Planes) -> None:
        """Copy planes into others."""
        to[...] = planes

    def add(self, total: Planes, labels: Planes) -> None:
        """Add packed labels to a packed sum."""
        total += labels

    def rows(self, dtype: DTypeLike) -> Planes:
        """Return a zeroed array with one number for each packed row."""
        return np.zeros((4, (self.shape[0] + 1) // 2 + 2), dtype)

    def energy(self, labels: Planes) -> float:
        """Return the energy of packed labels."""
        return -self._objective(labels, None)

    def elbo(self, mean: Planes) -> float:
        """Return the evidence lower bound of packed means."""
        return self._objective(mean, True) + self.model.offset

    def look(self, mean: Planes, residual: Planes) -> float:
        """Return the evidence lower bound of packed means, and each row's residual in `residual`.

        It is a look at the state as it stands, in one pass.
        """
        bound = self.rows(np.float64)
        self.run(mean_field.look, mean, *self.parameters, residual, bound)
        return float(bound.sum()) + self.model.offset

    def answer(self, mean: Planes) -> tuple[NDArray[np.int8], NDArray[np.float32], float]:
        """Return labels, means and the labels' energy, and give up the packed field."""
        self.drop_field()
        labels, image = np.empty(self.shape, np.int8), np.empty(self.shape, np.float32)
        self.run(planes.unpack_signed, mean, image, labels)
        rows = np.empty(self.shape[0])
        diagonal = self.diagonal or (np.float32(0), np.float32(0))
        self.run(labels_objective, labels, self.model.field, self.coupling, diagonal, rows)
        return labels, image, -float(rows.sum())

    def mean_field_sweep(
        self,
        new: Planes,
        old: Planes,
        weight: float,
        threshold: float,
        residual: Planes,
        moving: Planes,
    ) -> None:
        """Move every site of `new` towards tanh(a), the neighbours taken from `old`.

        Parameters
        ----------
        new, old : ndarray
            Packed means; the same array for checkerboard order.
        weight : float
            Weight of the new value, in [0, 1.5]; 0 changes nothing.
        threshold : float
            Which sites count as moving.
        residual, moving : ndarray
            Out, for each packed row: the largest |tanh(a) - mean| that was met,
            and at how many sites it was beyond `threshold`.
        """
        weights = np.float32(weight), np.float32(threshold)
        self.run(self.kernels.mean_field, new, old, *self.parameters, *weights, residual, moving)

    def mean_field_blocks(
        self,
        mean: Planes,
        weight: float,
        threshold: float,
        residual: Planes,
        moving: Planes,
        count: int,
    ) -> None:
        """Do `count` checkerboard sweeps while rows are in cache; arguments as of one sweep."""
        weights = np.float32(weight), np.float32(threshold)
        self.run(
            mean_field.blocked_sweeps, mean, *self.parameters, *weights, residual, moving, count
        )

    def work_list(self, mean: Planes) -> WorkList:
        """Return a work list over packed means, every part of it waiting."""
        return WorkList(self, mean)

    def settling(self, mean: Planes, left: int = 0) -> Settling:
        """Return the units of packed means, of a part that begins at column `left` of a picture."""
        from .settling import Settling  # its kernels load when they are needed

        return Settling(self, mean, left)

    def transfer(self) -> Transfer:
        """Return the transfer matrix of the model."""
        from .transfer import Transfer  # its kernels load when they are needed

        return Transfer(self.model, self.parallel)

    def chains(self, mean: Planes) -> Chains:
        """Return the columns of the picture as exact chains, at packed means."""
        from .chains import Chains  # its kernels load when they are needed

        return Chains(self, mean)

    def passing(self, mean: Planes, share: tuple[float, ...]) -> Passing:
        """Return the messages that spins with packed means send; `share` is 1 / c by direction."""
        from .passing import Passing  # its kernels load when they are needed

        return Passing(self, mean, share)

    def undamped(self, mean: Planes, share: tuple[float, ...]) -> Passing | Ratios:
        """Return the same messages for sweeps of weight 1, in ratios where that will do.

        `mean` may be taken over.
        """
        from .ratios import Ratios, suited

        part = suited(self, share)
        return self.passing(mean, share) if part is None else Ratios(self, mean, part)

    def transposed(self) -> Lattice:
        """Return the lattice of the transposed picture."""
        model = self.model
        turned = IsingModel(model.field.T, model.coupling.transposed(), model.offset)
        return type(self)(turned, self.parallel)

    def icm_sweep(self, labels: Planes) -> tuple[int, float]:
        """Set every label to the mode of its conditional; return flips and energy given up."""
        flips, drop = self.icm_rows
        self.run(self.kernels.icm, labels, *self.parameters, flips, drop)
        return int(flips.sum()), float(drop.sum())

    def gibbs_sweep(
        self,
        labels: Planes,
        total: Planes,
        keep: float,
        counter: tuple[int, int],
        key: tuple[np.uint32, np.uint32],
    ) -> None:
        """Draw every label from its conditional.

        Parameters
        ----------
        labels : ndarray
            Packed labels, changed in place.
        total : ndarray
            Packed sum of conditional means, added to where `keep` holds.
        keep : float
            What the sweep counts: 0 or False where it does not.
        counter : tuple of int
            Sweep and chain.
        key : tuple of uint32
            The seed.
        """
        numbers = np.uint32(counter[0]), np.uint32(counter[1])
        self.run(
            self.kernels.gibbs, labels, total, self.scratch, *self.parameters,
            np.float32(keep), numbers, key,
        )  # fmt: skip

    def strengths_by_direction(self) -> NDArray[Any]:
        """Return the strengths as an array (directions, 4, h, w), or (directions, 1, 1, 1)."""
        strengths = (*self.coupling, *(self.diagonal or ()))
        return np.array(strengths, np.float64).reshape(-1, 1, 1, 1)

    def cluster_sweeps(self) -> ClusterSweeps:
        """Return cluster updates of the model; their kernels load when they are needed."""
        from .cluster_sweeps import ClusterSweeps

        return ClusterSweeps(self)

    @cached_property
    def icm_rows(self) -> tuple[Planes, Planes]:
        """Room for flips and energy given up of each packed row."""
        return self.rows(np.int64), self.rows(np.float64)

    @cached_property
    def scratch(self) -> Planes:
        """Room for a row of random numbers for each group of rows."""
        return np.empty((gibbs.GROUPS, (self.shape[1] + 1) // 2 + 6), np.float32)

    def _objective(self, spins: Planes, entropies: bool | None) -> float:
        rows = self.rows(np.float64)
        self.run(self.kernels.objective, spins, *self.parameters, entropies, rows)
        return float(rows.sum())

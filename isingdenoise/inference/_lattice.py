"""A model on the packed lattice, ready for the kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._kernels import lattice as planes
from .._kernels._jit import KernelPair, lease
from .._kernels.objective import objective
from ..errors import ParameterError
from ..model import IsingModel

Planes = NDArray[Any]


class Lattice:
    """Field and couplings of one model as the kernels take them.

    Parameters
    ----------
    model : IsingModel
        What to pack.
    parallel : bool
        Whether kernels run on threads.
    """

    def __init__(self, model: IsingModel, parallel: bool) -> None:
        self.model = model
        self.parallel = parallel
        self.shape = model.shape
        self.sites = model.field.size
        c = model.coupling
        self.coupling = (np.float32(c.horizontal), np.float32(c.vertical))
        across = (np.float32(c.diagonal), np.float32(c.antidiagonal))
        self.diagonal = across if c.neighbours == 8 else None

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

    def pack(self, image: NDArray[Any], low: float = -np.inf, high: float = np.inf) -> Planes:
        """Copy an H x W array of float32 into planes, clipped to [low, high].

        Raises
        ------
        ParameterError
            It holds NaN.
        """
        # one layout, so that the kernel is compiled once: contiguous and read-only
        image = np.ascontiguousarray(image).view()
        image.flags.writeable = False
        packed = self.allocate(np.float32)
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

    def rows(self, dtype: DTypeLike) -> Planes:
        """Return a zeroed array with one number for each packed row."""
        return np.zeros((4, (self.shape[0] + 1) // 2 + 2), dtype)

    def energy(self, labels: Planes) -> float:
        """Return the energy of packed labels."""
        return -self._objective(labels, None)

    def elbo(self, mean: Planes) -> float:
        """Return the evidence lower bound of packed means."""
        return self._objective(mean, True) + self.model.offset

    def _objective(self, spins: Planes, entropies: bool | None) -> float:
        rows = self.rows(np.float64)
        self.run(objective, spins, *self.parameters, entropies, rows)
        return float(rows.sum())


@contextmanager
def packed(model: IsingModel, parallel: bool | None) -> Iterator[Lattice]:
    """Yield `model` on the packed lattice, with threads where they may be used."""
    with lease(model.field.size, parallel) as granted:
        yield Lattice(model, granted)


def starting_mean(model: IsingModel, init: ArrayLike | None) -> NDArray[np.float32]:
    """Return the means to start from, not yet clipped: `init`, or tanh(h).

    Raises
    ------
    ParameterError
        `init` has another shape than the model, or holds no real numbers.
    """
    if init is None:
        return np.asarray(np.tanh(model.field), np.float32)
    start = np.asarray(init)
    if start.shape != model.shape:
        raise ParameterError("init", f"has shape {start.shape}, the model has {model.shape}")
    if start.dtype.kind not in "biuf":
        raise ParameterError("init", f"must hold bools or real numbers, not {start.dtype}")
    if start.dtype == np.bool_:
        return np.where(start, np.float32(1), np.float32(-1))
    if start.dtype == np.float32 and start.dtype.isnative:
        return start
    means: NDArray[np.float32] = np.clip(start, -1, 1).astype(np.float32)
    return means

"""What engines compute with: models packed for kernels, behind one seam.

An engine asks `packed` for a `Lattice` and calls its methods; which kernels these
run, and where, is the backend's own affair. There is one, on numba, which is
loaded with the first lattice and not before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..model import IsingModel
from ..prior import Network

if TYPE_CHECKING:
    from .numba import Lattice, Planes, WorkList
    from .numba.chains import Chains
    from .numba.convolutions import Convolutions
    from .numba.cut import Cut
    from .numba.passing import Passing
    from .numba.potts import PottsLattice
    from .numba.ratios import Ratios
    from .numba.transfer import Message, Transfer
    from .numba.volume import VolumeLattice
    from .numba.volume_list import VolumeList

__all__ = [
    "Chains",
    "Convolutions",
    "Cut",
    "Lattice",
    "Message",
    "Passing",
    "Planes",
    "PottsLattice",
    "Ratios",
    "Transfer",
    "VolumeLattice",
    "VolumeList",
    "WorkList",
    "convolutions",
    "cut",
    "kernel_folder",
    "packed",
    "packed_labels",
    "packed_volume",
    "serially",
    "threads_for",
]


@contextmanager
def packed(model: IsingModel, parallel: bool | None) -> Iterator[Lattice]:
    """Yield `model` on the packed lattice, with threads where they may be used."""
    from .numba import lattice_of, lease

    with lease(model.field.size, parallel) as granted:
        yield lattice_of(model, granted)


@contextmanager
def packed_labels(
    unary: NDArray[np.float32], coupling: Coupling, parallel: bool | None
) -> Iterator[PottsLattice]:
    """Yield a Potts model on the packed lattice, with threads where they may be used."""
    from .numba import lease
    from .numba.potts import PottsLattice

    with lease(unary.size, parallel) as granted:
        yield PottsLattice(unary, coupling, granted)


@contextmanager
def packed_volume(
    field: NDArray[np.float32],
    plane: Coupling,
    between: Sequence[Sequence[float]],
    parallel: bool | None,
) -> Iterator[VolumeLattice]:
    """Yield a volume on the packed lattice, with threads where they may be used."""
    from .numba import lease
    from .numba.volume import VolumeLattice

    with lease(field.size, parallel) as granted:
        yield VolumeLattice(field, plane, between, granted)


def cut(model: IsingModel, gauge: NDArray[np.int8] | None) -> Cut:
    """Return the minimum cut of `model` whose strengths `gauge` makes positive, or its roof dual.

    Its kernels know no threads, so it needs no lease of them.
    """
    from .numba.cut import Cut

    return Cut(model, gauge)


def convolutions(network: Network, tile: int, parallel: bool) -> Convolutions:
    """Return a learned prior's network, ready to run over fields in tiles of so many pixels."""
    from .numba.convolutions import Convolutions

    return Convolutions(network, tile, parallel)


@contextmanager
def serially() -> Iterator[None]:
    """Keep to serial kernels in this thread: for work that is itself one of several threads."""
    from .._kernels import _jit

    with _jit.serially():
        yield


def threads_for(sites: int) -> bool:
    """Tell whether a model of so many sites is solved on threads, where nothing else is asked."""
    from .._kernels._jit import PARALLEL_SITES

    return sites >= PARALLEL_SITES


def kernel_folder() -> Path | None:
    """Return the folder that compiled kernels are kept in for later runs; None without one."""
    from .._kernels._cache import cache_directory, is_temporary

    folder = cache_directory()
    return None if is_temporary(folder) else folder

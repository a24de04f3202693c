"""What engines compute with: models packed for kernels, behind one seam.

An engine asks `packed` for a `Lattice` and calls its methods; which kernels these
run, and where, is the backend's own affair. That on numba is loaded with the first
lattice and not before, and that on a graphics card only where it is asked for or
would be worth its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..model import IsingModel
from ..prior import Machine, Network

if TYPE_CHECKING:
    from .numba import Lattice, Planes, WorkList
    from .numba.chains import Chains
    from .numba.convolutions import Convolutions
    from .numba.cut import Cut
    from .numba.machines import Rounds
    from .numba.passing import Passing
    from .numba.potts import PottsLattice
    from .numba.ratios import Ratios
    from .numba.transfer import Message, Transfer
    from .numba.volume import VolumeLattice
    from .numba.volume_list import VolumeList

__all__ = [
    "Backend",
    "Chains",
    "Convolutions",
    "Cut",
    "Lattice",
    "Message",
    "OnCard",
    "Passing",
    "Planes",
    "PottsLattice",
    "Ratios",
    "Rounds",
    "Transfer",
    "VolumeLattice",
    "VolumeList",
    "Work",
    "WorkList",
    "backends_here",
    "check_backend",
    "convolutions",
    "cut",
    "kernel_folder",
    "machine_rounds",
    "packed",
    "packed_labels",
    "packed_volume",
    "serially",
    "threads_for",
]


#: Where an engine computes: "auto" takes a graphics card where that is worth its start.
Backend = Literal["auto", "cpu", "gpu"]

#: What an engine computes: means of mean field, modes of ICM, or draws.
Work = Literal["means", "modes", "draws"]

#: From so many site updates on, "auto" looks for a graphics card. Before the first of them numba's
#: part for cards is loaded and compiles, which takes some seconds; this is what two cores do in
#: 17 seconds of Gibbs sampling, or 6 of mean field in whole sweeps. On a card it is not measured.
AUTO_UPDATES = 1 << 33


@dataclass(frozen=True)
class OnCard:
    """What an engine that could do its work on a graphics card asks of it.

    Attributes
    ----------
    backend : {"auto", "cpu", "gpu"}
        The engine's setting.
    work : {"means", "modes", "draws"}
        What it computes.
    sweeps : float
        About how often every site will be updated; 0 where "auto" is to keep to the CPU.
    floats, labels : int
        How many sets of planes of float32 and of int8 it holds at once.
    """

    backend: Backend
    work: Work
    sweeps: float
    floats: int
    labels: int


@contextmanager
def packed(
    model: IsingModel, parallel: bool | None, card: OnCard | None = None
) -> Iterator[Lattice]:
    """Yield `model` on the packed lattice, with threads where they may be used.

    Parameters
    ----------
    model : IsingModel
        What to pack.
    parallel : bool or None
        Whether to use threads; None leaves it to the size.
    card : OnCard, optional
        What the engine asks of a graphics card, if it can use one.

    Raises
    ------
    ParameterError
        A card is asked for and there is none, or it lacks what is needed.
    CardError
        It fails, or is too small.
    """
    asked = card is not None and card.backend == "gpu"
    large = card is not None and model.field.size * card.sweeps >= AUTO_UPDATES
    if card is not None and (asked or (large and card.backend == "auto")):
        from .cuda.choice import on_card

        with on_card(model, card) as found:
            if found is not None:
                yield found
                return
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


def machine_rounds(machine: Machine, lattice: Lattice, tile: int) -> Rounds:
    """Return a Boltzmann machine at the field and couplings of a picture, which it takes over."""
    from .numba.machines import Rounds

    return Rounds(machine, lattice, tile)


def backends_here() -> str:
    """Return in a few words which backends there are on this machine, and why a card is not used.

    Nothing is loaded for it.
    """
    from .cuda.card import described

    return described()


def check_backend(backend: Backend) -> None:
    """Refuse `gpu` where it is known beforehand that it cannot be; nothing is loaded for it.

    Raises
    ------
    ParameterError
        numba-cuda is not installed, or the driver knows no card.
    """
    if backend == "gpu":
        from .cuda.card import check

        check()


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

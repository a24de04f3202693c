"""Whether a model is solved on a graphics card, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...environment import warn_of
from ...errors import CardError
from ...model import IsingModel
from .card import check, lacking, simulated
from .failures import failure, in_short

if TYPE_CHECKING:
    from .. import OnCard, Work
    from .lattice import CudaLattice

_checked: set[tuple[bool, int, str]] = set()


@contextmanager
def on_card(model: IsingModel, wanted: OnCard) -> Iterator[CudaLattice | None]:
    """Yield the lattice on a card; None where the CPU is to do it.

    With `auto` that is where there is no card, its memory is too small, anything fails while
    it is prepared, or what it answers to a small problem is not what the CPU answers. The
    first goes without saying; of the others one warning tells. The simulator is for tests: it
    is taken where `gpu` is asked for, and never by `auto`.

    Raises
    ------
    ParameterError
        `gpu` is asked for, and there is no card or no compiler for it.
    CardError
        `gpu` is asked for and the card is too small, or fails; or it fails under way.
    """
    if wanted.backend == "auto" and (simulated() or lacking() is not None):
        yield None
        return
    check()
    lattice = _prepared(model, wanted)
    if lattice is None:
        yield None
        return
    try:
        yield lattice
    except Exception as error:
        said = failure(error, model.shape)
        if said is None:
            raise
        raise CardError(f"{said}; try the backend cpu") from error


def _prepared(model: IsingModel, wanted: OnCard) -> CudaLattice | None:
    """Return the lattice, with its memory taken; None where `auto` is better off without."""
    auto = wanted.backend == "auto"
    try:
        if auto:
            _check(model, wanted.work)
        return _lattice(model, wanted.floats, wanted.labels)
    except Exception as error:
        said = error.reason if isinstance(error, CardError) else failure(error, model.shape)
        if auto:  # whatever it is, the CPU can do without
            said = said or f"cannot be used ({in_short(error)})"
            warn_of("graphics card", f"{said}; the CPU takes over")
            return None
        if said is None:
            raise
        raise CardError(f"{said}; try the backend cpu") from error


def _lattice(model: IsingModel, floats: int, labels: int) -> CudaLattice:
    from .lattice import CudaEdgeLattice, CudaLattice

    kind: Callable[[IsingModel, int, int], CudaLattice]
    kind = CudaLattice if model.coupling.shape is None else CudaEdgeLattice
    return kind(model, floats, labels)


def _check(model: IsingModel, work: Work) -> None:
    """Compare a card with the CPU on a small problem of this kind, once in a process.

    Raises
    ------
    CardError
        They differ.
    """
    kind = (model.coupling.shape is None, model.coupling.neighbours, work)
    if kind not in _checked:
        from .check import agrees

        if not agrees(model.coupling, work):
            raise CardError(f"answers a small problem otherwise than the CPU does ({work})")
        _checked.add(kind)

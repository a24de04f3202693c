"""Whether a model is solved on a graphics card, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...environment import warn_of
from ...errors import CardError
from ...model import IsingModel
from .card import check, lacking, simulated

if TYPE_CHECKING:
    from .. import OnCard
    from .lattice import CudaLattice

_checked: set[tuple[bool, int]] = set()


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
    from ..._kernels.cuda._device import device_errors

    try:
        yield lattice
    except device_errors() as error:
        said = f"failed while it computed ({_short(error)})"
        raise CardError(f"{said}; try the backend cpu") from error


def _prepared(model: IsingModel, wanted: OnCard) -> CudaLattice | None:
    """Return the lattice, with its memory taken; None where `auto` is better off without."""
    from ..._kernels.cuda._device import device_errors, is_out_of_memory

    auto = wanted.backend == "auto"
    known: tuple[type[BaseException], ...] = (*device_errors(), CardError)
    try:
        if auto:
            _check(model)
        return _lattice(model, wanted.floats, wanted.labels)
    except known as error:
        if isinstance(error, CardError):
            said = error.reason
        elif is_out_of_memory(error):
            height, width = model.shape
            said = f"has too little free memory for {width} x {height} pixels"
        else:
            said = f"cannot be used ({_short(error)})"
        if auto:
            warn_of("graphics card", f"{said}; the CPU takes over")
            return None
        raise CardError(f"{said}; try the backend cpu") from error


def _lattice(model: IsingModel, floats: int, labels: int) -> CudaLattice:
    from .lattice import CudaEdgeLattice, CudaLattice

    kind: Callable[[IsingModel, int, int], CudaLattice]
    kind = CudaLattice if model.coupling.shape is None else CudaEdgeLattice
    return kind(model, floats, labels)


def _check(model: IsingModel) -> None:
    """Compare a card with the CPU on a small problem of this kind, once in a process.

    Raises
    ------
    CardError
        They differ.
    """
    kind = (model.coupling.shape is None, model.coupling.neighbours)
    if kind not in _checked:
        from .check import difference

        found = difference(model.coupling)
        if found is not None:
            raise CardError(f"answers a small problem otherwise than the CPU does ({found})")
        _checked.add(kind)


def _short(error: BaseException) -> str:
    """Return the first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.endswith(":")]
    return (told or [type(error).__name__])[0].rstrip(".")[:200]

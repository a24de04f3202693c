"""Iterated conditional modes over labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import packed_labels
from ..inference import Callback, Traits
from ..inference._descent import check_descent, descend
from ..validation import RandomSource
from .model import PottsModel
from .solution import PottsSolution, starting_labels

__all__ = ["PottsICM"]


@dataclass(frozen=True)
class PottsICM:
    """Labels at a local minimum of the energy: each the mode of its conditional.

    Parameters
    ----------
    max_sweeps : int, default 200
        Stop after so many sweeps in any case, with status `max_sweeps`.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Besag, On the Statistical Analysis of Dirty Pictures, JRSS B 48, 1986.
    """

    name: ClassVar[str] = "icm"
    summary: ClassVar[str] = "iterated conditional modes: fast labels, no probabilities"
    traits: ClassVar[Traits] = Traits()

    max_sweeps: int = 200
    parallel: bool | None = None

    def __post_init__(self) -> None:
        check_descent(self)

    def solve(
        self,
        model: PottsModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> PottsSolution:
        """Return the local minimum reached from `init`; arguments as of `PottsEngine.solve`."""
        start = starting_labels(model, init)
        with packed_labels(model.unary, model.coupling, self.parallel) as lattice:
            labels = lattice.pack_labels(start)
            told = descend(
                self,
                lambda: lattice.modes(labels),
                model.energy(start),
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack_labels(labels),
                callback=callback,
            )
            out = lattice.unpack_labels(labels)
        return PottsSolution(
            labels=out,
            probability=None,
            energy=model.energy(out),
            lower_bound=None,
            **told,
        )

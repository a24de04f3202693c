"""Iterated conditional modes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, get_args

from numpy.typing import ArrayLike

from ..backends import Backend, OnCard, packed
from ..model import IsingModel
from ..validation import RandomSource, check_choice, store
from ._descent import check_descent, descend
from ._start import starting_mean
from .base import Traits
from .solution import Callback, Solution

__all__ = ["ICM"]

#: About how many sweeps it takes.
_SWEEPS = 5


@dataclass(frozen=True)
class ICM:
    r"""Coordinate descent on the energy: each label to the mode of its conditional.

    .. math:: z_i \leftarrow \operatorname{sign}\Bigl(\sum_j J_{ij} z_j + h_i\Bigr)

    One colour after another, so the energy never rises. On a tie the old
    label stays.

    Parameters
    ----------
    max_sweeps : int, default 200
        Stop after so many sweeps in any case, with status `max_sweeps`; it
        stops by itself after a sweep that changes no label.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.
    backend : {"auto", "cpu", "gpu"}
        Where to compute: "auto" takes a graphics card for very large pictures, where there
        is one.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Besag, On the Statistical Analysis of Dirty Pictures, JRSS B 48, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = ICM(max_sweeps=50).solve(model)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, solution.mean is None
    ('converged', True)
    """

    name: ClassVar[str] = "icm"
    #: Pixels around a part of a picture that is solved by itself.
    surroundings: ClassVar[int] = 64
    summary: ClassVar[str] = "iterated conditional modes: fast labels, no probabilities"
    traits: ClassVar[Traits] = Traits()

    max_sweeps: int = 200
    parallel: bool | None = None
    backend: Backend = "auto"

    def __post_init__(self) -> None:
        check_descent(self)
        store(self, backend=check_choice("backend", self.backend, get_args(Backend)))

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int(10.2 * pixels)

    def quick(self) -> ICM:
        """Return an engine that ends after a few sweeps; see `Engine`."""
        return replace(self, max_sweeps=2)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the local minimum of the energy reached from the signs of `init`.

        Parameters and result as of `Engine.solve`.
        """
        card = OnCard(self.backend, "modes", _SWEEPS, floats=1, labels=1)
        with packed(model, self.parallel, card) as lattice:
            labels = lattice.packed_signs(starting_mean(model, init))
            del init  # its memory is wanted for the field
            told = descend(
                self,
                lambda: lattice.icm_sweep(labels),
                lattice.energy(labels),
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(labels),
                callback=callback,
            )
            energy = lattice.energy(labels)
            out = lattice.unpack(labels)
        return Solution(
            labels=out,
            mean=None,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            **told,
        )

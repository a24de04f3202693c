"""Damped mean-field variational inference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import Backend, OnCard, packed
from ..model import IsingModel
from ..validation import RandomSource, check_choice, store
from ._damped import ascend, check_damped
from ._parts import SURROUNDINGS, PartSolution, settled
from ._start import starting_mean
from ._sweeps import FullSweeps, Sweeps, TiledSweeps
from .base import Traits
from .solution import Callback, Solution

__all__ = ["MeanField"]

Schedule = Literal["tiled", "checkerboard", "jacobi"]

#: About how many whole sweeps it takes. A card knows no other, so that "auto" leaves the tiled
#: schedule to the CPU: it does a fraction of the work, and ends in the same fixed point.
_SWEEPS = 50


@dataclass(frozen=True)
class MeanField:
    r"""Fully factorised variational posterior, by damped fixed-point sweeps.

    .. math:: \mu_i \leftarrow (1 - \lambda) \mu_i
              + \lambda \tanh\Bigl(\sum_j J_{ij} \mu_j + h_i\Bigr)

    Every update but Jacobi's is a step of coordinate ascent on the evidence
    lower bound, so the bound never falls for any damping in (0, 1].

    Parameters
    ----------
    damping : float, default 1
        Weight lambda of the new value, in (0, 1].
    schedule : {"tiled", "checkerboard", "jacobi"}
        "checkerboard" updates one colour after another in full sweeps.
        "tiled" begins like it and goes on with those parts of the picture
        that still move, their steps lengthened by 1.3 where `damping` is 1:
        the same answer in a tenth of the time. With a strength for each edge
        it is "checkerboard": which parts wait is worked out for strengths that
        are the same everywhere. "jacobi" updates all sites at
        once from the old values; undamped it can fall into a two-cycle, so
        it asks for damping below 1.
    tol : float, default 1e-3
        Stop when ``max_i |tanh(a_i) - mu_i| <= tol`` over the whole picture.
    max_sweeps : int, default 1000
        Stop after so many sweeps' worth of site updates in any case, with
        status `max_sweeps`.
    bound_every : int, default 0
        Compute the bound after every so many rounds for the trace; 0: never
        (that of the end is `Solution.lower_bound`). A round is a few sweeps, or a
        visit to all tiles that still move.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.
    backend : {"auto", "cpu", "gpu"}
        Where to compute. On a graphics card "tiled" is whole sweeps to the end, of the same
        steps. "auto" takes a card for very large pictures where there is one, and leaves
        "tiled" to the CPU.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Wainwright and Jordan, Graphical Models, Exponential Families, and
    Variational Inference, 2008, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = MeanField(tol=1e-5).solve(model)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, solution.lower_bound is not None
    ('converged', True)
    """

    name: ClassVar[str] = "mf"
    summary: ClassVar[str] = "mean field: the clean picture and how sure each pixel is"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True, factorised=True)

    damping: float = 1.0
    schedule: Schedule = "tiled"
    tol: float = 1e-3
    max_sweeps: int = 1000
    bound_every: int = 0
    parallel: bool | None = None
    backend: Backend = "auto"

    def __post_init__(self) -> None:
        check_damped(self, get_args(Schedule))
        store(self, backend=check_choice("backend", self.backend, get_args(Backend)))

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((13.6 + 4 * (self.schedule == "jacobi")) * pixels)

    def quick(self) -> MeanField:
        """Return an engine of the same schedule that ends soon; see `Engine`."""
        return replace(self, tol=1e-3, max_sweeps=200, bound_every=0)

    def in_sweeps(self) -> MeanField:
        """Return an engine whose rounds are single sweeps; see `Engine`."""
        return replace(self, schedule="checkerboard") if self.schedule == "tiled" else self

    @property
    def surroundings(self) -> int | None:
        """Pixels around a part of a picture that is solved by itself; None: it needs the whole."""
        return None if self.schedule == "jacobi" else SURROUNDINGS

    def solve_part(self, model: IsingModel, init: NDArray[np.float32], left: int) -> PartSolution:
        """Return the means of a part with its surroundings, which begin at column `left`."""
        how = {"weight": self.damping, "tol": self.tol}
        return settled(model, init, left, max_sweeps=self.max_sweeps, **how)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the fixed point reached from `init`, `labels` being the signs of `mean`.

        Parameters and result as of `Engine.solve`.
        """
        whole = 0 if self.schedule == "tiled" else _SWEEPS
        floats = 2 + (self.schedule == "jacobi")
        card = OnCard(self.backend, "means", whole, floats, labels=1)
        with packed(model, self.parallel, card) as lattice:
            mean = lattice.pack(starting_mean(model, init), -1, 1)
            del init  # its memory is wanted for the field
            lattice.load_field()
            sweeps: Sweeps
            if self.schedule == "tiled" and lattice.uniform:
                sweeps = TiledSweeps(lattice, mean, weight=self.damping, tol=self.tol)
            else:
                jacobi = self.schedule == "jacobi"
                sweeps = FullSweeps(lattice, mean, weight=self.damping, tol=self.tol, jacobi=jacobi)
            told = ascend(
                self,
                sweeps,
                lambda: lattice.elbo(mean),
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(mean),
                callback=callback,
            )
            bound = sweeps.bound()
            labels, out, energy = lattice.answer(mean)
        return Solution(
            labels=labels,
            mean=out,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            **told,
        )

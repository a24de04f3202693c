"""Structured mean field: exact chains in the mean field of one another."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed
from ..model import IsingModel
from ..validation import check_choice, check_int, check_real, check_switch, store
from ._loop import Round, iterate
from ._start import starting_mean
from ._sweeps import FullSweeps, Sweeps, TiledSweeps
from .base import Traits
from .solution import Advice, Callback, Solution, Status, Work

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

__all__ = ["StructuredMeanField"]

Chains = Literal["better", "alternating", "columns", "rows"]

#: What may go unnoticed while chains are left out, of `tol`; the last sweep is whole again.
_THRESHOLD = 0.8
#: In between, means go further than the chains' own, as those of mean field do.
_RELAXATION = 1.3


@dataclass(frozen=True)
class StructuredMeanField:
    r"""Posterior of independent chains, each exact in the mean field of its neighbours.

    The columns (or rows) of the picture are Markov chains that know nothing of one
    another but their means:

    .. math:: q(z) = \prod_C q_C(z_C), \quad q_C(z_C) \propto \exp\Bigl(
              \sum_{\{i,j\} \subset C} J_{ij} z_i z_j + \sum_{i \in C} \theta_i z_i\Bigr),
              \quad \theta_i = h_i + \sum_{j \notin C} J_{ij} \mu_j

    One update of a chain, by messages down it and up again, is a step of coordinate ascent
    on the evidence lower bound

    .. math:: \sum_C \Bigl[\log Z_C(\theta) - \sum_{i \in C} (\theta_i - h_i) \mu_i\Bigr]
              + \sum_{\{i,j\} \text{ between}} J_{ij} \mu_i \mu_j + c,

    every second chain at a time. It starts from the fixed point of `MeanField` with the
    same `tol`, so its bound is at least that one's; on a picture of a single row or column
    it is exact.

    Parameters
    ----------
    chains : {"better", "alternating", "columns", "rows"}
        What the chains are. "better" sweeps columns and rows once each from the mean-field
        fixed point, and goes on with those that have the greater bound. "alternating" goes
        on with both, one after the other, and answers with the greater bound of the end.
        A picture one pixel wide has columns only, one pixel high rows only.
    tol : float, default 1e-3
        Stop when max_i |new mu_i - mu_i| <= tol, the new means being those that
        the chains would get next. Until then chains around which nothing moves are left out.
    max_sweeps : int, default 1000
        Stop after so many sweeps' worth of site updates in any case, those of mean
        field among them, with status `max_sweeps`. One sweep of chains is done at least.
    bound_every : int, default 0
        Compute the bound after every so many sweeps of chains for the trace, which then
        leave no chain out; 0: never (that of the end is `Solution.lower_bound`).
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Saul and Jordan, Exploiting Tractable Substructures in Intractable Networks, NIPS 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[1.0, -0.5]]), Coupling.nearest(1.0), offset=0.25)
    >>> solution = StructuredMeanField().solve(model)
    >>> states = [(a, b) for a in (-1, 1) for b in (-1, 1)]
    >>> log_z = np.log(sum(np.exp(-model.energy([z])) for z in states))
    >>> bool(np.isclose(solution.lower_bound, log_z + 0.25))
    True
    """

    name: ClassVar[str] = "structured"
    summary: ClassVar[str] = "structured mean field: rows or columns exact, a better lower bound"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True)

    chains: Chains = "better"
    tol: float = 1e-3
    max_sweeps: int = 1000
    bound_every: int = 0
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            chains=check_choice("chains", self.chains, get_args(Chains)),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            bound_every=check_int("bound_every", self.bound_every, low=0),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((41 + 29 * (self.chains in {"better", "alternating"})) * pixels)

    def quick(self) -> StructuredMeanField:
        """Return an engine of the same chains that ends soon; see `Engine`."""
        return replace(self, tol=1e-3, max_sweeps=200, bound_every=0)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the fixed point reached from that of mean field, `labels` being signs of `mean`.

        Parameters and result as of `Engine.solve`.
        """
        with packed(model, self.parallel) as lattice:
            start = lattice.pack(starting_mean(model, init), -1, 1)
            del init
            lattice.load_field()
            course = _Course(lattice, start, self)
            trace, status = iterate(
                course.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=course.snapshot,
                callback=callback,
            )
            best = course.best()
            mean, bound, residual = best.picture(), best.bound(), best.residual
        labels = np.where(mean >= 0, np.int8(1), np.int8(-1))
        updates = int(trace.site_updates[-1])
        converged = status is Status.CONVERGED
        return Solution(
            labels=labels,
            mean=mean,
            energy=model.energy(labels),
            lower_bound=bound,
            upper_bound=None,
            status=status,
            work=Work(-(-updates // lattice.sites), updates),
            trace=trace,
            engine=self.name,
            diagnostics={"residual": residual},
            advice=() if converged else (self._ran_out(),),
        )

    def _ran_out(self) -> Advice:
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return Advice(message, ("max_sweeps", "tol"))


class _Course:
    """Mean field first, then chains of each orientation in turn."""

    def __init__(self, lattice: Lattice, start: Planes, settings: StructuredMeanField) -> None:
        self.lattice, self.mean, self.settings = lattice, start, settings
        tiled = lattice.uniform
        kind = TiledSweeps if tiled else FullSweeps
        self.factorised: Sweeps | None = kind(lattice, start, weight=1.0, tol=settings.tol)
        height, width = lattice.shape
        both = settings.chains in {"better", "alternating"}
        wanted = ("columns", "rows") if both else (settings.chains,)
        single = "columns" if width == 1 else "rows" if height == 1 else None
        self.waiting = [single] if single else list(wanted)
        self.solved: list[_Oriented] = []
        self.done = True  # the orientation at hand

    def step(self, budget: int) -> Round:
        """Do one round of mean field, or one sweep of chains."""
        updates, sites = 0, self.lattice.sites
        if self.factorised is not None:
            if budget > 1:
                done = self.factorised.step(budget - 1)
                updates = done.site_updates
                if not done.done and (budget - 1) * sites > updates:
                    return done
            self.factorised = None
        left = budget - -(-updates // sites)
        if self.settings.chains == "better" and len(self.waiting) == 2 and left > 1:
            return self._try_both(updates)
        if self.done:
            self._turn()
        oriented = self.solved[-1]
        every = self.settings.bound_every
        due = bool(every) and (oriented.sweeps + 1) % every == 0
        self.done = oriented.sweep(self.settings.tol, due or left <= 1)
        bound = oriented.bound() if due else math.nan
        finished = self.done and not self.waiting
        updates += oriented.chains.updates
        return Round(updates, oriented.residual, lower_bound=bound, done=finished)

    def _try_both(self, updates: int) -> Round:
        """Sweep columns and rows once each, and go on with those that have the greater bound."""
        for _ in range(2):
            self._turn()
            self.solved[-1].sweep(self.settings.tol, True)
            updates += self.lattice.sites
        self.solved = [self.best()]
        self.done = self.solved[0].residual <= self.settings.tol
        bound = self.solved[0].bound() if self.settings.bound_every == 1 else math.nan
        return Round(updates, self.solved[0].residual, lower_bound=bound, done=self.done)

    def _turn(self) -> None:
        rows = self.waiting.pop(0) == "rows"
        if self.solved and self.settings.chains == "alternating":
            self.solved[-1].rest()
        lattice = self.lattice.transposed() if rows else self.lattice
        mean = self.mean
        if rows:
            mean = lattice.pack(self.lattice.unpack(mean).T)
        elif self.waiting:
            mean = mean.copy()  # the rows start from here, too
        self.solved.append(_Oriented(lattice, mean, rows))

    def best(self) -> _Oriented:
        """Return the orientation with the greater bound, the first of two that are equal."""
        if len(self.solved) == 1:
            return self.solved[0]
        return max(self.solved, key=lambda oriented: oriented.bound())

    def snapshot(self) -> NDArray[np.float32]:
        """Return the means as they stand."""
        image: NDArray[np.float32]
        image = self.best().picture() if self.solved else self.lattice.unpack(self.mean)
        return image


class _Oriented:
    """Chains of one orientation."""

    def __init__(self, lattice: Lattice, mean: Planes, turned: bool) -> None:
        self.lattice, self.mean, self.turned = lattice, mean, turned
        self.chains = lattice.chains(mean)
        self.sweeps = 0
        self.residual = math.inf
        self._kept: float | None = None

    def sweep(self, tol: float, whole: bool) -> bool:
        """Update chains; return whether they rest.

        `whole` asks for all of them; so it is the first time, and once nothing is known to have
        moved.
        """
        self._kept = None
        self.sweeps += 1
        whole = whole or self.sweeps == 1 or not self.chains.waiting()
        threshold = _THRESHOLD * tol / max(self.lattice.model.coupling.pull, 1.0)
        self.residual = self.chains.sweep(threshold, whole, _RELAXATION)
        # the first chains have not seen the last ones move
        if whole and self.residual <= tol:
            self.residual = self.chains.look()
        return whole and self.residual <= tol

    def bound(self) -> float:
        """Return the evidence lower bound."""
        if self._kept is None:
            self._kept = self.chains.bound()
        return self._kept

    def rest(self) -> None:
        """Keep means and bound alone."""
        self.bound()
        del self.chains

    def picture(self) -> NDArray[np.float32]:
        """Return the means, (H, W)."""
        image: NDArray[np.float32] = self.lattice.unpack(self.mean)
        return np.ascontiguousarray(image.T) if self.turned else image

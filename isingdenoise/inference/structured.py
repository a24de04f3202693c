"""Structured mean field: exact chains in the mean field of one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

from numpy.typing import ArrayLike

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, check_choice, check_int, check_real, check_switch, store
from ._chain_sweeps import Course
from ._loop import iterate
from ._start import starting_mean
from .base import Traits
from .solution import Callback, Solution, Status, Work, ran_out

__all__ = ["StructuredMeanField"]

Chains = Literal["better", "alternating", "columns", "rows"]


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
        Stop when ``max_i |new mu_i - mu_i| <= tol``, the new means being those that
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
        # 24 more where edges have strengths of their own, which are turned as well
        return (49 if self.chains in {"columns", "rows"} else 86) * pixels

    def quick(self) -> StructuredMeanField:
        """Return an engine of the same chains that ends soon; see `Engine`."""
        return replace(self, tol=1e-3, max_sweeps=200, bound_every=0)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the fixed point reached from that of mean field, `labels` being signs of `mean`.

        Parameters and result as of `Engine.solve`.
        """
        with packed(model, self.parallel) as lattice:
            start = lattice.pack(starting_mean(model, init), -1, 1)
            del init
            lattice.load_field()
            course = Course(lattice, start, self)
            trace, status = iterate(
                course.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=course.snapshot,
                callback=callback,
            )
            if status is Status.STOPPED:
                course.stop()
            best = course.best()
            bound, residual = best.bound(), best.residual
            labels, mean, energy = best.answer()
        updates = int(trace.site_updates[-1])
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return Solution(
            labels=labels,
            mean=mean,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            status=status,
            work=Work(-(-updates // lattice.sites), updates),
            trace=trace,
            engine=self.name,
            diagnostics={"residual": residual},
            advice=ran_out(status, message, "max_sweeps", "tol"),
        )

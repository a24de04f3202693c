"""A mixture of mean fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, check_int, check_real, check_switch, store
from ._chains import averaged
from ._loop import iterate
from ._mixture_search import Search
from ._start import starting_mean
from .base import Traits
from .solution import Callback, Solution, Work, ran_out

__all__ = ["MixtureMeanField"]


@dataclass(frozen=True)
class MixtureMeanField:
    r"""A weighted mixture of mean fields, each in a mode of its own.

    .. math:: q(z) = \sum_m a_m \prod_i q_m(z_i)

    Mean field has to choose one of several modes, and is sure of it: without a field, and
    with strong coupling, one of two pictures that are each other's negative. The mixture
    keeps several, and its means say what it is unsure of. Its bound is

    .. math:: F = \sum_m a_m \, \mathrm{ELBO}(\mu_m) + \sum_k a_k \Bigl(\sum_i r_{ki} \mu_{ki}
              - \log \sum_m a_m \prod_i (\cosh r_{ki} + \mu_{mi} \sinh r_{ki})\Bigr)

    with the second sum, at most the mutual information of component and spins, as of
    Jaakkola and Jordan. It holds for all r and a: r is found by Newton's method, a by
    multiplicative steps, and each component is the fixed point of mean field with a
    field to which these terms add, all kept only where F rises.

    The modes are looked for by mean field from `init`, from pictures that are bright or dark
    all over, from a high temperature, and from the negative of the best. The
    best is the first component, so F is never below the bound of plain mean field,
    and another is added where it raises F. K components raise it by log K nats at most:
    by much in a model that is undecided as a whole, and by next to nothing in a large picture,
    most of whose ambiguities are local.

    Parameters
    ----------
    components : int, default 2
        At most so many, 2 to 8.
    tol : float, default 1e-3
        Components are sought until ``max_i |tanh(a_i) - mu_i| <= tol``.
    max_sweeps : int, default 3000
        Stop after so many sweeps' worth of site updates in any case, with status
        `max_sweeps` and the best mixture until then; it stops by itself when no further
        component raises F.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Notes
    -----
    Of `Solution.diagnostics`, `components` is their number, and `gain` by how much F is above the
    bound of plain mean field, in nats.

    References
    ----------
    Jaakkola and Jordan, Improving the Mean Field Approximation via the Use of Mixture
    Distributions, in Learning in Graphical Models, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel, MeanField
    >>> from isingdenoise.inference import MixtureMeanField
    >>> model = IsingModel(np.zeros((8, 8)), Coupling.nearest(1.0))
    >>> both = MixtureMeanField().solve(model)
    >>> bool(np.abs(both.mean).max() < 0.01), both.diagnostics["components"]
    (True, 2.0)
    >>> one = MeanField().solve(model, init=np.ones((8, 8)))
    >>> round(both.lower_bound - one.lower_bound, 3)  # log 2
    0.693
    """

    name: ClassVar[str] = "mixture"
    summary: ClassVar[str] = "mixture of mean fields: several modes, and a higher bound"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True)

    components: int = 2
    tol: float = 1e-3
    max_sweeps: int = 3000
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            components=check_int("components", self.components, low=2, high=8),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((40 + 6 * self.components) * pixels)

    def quick(self) -> MixtureMeanField:
        """Return an engine that ends soon; see `Engine`."""
        return replace(self, tol=max(self.tol, 1e-3), max_sweeps=min(self.max_sweeps, 400))

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the best mixture, `labels` being the signs of `mean`.

        Parameters and result as of `Engine.solve`. The lower bounds of the trace are F, as far
        as it is known; the residuals are those of the component under way.
        """
        with packed(model, self.parallel) as lattice:
            start = lattice.pack(starting_mean(model, init), -1, 1)
            del init  # its memory is wanted for the field
            lattice.load_field()
            search = Search(lattice, start, self.components, self.tol)
            del start
            trace, status = iterate(
                search.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=search.snapshot,
                callback=callback,
            )
            lattice.temper(1.0, 1.0)  # sweeps may run out with any field
            found, bound, plain = search.answer()
            average = lattice.pack(search.snapshot())
            del search
            labels, mean, energy = averaged(lattice, average)
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
            diagnostics={"components": float(found), "gain": bound - plain},
            advice=ran_out(status, message, "max_sweeps"),
        )

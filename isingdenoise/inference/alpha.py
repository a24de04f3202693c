"""Power expectation propagation: between mean field and belief propagation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, check_int, check_real, check_switch, store
from ._passing import Rounds, begun, passed, solution
from .base import Traits
from .solution import Callback, Solution

__all__ = ["AlphaDivergence"]


@dataclass(frozen=True)
class AlphaDivergence:
    r"""Power expectation propagation: local alpha-divergences between mean field and BP.

    Each edge is fitted by independent spins that minimise an alpha-divergence, in the
    surroundings that the other edges' fits make. Sites send their neighbours

    .. math:: u_{i \to j} \leftarrow (1 - \lambda) u_{i \to j} + \frac{\lambda}{\alpha}
              \operatorname{atanh}(\tanh(\alpha J_{ij}) \tanh(a_i - \alpha u_{j \to i})),
              \quad a_i = h_i + \sum_k u_{k \to i}

    and the mean is tanh(a_i). With alpha = 1 these are the messages of `BeliefPropagation`; as
    alpha falls to 0 they become J tanh(a_i), and the fixed point that of `MeanField`. The lower
    bound is the evidence lower bound of independent spins with the means found: it
    holds for any alpha.

    Parameters
    ----------
    alpha : float, default 0.5
        Which divergence, in [0, 1].
    damping : float, default 1
        Weight lambda of a new message to begin with, in (0, 1]. Where the residual does not
        halve in 32 sweeps, messages go in circles, and the weight is halved, down to 1/16.
    tol : float, default 1e-3
        Stop when ``max_i |tanh(a_i) - tanh(a_i')| <= tol lambda``, a_i' being the sum at the time
        at which site i sent last.
    max_sweeps : int, default 1000
        Stop after so many sweeps in any case, with status `max_sweeps`.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Minka, Power EP, Microsoft Research MSR-TR-2004-149, 2004. Minka, Divergence Measures and
    Message Passing, Microsoft Research MSR-TR-2005-173, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel, MeanField
    >>> model = IsingModel(np.array([[1.0, -0.2], [0.4, 0.1]]), Coupling.nearest(0.4))
    >>> limit = AlphaDivergence(alpha=0, tol=1e-6).solve(model).mean
    >>> bool(np.allclose(limit, MeanField(tol=1e-6).solve(model).mean, atol=1e-5))
    True
    """

    name: ClassVar[str] = "alpha"
    summary: ClassVar[str] = "power expectation propagation: between mean field and bp"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True)

    alpha: float = 0.5
    damping: float = 1.0
    tol: float = 1e-3
    max_sweeps: int = 1000
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            alpha=check_real("alpha", self.alpha, low=0, high=1),
            damping=check_real("damping", self.damping, low=0, high=1, low_open=True),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return 58 * pixels

    def quick(self) -> AlphaDivergence:
        """Return an engine that ends soon; see `Engine`."""
        return replace(self, tol=1e-3, max_sweeps=200)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the fixed point reached from the messages that spins with means `init` send.

        Parameters and result as of `Engine.solve`.
        """
        with packed(model, self.parallel) as lattice:
            passing = begun(lattice, model, init, (self.alpha,) * 4, self.damping)
            rounds = Rounds(passing, self.damping, self.tol)
            course = passed(rounds, self, callback)
            bound = lattice.elbo(rounds.passing.mean())
            return solution(self.name, model, rounds, course, lower=bound)

"""Loopy belief propagation."""

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

__all__ = ["BeliefPropagation"]


@dataclass(frozen=True)
class BeliefPropagation:
    r"""Sum-product belief propagation: means that know of their neighbours' doubts.

    Sites send messages to their neighbours, plane by plane in checkerboard order,

    .. math:: u_{i \to j} \leftarrow (1 - \lambda) u_{i \to j} + \lambda
              \operatorname{atanh}(\tanh J_{ij} \tanh(a_i - u_{j \to i})),
              \quad a_i = h_i + \sum_k u_{k \to i}

    and the mean is tanh(a_i). It is exact where the picture has no loops, so on
    one of a single row or column. Elsewhere means are closer to the marginals than those of
    mean field while couplings are weak or fields clear; strong couplings that
    contradict one another may keep messages from converging.

    `diagnostics["bethe"]` is the Bethe approximation of log Z + c, in nats. It is no bound.
    At a fixed point its derivative with respect to a field is the mean.

    Parameters
    ----------
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
    Pearl, Probabilistic Reasoning in Intelligent Systems, 1988. Yedidia, Freeman and Weiss,
    Constructing Free-Energy Approximations and Generalized Belief Propagation Algorithms,
    IEEE Transactions on Information Theory 51, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[1.0, -0.5]]), Coupling.nearest(1.0), offset=0.25)
    >>> solution = BeliefPropagation().solve(model)
    >>> states = [(a, b) for a in (-1, 1) for b in (-1, 1)]
    >>> log_z = np.log(sum(np.exp(-model.energy([z])) for z in states))
    >>> bool(np.isclose(solution.diagnostics["bethe"], log_z + 0.25))
    True
    """

    name: ClassVar[str] = "bp"
    summary: ClassVar[str] = "belief propagation: better means than mean field, exact on a row"
    traits: ClassVar[Traits] = Traits(marginals=True)

    damping: float = 1.0
    tol: float = 1e-3
    max_sweeps: int = 1000
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            damping=check_real("damping", self.damping, low=0, high=1, low_open=True),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return 58 * pixels

    def quick(self) -> BeliefPropagation:
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
            passing = begun(lattice, model, init, (1.0,) * 4, self.damping)
            rounds = Rounds(passing, self.damping, self.tol)
            course = passed(rounds, self, callback)
            found = {"bethe": rounds.passing.bethe()}
            return solution(self.name, model, rounds, course, diagnostics=found)

"""Tree-reweighted belief propagation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, check_int, check_real, check_switch, store
from ._loop import Round
from ._passing import Rounds, begun, passed, solution
from .base import Traits
from .solution import Callback, Solution

__all__ = ["TreeReweighted"]


@dataclass(frozen=True)
class TreeReweighted:
    r"""Belief propagation on a mixture of forests: an upper bound on log Z.

    The forests are all rows, all columns and, with eight neighbours, all diagonals of either
    kind; each has the weight rho = 1/2 or 1/4 (1 over the number of directions that have
    edges). Messages are those of belief propagation with strengths J / rho, each weighed by rho:

    .. math:: u_{i \to j} \leftarrow (1 - \lambda) u_{i \to j} + \lambda \rho
              \operatorname{atanh}(\tanh(J_{ij} / \rho) \tanh(a_i - u_{j \to i} / \rho)),
              \quad a_i = h_i + \sum_k u_{k \to i}

    and the mean is tanh(a_i). Whatever the messages are, with strengths J / rho along forest T
    and the fields :math:`\theta^T_i = a_i - \sum_{k \in T} u_{k \to i} / \rho`,

    .. math:: \log Z \le \sum_T \rho \log Z_T(\theta^T)

    since log Z is convex and :math:`\sum_T \rho \theta^T_i = h_i`. So the upper bound
    holds after every sweep, converged or not, and is the least where messages rest. On a picture
    of a single row or column it is log Z + c.

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
    bound_every : int, default 0
        Compute the bound after every so many sweeps, and answer with the least; 0: at the
        end only.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Wainwright, Jaakkola and Willsky, A New Class of Upper Bounds on the Log Partition
    Function, IEEE Transactions on Information Theory 51, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[1.0, -0.5], [0.3, 0.2]]), Coupling.nearest(0.5))
    >>> solution = TreeReweighted().solve(model)
    >>> states = np.stack(np.meshgrid(*[[-1, 1]] * 4), -1).reshape(-1, 2, 2)
    >>> log_z = np.log(sum(np.exp(-model.energy(z)) for z in states))
    >>> bool(log_z <= solution.upper_bound < log_z + 0.3)
    True
    """

    name: ClassVar[str] = "trw"
    summary: ClassVar[str] = "tree-reweighted belief propagation: an upper bound on log Z"
    traits: ClassVar[Traits] = Traits(marginals=True, upper_bound=True)

    damping: float = 1.0
    tol: float = 1e-3
    max_sweeps: int = 1000
    bound_every: int = 0
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            damping=check_real("damping", self.damping, low=0, high=1, low_open=True),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            bound_every=check_int("bound_every", self.bound_every, low=0),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return 62 * pixels

    def quick(self) -> TreeReweighted:
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
        weights = forest_weights(model)
        share = tuple(1 / rho if rho else 1.0 for rho in weights)
        with packed(model, self.parallel) as lattice:
            passing = begun(lattice, model, init, share, self.damping)
            rounds = _Bounded(passing, self.damping, self.tol)
            rounds.weights, rounds.every = weights, self.bound_every
            course = passed(rounds, self, callback)
            rounds.bound()
            return solution(self.name, model, rounds, course, upper=rounds.least)


class _Bounded(Rounds):
    """Rounds that know the least upper bound met."""

    weights: tuple[float, ...] = ()
    every: int = 0
    least: float = math.inf

    def step(self, budget: int) -> Round:
        """Let every site send once; find the bound where it is its turn."""
        done = super().step(budget)
        if self.every and self.sweeps % self.every == 0:
            done = replace(done, upper_bound=self.bound())
        return done

    def bound(self) -> float:
        """Return the bound of the messages as they stand."""
        bound = self.passing.upper_bound(self.weights)
        self.least = min(self.least, bound)
        return bound


def forest_weights(model: IsingModel) -> tuple[float, ...]:
    """Return the weight of the forest of each direction, 0 where it has no edges.

    The directions that have edges share alike; without any the columns take all.
    """
    height, width = model.shape
    room = (width > 1, height > 1, *[min(height, width) > 1] * 2)
    wanted = [
        place and bool(np.any(strength))
        for place, (_, strength) in zip(room, model.coupling.planes, strict=False)
    ]
    if not any(wanted):
        wanted[1] = True
    weights = [float(has) / sum(wanted) for has in wanted]
    return tuple(weights + [0.0] * (4 - len(weights)))

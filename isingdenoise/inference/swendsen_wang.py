"""Swendsen-Wang cluster sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, check_int, check_switch, store
from ._chains import MOST_CHAINS, ChainSettings, solve_by_chains
from ._start import starting_mean
from .base import Traits
from .solution import Callback, Solution

if TYPE_CHECKING:
    from ..backends import Planes

__all__ = ["SwendsenWang"]


@dataclass(frozen=True)
class SwendsenWang(ChainSettings):
    r"""Samples from the posterior, a whole cluster of spins turning at once.

    A sweep bonds neighbours that agree with the sign of their strength,
    J_ij z_i z_j > 0, with probability

    .. math:: 1 - \exp(-2 |J_{ij}|)

    and draws each cluster C of bonded spins anew: it stays with probability

    .. math:: 1 / (1 + \exp(-2 b_C)), \quad b_C = \sum_{i \in C} h_i z_i

    else all of it turns. The field is the coupling to one further spin that
    is always +1, the ghost. With bonds to the ghost drawn as well, clusters
    that have one would stand still, and the others turn with probability 1/2;
    here those bonds are summed out: given the bonds between pixels, the two
    states of a cluster have weights exp(b_C) and exp(-b_C), and it is drawn
    from just these.

    Clusters seldom part where a noisy field pulls at single pixels, and there Gibbs
    sweeps move best: they cost a tenth, and `local_sweeps` of them follow. The mean
    is the average of their conditional means tanh(a_i) over the kept sweeps of all
    chains or, without them, of the means given the bonds, z_i tanh(b_C) (Rao-Blackwell
    both); the labels are its signs.

    Where the field is weak and the coupling strong it forgets its state within a
    few sweeps, when Gibbs sampling alone needs longer than anyone waits. Under the
    field of a picture Gibbs sampling alone does as well, in a tenth of the time. With
    strengths that contradict one another (frustration) it is still exact, but
    clusters grow without turning what matters.

    Random numbers come from Philox4x32-7, keyed by seed, chain, sweep and
    site (of a cluster: the first of its sites): one seed gives the same spins for
    any number of threads.

    Parameters
    ----------
    burn_in : int, default 50
        Sweeps of each chain that are thrown away.
    sweeps : int, default 200
        Sweeps of each chain that are kept; it stops after `burn_in + sweeps`.
    chains : int, default 2
        Independent chains. The first starts from `init`, the others from
        spins drawn from the field alone.
    local_sweeps : int, default 1
        Gibbs sweeps after each sweep of clusters, at most 100.
    parallel : bool, optional
        Whether Gibbs sweeps use threads, by default those of large pictures do. Clusters are
        gathered on one thread in any case.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Swendsen and Wang, Physical Review Letters 58, 1987. The ghost spin: Coniglio,
    di Liberto, Monroy and Peruggi, Journal of Physics A 22, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> from isingdenoise.inference import SwendsenWang
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = SwendsenWang(sweeps=50, chains=4).solve(model, rng=0)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, "r_hat" in solution.diagnostics
    ('sampled', True)
    """

    name: ClassVar[str] = "swendsen-wang"
    summary: ClassVar[str] = "cluster sampling: mixes where pixels hang together, weak fields"
    traits: ClassVar[Traits] = Traits(marginals=True, stochastic=True)

    local_sweeps: int = 1
    parallel: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        store(
            self,
            local_sweeps=check_int("local_sweeps", self.local_sweeps, low=0, high=100),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((31.4 + self.chains) * pixels)

    def quick(self) -> SwendsenWang:
        """Return an engine that draws two sweeps, one of them kept; see `Engine`."""
        return replace(self, burn_in=1, sweeps=1)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Draw `burn_in + sweeps` sweeps of each chain, the first begun at the signs of `init`.

        Parameters and result as of `Engine.solve`; the trace holds each chain's
        energies, and `callback` is called after each sweep of all chains.
        """
        with packed(model, self.parallel) as lattice:
            first = lattice.signs(lattice.pack(starting_mean(model, init)))
            del init  # its memory is wanted for the other chains
            clusters = lattice.cluster_sweeps()
            local = self.local_sweeps

            def draw(
                labels: Planes,
                total: Planes,
                keep: bool,
                counter: tuple[int, int],
                key: tuple[np.uint32, np.uint32],
            ) -> None:
                sweep, chain = counter
                clusters.sweep(labels, total, keep and not local, counter, key)
                for k in range(1, local + 1):  # numbers that no sweep of clusters has
                    lattice.gibbs_sweep(labels, total, keep, (sweep, chain + k * MOST_CHAINS), key)

            return solve_by_chains(
                self, lattice, draw, first, rng=rng, callback=callback, means=local or 1
            )

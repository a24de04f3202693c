"""Chromatic Gibbs sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, get_args

from numpy.typing import ArrayLike

from ..backends import Backend, OnCard, packed
from ..model import IsingModel
from ..validation import RandomSource, check_choice, check_switch, store
from ._chains import ChainSettings, solve_by_chains
from ._start import starting_mean
from .base import Traits
from .solution import Callback, Solution

__all__ = ["Gibbs"]


@dataclass(frozen=True)
class Gibbs(ChainSettings):
    """Samples from the posterior, one colour after another.

    The mean is the average of the conditional means tanh(a_i) over the kept
    sweeps of all chains (Rao-Blackwell; Gelfand and Smith, JASA 85, 1990),
    the labels are its signs: the marginal posterior modes.

    Random numbers come from Philox4x32-7, keyed by seed, chain, sweep and
    site: one seed gives the same spins for any number of threads.

    Parameters
    ----------
    burn_in : int, default 50
        Sweeps of each chain that are thrown away.
    sweeps : int, default 200
        Sweeps of each chain that are kept.
    chains : int, default 2
        Independent chains. The first starts from `init`, the others from
        spins drawn from the field alone.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.
    backend : {"auto", "cpu", "gpu"}
        Where to compute: "auto" takes a graphics card for very large pictures, where there
        is one. The random numbers are the same.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Geman and Geman, IEEE PAMI 6, 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = Gibbs(sweeps=50, chains=4).solve(model, rng=0)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, "r_hat" in solution.diagnostics
    ('sampled', True)
    """

    name: ClassVar[str] = "gibbs"
    summary: ClassVar[str] = "Gibbs sampling: exact in the limit, with convergence diagnostics"
    traits: ClassVar[Traits] = Traits(marginals=True, stochastic=True)

    parallel: bool | None = None
    backend: Backend = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        store(
            self,
            parallel=check_switch("parallel", self.parallel),
            backend=check_choice("backend", self.backend, get_args(Backend)),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((17.4 + self.chains) * pixels)

    def quick(self) -> Gibbs:
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
        every = (self.burn_in + self.sweeps) * self.chains
        card = OnCard(self.backend, "draws", every, floats=3, labels=self.chains + 1)
        with packed(model, self.parallel, card) as lattice:
            first = lattice.packed_signs(starting_mean(model, init))
            del init  # its memory is wanted for the other chains
            draw = lattice.gibbs_sweep
            return solve_by_chains(self, lattice, draw, first, rng=rng, callback=callback)

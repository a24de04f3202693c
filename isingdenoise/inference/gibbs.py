"""Chromatic Gibbs sampling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed
from ..diagnostics import effective_sample_size, r_hat
from ..model import IsingModel
from ..validation import as_generator, check_int, check_switch, store
from ._loop import Round, iterate
from ._start import starting_mean
from .base import Traits
from .solution import Advice, Callback, Solution, Status, Work

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

__all__ = ["Gibbs"]

#: Above this the chains have not mixed (Vehtari et al. 2021 ask for less, but of marginals).
_R_HAT = 1.1
#: With fewer kept sweeps nothing can be told of the chains: two in each half.
_LEAST_SWEEPS = 4
# float32 sums of so many means in [-1, 1] keep seven digits; then they are
# folded into the running mean.
_FOLD = 256


@dataclass(frozen=True)
class Gibbs:
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

    burn_in: int = 50
    sweeps: int = 200
    chains: int = 2
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            burn_in=check_int("burn_in", self.burn_in, low=0),
            sweeps=check_int("sweeps", self.sweeps, low=1),
            chains=check_int("chains", self.chains, low=1, high=1024),
            parallel=check_switch("parallel", self.parallel),
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
        rng: np.random.Generator | int | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Draw `burn_in + sweeps` sweeps of each chain, the first begun at the signs of `init`.

        Parameters and result as of `Engine.solve`; the trace holds each chain's
        energies, and `callback` is called after each sweep of all chains.
        """
        generator, _ = as_generator(rng)
        with packed(model, self.parallel) as lattice:
            first = lattice.signs(lattice.pack(starting_mean(model, init)))
            del init  # its memory is wanted for the other chains
            sampler = _Sampler(lattice, self, first, generator)
            trace, _ = iterate(
                sampler.step,
                max_sweeps=self.burn_in + self.sweeps,
                sites=lattice.sites * self.chains,
                snapshot=sampler.snapshot,
                callback=callback,
            )
            average = sampler.average()
            del sampler
            signs = lattice.signs(average)
            energy = lattice.energy(signs)
            lattice.drop_field()
            labels = lattice.unpack(signs)
            del signs
            mean = lattice.unpack(average)
        kept = trace.energy[self.burn_in :].T
        mixing = r_hat(kept)
        return Solution(
            labels=labels,
            mean=mean,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            status=Status.SAMPLED,
            work=Work(len(trace), int(trace.site_updates[-1])),
            trace=trace,
            engine=self.name,
            diagnostics={"r_hat": mixing, "effective_sample_size": effective_sample_size(kept)},
            advice=tuple(self._advice(mixing)),
        )

    def _advice(self, mixing: float) -> Iterator[Advice]:
        if mixing > _R_HAT:
            message = f"the chains disagree (R-hat {mixing:.2f})"
            yield Advice(message, ("burn_in", "sweeps"), together=True)
        if self.sweeps < _LEAST_SWEEPS:
            yield Advice("too few sweeps to tell whether the chains agree", ("sweeps",))


class _Sampler:
    """The state of all chains, and the running mean."""

    def __init__(
        self,
        lattice: Lattice,
        settings: Gibbs,
        first: Planes,
        rng: np.random.Generator,
    ) -> None:
        self.lattice = lattice
        self.burn_in = settings.burn_in
        key = rng.integers(0, 2**32, 2, np.uint32)
        self.key = (key[0], key[1])
        self.states = [first]
        for _ in range(settings.chains - 1):
            drawn = rng.random(lattice.shape, np.float32)
            drawn *= -2
            drawn += 1  # uniform in (-1, 1]
            drawn += np.tanh(lattice.model.field)
            self.states.append(lattice.signs(lattice.pack(drawn)))
            del drawn
        self.total = lattice.allocate(np.float32)
        self.mean = lattice.allocate(np.float32)
        self.sweep = 0
        self.pending = 0  # means in `total`
        self.folded = 0  # means in `mean`

    def step(self, _: int) -> Round:
        """Draw one sweep of every chain."""
        self.sweep += 1
        keep = self.sweep > self.burn_in
        for chain, labels in enumerate(self.states):
            self.lattice.gibbs_sweep(labels, self.total, keep, (self.sweep, chain), self.key)
        self.pending += keep * len(self.states)
        if self.pending >= _FOLD:
            self._fold()
        energies = tuple(self.lattice.energy(labels) for labels in self.states)
        return Round(self.lattice.sites * len(self.states), energy=energies)

    def average(self) -> Planes:
        """Return the mean over the kept sweeps of all chains."""
        self._fold()
        return np.clip(self.mean, -1, 1, out=self.mean)

    def snapshot(self) -> NDArray[np.int8]:
        """Return the labels of all chains, (chains, H, W)."""
        return np.stack([self.lattice.unpack(labels) for labels in self.states])

    def _fold(self) -> None:
        if self.pending:
            self.folded += self.pending
            # mean += (total / n - mean) * n / N, for n pending of N in all
            for plane in range(4):  # one at a time, so that the temporary stays small
                self.total[plane] -= self.mean[plane] * np.float32(self.pending)
            self.total /= np.float32(self.folded)
            self.mean += self.total
            self.total[...] = 0
            self.pending = 0

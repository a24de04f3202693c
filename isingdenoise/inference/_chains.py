"""What samplers share: the running mean, and chains that are drawn side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import effective_sample_size, r_hat
from ..validation import RandomSource, as_generator, check_int, store
from ._loop import Round, iterate
from .solution import Advice, Callback, Solution, Status, Trace, Work

if TYPE_CHECKING:
    from ..backends import Lattice, Planes, VolumeLattice

#: Draws one sweep: (packed labels, sum of conditional means, whether it counts,
#: (sweep, chain), key).
Draw = Callable[
    ["Planes", "Planes", bool, tuple[int, int], tuple[np.uint32, np.uint32]],
    None,
]

#: At most so many chains: the rest of the counter tells kinds of sweeps apart.
MOST_CHAINS = 1024
#: Above this the chains have not mixed (Vehtari et al. 2021 ask for less, but of marginals).
R_HAT = 1.1
#: With fewer kept sweeps nothing can be told of the chains: two in each half.
_LEAST_SWEEPS = 4
# float32 sums of so many means in [-1, 1] keep seven digits; then they are
# folded into the running mean.
_FOLD = 256


@dataclass(frozen=True)
class ChainSettings:
    """How many chains are drawn, how long they are, and what of them is kept."""

    name: ClassVar[str]

    burn_in: int = 50
    sweeps: int = 200
    chains: int = 2

    def __post_init__(self) -> None:
        store(
            self,
            burn_in=check_int("burn_in", self.burn_in, low=0),
            sweeps=check_int("sweeps", self.sweeps, low=1),
            chains=check_int("chains", self.chains, low=1, high=MOST_CHAINS),
        )


class RunningMean:
    """The mean of conditional means that kernels add to `total`, in float32."""

    def __init__(self, lattice: Lattice | VolumeLattice) -> None:
        self.lattice = lattice
        self.total = lattice.allocate(np.float32)
        self.mean = lattice.allocate(np.float32)
        self.pending = 0  # means in `total`
        self.folded = 0  # means in `mean`

    def count(self, added: int) -> None:
        """Count so many means that have been added to `total`."""
        self.pending += added
        if self.pending >= _FOLD:
            self._fold()

    def average(self) -> Planes:
        """Return the mean of all, packed."""
        self._fold()
        return self.lattice.clip(self.mean)

    def _fold(self) -> None:
        if self.pending:
            self.folded += self.pending
            self.lattice.fold(self.total, self.mean, self.pending, self.folded)
            self.pending = 0


def random_key(rng: np.random.Generator) -> tuple[np.uint32, np.uint32]:
    """Return a fresh key for Philox."""
    key = rng.integers(0, 2**32, 2, np.uint32)
    return key[0], key[1]


def drawn_from_the_field(lattice: Lattice, rng: np.random.Generator) -> Planes:
    """Return packed labels drawn from the field alone, as if nothing were coupled."""
    drawn = rng.random(lattice.shape, np.float32)
    drawn *= -2
    drawn += 1  # uniform in (-1, 1]
    drawn += np.tanh(lattice.model.field)
    return lattice.packed_signs(drawn)


class Chains:
    """The state of all chains, and the running mean."""

    def __init__(
        self,
        lattice: Lattice,
        settings: ChainSettings,
        draw: Draw,
        first: Planes,
        rng: np.random.Generator,
        means: int,
    ) -> None:
        self.lattice, self.draw, self.means = lattice, draw, means
        self.burn_in = settings.burn_in
        self.key = random_key(rng)
        self.states = [first]
        for _ in range(settings.chains - 1):
            self.states.append(drawn_from_the_field(lattice, rng))
        self.mean = RunningMean(lattice)
        self.sweep = 0

    def step(self, _: int) -> Round:
        """Draw one sweep of every chain."""
        self.sweep += 1
        keep = self.sweep > self.burn_in
        for chain, labels in enumerate(self.states):
            self.draw(labels, self.mean.total, keep, (self.sweep, chain), self.key)
        self.mean.count(keep * len(self.states) * self.means)
        energies = tuple(self.lattice.energy(labels) for labels in self.states)
        return Round(self.lattice.sites * len(self.states), energy=energies)

    def average(self) -> Planes:
        """Return the mean of what was kept, packed; within the burn-in that of the labels."""
        if self.sweep <= self.burn_in:  # the callback ended it there
            for labels in self.states:
                self.lattice.add(self.mean.total, labels)
            self.mean.count(len(self.states))
        return self.mean.average()

    def snapshot(self) -> NDArray[np.int8]:
        """Return the labels of all chains, (chains, H, W)."""
        return np.stack([self.lattice.unpack(labels) for labels in self.states])


def solve_by_chains(
    settings: ChainSettings,
    lattice: Lattice,
    draw: Draw,
    first: Planes,
    *,
    rng: RandomSource,
    callback: Callback | None,
    means: int = 1,
) -> Solution:
    """Draw `burn_in + sweeps` sweeps of each chain, and average the means that they add.

    Each kept sweep of a chain adds `means` of them. The first chain starts from `first`.
    """
    generator, _ = as_generator(rng)
    chains = Chains(lattice, settings, draw, first, generator, means)
    trace, status = iterate(
        chains.step,
        max_sweeps=settings.burn_in + settings.sweeps,
        sites=lattice.sites * settings.chains,
        snapshot=chains.snapshot,
        callback=callback,
    )
    average = chains.average()
    del chains
    labels, mean, energy = averaged(lattice, average)
    return Solution(
        labels=labels,
        mean=mean,
        energy=energy,
        lower_bound=None,
        upper_bound=None,
        **sampled(settings, trace, status),
    )


def sampled(settings: ChainSettings, trace: Trace, status: Status) -> dict[str, Any]:
    """Return what a solution tells of chains: status, work, trace, engine, diagnostics, advice."""
    kept = trace.energy[settings.burn_in :].T
    mixing = r_hat(kept)
    stopped = status is Status.STOPPED
    return {
        "status": Status.STOPPED if stopped else Status.SAMPLED,
        "work": Work(len(trace), int(trace.site_updates[-1])),
        "trace": trace,
        "engine": settings.name,
        "diagnostics": {"r_hat": mixing, "effective_sample_size": effective_sample_size(kept)},
        "advice": () if stopped else tuple(chain_advice(mixing, settings.sweeps)),
    }


def averaged(
    lattice: Lattice, average: Planes
) -> tuple[NDArray[np.int8], NDArray[np.float32], float]:
    """Return labels, means and the labels' energy of packed means; the packed field is dropped."""
    signs = lattice.signs(average)
    energy = lattice.energy(signs)
    lattice.drop_field()
    labels = lattice.unpack(signs)
    del signs
    return labels, lattice.unpack(average), energy


def chain_advice(mixing: float, sweeps: int) -> Iterator[Advice]:
    """Yield what kept sweeps say against themselves: R-hat, and how few they are."""
    if mixing > R_HAT:
        message = f"the chains disagree (R-hat {mixing:.2f})"
        yield Advice(message, ("burn_in", "sweeps"), together=True)
    if sweeps < _LEAST_SWEEPS:
        yield Advice("too few sweeps to tell whether the chains agree", ("sweeps",))

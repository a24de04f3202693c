"""Coupling from the past: two chains for each sample, begun further and further back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..gauge import find_gauge
from ._chains import RunningMean, random_key
from ._loop import Round
from ._phases import Phases

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

#: Sweeps that are looked back first.
_FIRST = 4
#: Most samples, and most sweeps that follow one: the rest of the counter tells the two apart.
MOST = (1 << 16) - 1
#: A round ends after so many sweeps or site updates, so that deadlines and Ctrl-C are heard.
_SWEEPS, _UPDATES = 64, 1 << 23


class Past(Phases):
    """Two chains for each sample, as they arrive in the present; one where they have met.

    Parameters
    ----------
    lattice : Lattice
        The model, whose couplings are not frustrated.
    samples : int
        How many samples are drawn.
    sweeps : int
        How many sweeps follow each.
    rng : numpy.random.Generator
        Source of the seed.
    """

    def __init__(
        self, lattice: Lattice, samples: int, sweeps: int, rng: np.random.Generator
    ) -> None:
        super().__init__()
        self.lattice, self.sweeps = lattice, sweeps
        self.key = random_key(rng)
        gauge = find_gauge(lattice.model.coupling, lattice.shape)
        assert gauge is not None  # the engine has no objection
        self.highest = lattice.signs(lattice.pack(gauge.astype(np.float32)))
        self.mean = RunningMean(lattice)
        # Nothing is known of a sample but that it lies between the extremes.
        self.states = [[-self.highest, self.highest] for _ in range(samples)]
        self.looked_back = 0

    @property
    def met(self) -> int:
        """How many samples are decided."""
        return sum(len(chains) == 1 for chains in self.states)

    def snapshot(self) -> NDArray[np.int8]:
        """Return the labels of the lower chain of each sample, (samples, H, W)."""
        return np.stack([self.lattice.unpack(chains[0]) for chains in self.states])

    def average(self) -> tuple[Planes, float]:
        """Return the mean over all samples, and the share of undecided sites.

        Samples that have not met count by the middle of their two chains, after one sweep.
        """
        different = 0
        for sample, chains in enumerate(self.states):
            if len(chains) > 1:
                after = [labels.copy() for labels in chains]
                for labels in after:
                    self._sweep(labels, self.sweeps / 2, 0, sample)
                self.mean.count(self.sweeps)
                different += _differences(after)
        return self.mean.average(), different / (self.lattice.sites * len(self.states))

    def rounds(self) -> Iterator[Round]:
        """Look twice as far back again and again, with all samples that have not met."""
        self.looked_back, waiting = _FIRST, list(range(len(self.states)))
        while waiting:
            for sample in waiting:
                yield from self._attempt(sample)
                if len(self.states[sample]) == 1:
                    yield self._follow(sample)
            waiting = [sample for sample in waiting if len(self.states[sample]) > 1]
            self.looked_back *= 2

    def _attempt(self, sample: int) -> Iterator[Round]:
        """Run a sample's two chains from `looked_back` sweeps ago until now."""
        chains, time = [-self.highest, self.highest.copy()], self.looked_back
        while time:
            count = min(time, _SWEEPS, max(_UPDATES // self.lattice.sites, 1))
            count = min(count, max(self.budget // len(chains), 1))
            updates = count * len(chains) * self.lattice.sites
            for _ in range(count):
                for labels in chains:
                    self._sweep(labels, 0, time, sample)
                time -= 1
            different = _differences(chains)
            if not different:
                chains = chains[:1]  # what has met goes on as one
            energy = np.nan
            if not time:
                self.states[sample] = chains
                energy = self.lattice.energy(chains[0])
            yield Round(updates, residual=different, energy=energy)

    def _follow(self, sample: int) -> Round:
        """Add the conditional means of the sweeps that follow a sample, which stays as it is."""
        labels = self.states[sample][0].copy()
        for k in range(self.sweeps):  # with numbers that no sample has
            self._sweep(labels, 1, k, sample + MOST + 1)
        self.mean.count(self.sweeps)
        return Round(self.sweeps * self.lattice.sites, done=self.met == len(self.states))

    def _sweep(self, labels: Planes, weight: float, time: int, sample: int) -> None:
        """Draw the sweep that ends `time` sweeps ago, with its own random numbers."""
        self.lattice.gibbs_sweep(labels, self.mean.total, weight, (time, sample), self.key)


def _differences(chains: list[Planes]) -> int:
    """Return at how many sites two chains differ; one chain has no other."""
    return int(np.count_nonzero(chains[0] != chains[-1]))

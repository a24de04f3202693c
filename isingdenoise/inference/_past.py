"""Coupling from the past: two chains for each sample, begun further and further back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..gauge import find_gauge
from ._chains import RunningMean, drawn_from_the_field, random_key
from ._loop import Round
from ._phases import Phases

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

#: Sweeps that are looked back first.
_FIRST = 4
#: Sweeps of the chain that stands in for a sample whose own have not met.
_BLIND = 64
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
        self.rng, self.key = rng, random_key(rng)
        gauge = find_gauge(lattice.model.coupling, lattice.shape)
        assert gauge is not None  # the engine has no objection
        self.highest = lattice.signs(lattice.pack(gauge.astype(np.float32)))
        self.mean = RunningMean(lattice)
        # Nothing is known of a sample but that it lies between the extremes.
        self.states = [[-self.highest, self.highest] for _ in range(samples)]
        self.left_out = [True] * samples
        self.looked_back = 0

    @property
    def met(self) -> int:
        """How many samples are decided."""
        return sum(len(chains) == 1 for chains in self.states)

    def snapshot(self) -> NDArray[np.int8]:
        """Return the labels of the lower chain of each sample, (samples, H, W)."""
        return np.stack([self.lattice.unpack(chains[0]) for chains in self.states])

    def average(self) -> Planes:
        """Return the mean over all samples; those without one count by a single sweep."""
        for sample, left_out in enumerate(self.left_out):
            if left_out:
                self._stand_in(sample, 0, 1)
        return self.mean.average()

    def undecided(self) -> float:
        """Return the share of sites, over all samples, at which the two chains differ."""
        different = sum(map(_differences, self.states))
        return different / (self.lattice.sites * len(self.states))

    def rounds(self) -> Iterator[Round]:
        """Look twice as far back again and again, with all samples that have not met."""
        self.looked_back, waiting = 0, list(range(len(self.states)))
        while waiting:
            ahead = 2 * self.looked_back or _FIRST
            for sample in waiting:
                # each that does not meet needs some sweeps of its own in the end
                spare = (len(self.states) - self.met) * (_BLIND + self.sweeps)
                if self.budget < 2 * ahead + spare:
                    yield from self._end()
                    return
                yield from self._attempt(sample, ahead)
                self.looked_back = ahead
                if len(self.states[sample]) == 1:
                    updates = self._follow(sample, self.states[sample][0].copy(), self.sweeps)
                    yield Round(updates, done=self.met == len(self.states))
            waiting = [sample for sample in waiting if len(self.states[sample]) > 1]

    def _end(self) -> Iterator[Round]:
        """Let a third chain stand in for each sample that has not met."""
        waiting = [sample for sample, chains in enumerate(self.states) if len(chains) > 1]
        for number, sample in enumerate(waiting, start=1):
            sweeps = max(min(self.sweeps, self.budget), 1)
            updates = self._stand_in(sample, min(_BLIND, max(self.budget - sweeps, 0)), sweeps)
            yield Round(updates, _differences(self.states[sample]), done=number == len(waiting))

    def _stand_in(self, sample: int, time: int, sweeps: int) -> int:
        """Run a chain between the two of a sample, and count it; return the site updates.

        It starts from spins drawn from the field, not long ago. Where the two agree the sample
        is decided, and so is the chain.
        """
        labels = drawn_from_the_field(self.lattice, self.rng)
        for ago in range(time, 0, -1):
            self._sweep(labels, 0, ago, sample)
        low, high = self.states[sample]
        np.copyto(labels, low, where=low == high)
        return time * self.lattice.sites + self._follow(sample, labels, sweeps)

    def _follow(self, sample: int, labels: Planes, sweeps: int) -> int:
        """Add the conditional means of the sweeps that follow a sample; return the updates."""
        for k in range(sweeps):  # with numbers that no sample has
            self._sweep(labels, self.sweeps / sweeps, k, sample + MOST + 1)
        self.mean.count(self.sweeps)
        self.left_out[sample] = False
        return sweeps * self.lattice.sites

    def _attempt(self, sample: int, time: int) -> Iterator[Round]:
        """Run a sample's two chains from `time` sweeps ago until now."""
        chains = [-self.highest, self.highest.copy()]
        while time:
            count = min(time, _SWEEPS, max(_UPDATES // self.lattice.sites, 1))
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

    def _sweep(self, labels: Planes, weight: float, time: int, sample: int) -> None:
        """Draw the sweep that ends `time` sweeps ago, with its own random numbers."""
        self.lattice.gibbs_sweep(labels, self.mean.total, weight, (time, sample), self.key)


def _differences(chains: list[Planes]) -> int:
    """Return at how many sites two chains differ; one chain has no other."""
    return int(np.count_nonzero(chains[0] != chains[-1]))

"""Exact samples, by coupling from the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed
from ..gauge import find_gauge
from ..model import IsingModel
from ..validation import as_generator, check_int, check_switch, store
from ._chains import RunningMean, averaged, random_key
from ._loop import Round, iterate
from ._start import starting_mean
from .base import Traits, check_engine_can_solve
from .solution import Advice, Callback, Solution, Status, Work

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

__all__ = ["PerfectSampler"]

#: Sweeps that are looked back first.
_FIRST = 4
#: Most samples, and most sweeps that follow one: the rest of the counter tells the two apart.
_MOST = (1 << 16) - 1
#: A round ends after so many sweeps or site updates, so that deadlines and Ctrl-C are heard.
_SWEEPS, _UPDATES = 64, 1 << 23


@dataclass(frozen=True)
class PerfectSampler:
    r"""Exact and independent samples from the posterior, without a burn-in.

    Gibbs sweeps that use the same random numbers keep the order of two states: with
    attractive couplings, what lies above stays above. Two chains are started T
    sweeps ago, one dark all over and one bright. Where they have met by now, so has
    every chain in between, among them one that has run for ever: what they
    meet in is an exact sample. Where they have not, T is doubled, and the sweeps that
    were looked at before keep their random numbers; with fresh ones, or
    with the state in which two chains first meet, the sample would be biased.

    Couplings without frustration, whose negative strengths a change of the signs
    of some spins makes positive (`find_gauge`), are attractive in those
    signs. Random numbers come from Philox4x32-7, keyed by seed, sample, time and
    site: one seed gives the same samples for any number of threads. The samples are
    exact up to the rounding of the probabilities in float32, some 1e-7.

    The mean is the average, over the samples, of the conditional means tanh(a_i) that
    some more Gibbs sweeps meet, which leave the distribution as it is
    (Rao-Blackwell); the labels are its signs.

    Under the field of a picture samples meet within some tens of sweeps. Where it is
    weak and the coupling above the critical one (0.44 on 4 neighbours), the time
    grows with the exponential of the picture's side, and `max_sweeps` ends it. Every sample
    that has not met then lies between its two chains, and so does its
    conditional mean between theirs: the average of the two stands for it.

    Parameters
    ----------
    samples : int, default 16
        Independent samples, at most 65535.
    sweeps : int, default 16
        Gibbs sweeps that follow each sample, and whose conditional means count.
    max_sweeps : int, default 10000
        Stop after so many sweeps of single chains, over all samples, in any case, with
        status `max_sweeps`; it stops by itself, as `sampled`, when all samples
        have met.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Notes
    -----
    Of `Solution.diagnostics`, `effective_sample_size` is the number of samples that have
    met, `coalescence` how many sweeps the slowest of all samples was looked back, and
    `undecided` the share of pixels, over all samples, at which the two chains
    differ in the end: 0 where all have met, else an estimate of what the means
    may be off on average.

    References
    ----------
    Propp and Wilson, Exact Sampling with Coupled Markov Chains and Applications to
    Statistical Mechanics, Random Structures and Algorithms 9, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> from isingdenoise.inference import PerfectSampler
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = PerfectSampler(samples=20).solve(model, rng=0)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, solution.diagnostics["effective_sample_size"]
    ('sampled', 20.0)
    """

    name: ClassVar[str] = "perfect"
    summary: ClassVar[str] = "coupling from the past: exact samples, no frustrated couplings"
    traits: ClassVar[Traits] = Traits(marginals=True, stochastic=True)

    samples: int = 16
    sweeps: int = 16
    max_sweeps: int = 10_000
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            samples=check_int("samples", self.samples, low=1, high=_MOST),
            sweeps=check_int("sweeps", self.sweeps, low=1, high=_MOST),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((22.6 + 2 * self.samples) * pixels)

    def quick(self) -> PerfectSampler:
        """Return an engine of few samples that does not look far back; see `Engine`."""
        return replace(self, samples=2, sweeps=2, max_sweeps=64)

    def objection(self, model: IsingModel) -> str | None:
        """Return why it cannot solve a model, None where it can: see `Engine`."""
        if find_gauge(model.coupling, model.shape) is None:
            return (
                "needs couplings without frustration; this picture has circles of edges "
                "with an odd number of negative strengths"
            )
        return None

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Draw the samples; `init` is checked and, samples being exact, has no effect.

        Parameters and result as of `Engine.solve`. A round is some sweeps of one sample:
        the residual is the number of pixels at which its two chains differ, the energy
        that of its lower chain, where it has come to the present.
        """
        check_engine_can_solve(self, model)
        generator, _ = as_generator(rng)
        with packed(model, self.parallel) as lattice:
            if init is not None:
                lattice.pack(starting_mean(model, init))
            del init
            past = _Past(lattice, self, generator)
            trace, status = iterate(
                past.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=past.snapshot,
                callback=callback,
            )
            average, undecided = past.average()
            met, looked_back = past.met, past.looked_back
            del past
            labels, mean, energy = averaged(lattice, average)
        updates = int(trace.site_updates[-1])
        sampled = status is Status.CONVERGED
        message = (
            f"{self.samples - met} of {self.samples} samples have not met "
            f"in {self.max_sweeps} sweeps"
        )
        return Solution(
            labels=labels,
            mean=mean,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            status=Status.SAMPLED if sampled else status,
            work=Work(-(-updates // lattice.sites), updates),
            trace=trace,
            engine=self.name,
            diagnostics={
                "effective_sample_size": float(met),
                "coalescence": float(looked_back),
                "undecided": undecided,
            },
            advice=() if sampled else (Advice(message, ("max_sweeps",)),),
        )


class _Past:
    """Two chains for each sample, as they arrive in the present; one where they have met."""

    def __init__(
        self, lattice: Lattice, settings: PerfectSampler, rng: np.random.Generator
    ) -> None:
        self.lattice, self.sweeps = lattice, settings.sweeps
        self.key = random_key(rng)
        gauge = find_gauge(lattice.model.coupling, lattice.shape)
        assert gauge is not None  # the engine has no objection
        self.highest = lattice.signs(lattice.pack(gauge.astype(np.float32)))
        self.mean = RunningMean(lattice)
        # Nothing is known of a sample but that it lies between the extremes.
        self.states = [[-self.highest, self.highest] for _ in range(settings.samples)]
        self.looked_back = 0
        self.budget = 0
        self.rounds = self._rounds()

    @property
    def met(self) -> int:
        """How many samples are decided."""
        return sum(len(chains) == 1 for chains in self.states)

    def step(self, budget: int) -> Round:
        """Go some sweeps on with one sample."""
        self.budget = budget
        return next(self.rounds)

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

    def _rounds(self) -> Iterator[Round]:
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
            self._sweep(labels, 1, k, sample + _MOST + 1)
        self.mean.count(self.sweeps)
        return Round(self.sweeps * self.lattice.sites, done=self.met == len(self.states))

    def _sweep(self, labels: Planes, weight: float, time: int, sample: int) -> None:
        """Draw the sweep that ends `time` sweeps ago, with its own random numbers."""
        self.lattice.gibbs_sweep(labels, self.mean.total, weight, (time, sample), self.key)


def _differences(chains: list[Planes]) -> int:
    """Return at how many sites two chains differ; one chain has no other."""
    return int(np.count_nonzero(chains[0] != chains[-1]))

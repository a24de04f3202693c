"""Exact samples, by coupling from the past."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import packed
from ..gauge import find_gauge
from ..model import IsingModel
from ..validation import RandomSource, as_generator, check_int, check_switch, store
from ._chains import averaged
from ._loop import iterate
from ._past import MOST, Past
from ._start import starting_mean
from .base import Traits, check_engine_can_solve
from .solution import Callback, Solution, Status, Work, ran_out

__all__ = ["PerfectSampler"]


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
    grows with the exponential of the picture's side, and `max_sweeps` ends it. A sample
    that has not met lies between its two chains: it is known where these agree.
    Elsewhere a third chain stands in for it, 64 sweeps of the same random numbers from
    spins drawn from the field alone. That is no exact sample any more, and how
    much of it is not known stands in `undecided`.

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
    differ: 0 where all have met. On average the means are off by no more than twice that.

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
            samples=check_int("samples", self.samples, low=1, high=MOST),
            sweeps=check_int("sweeps", self.sweeps, low=1, high=MOST),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((24.6 + 2 * self.samples) * pixels)

    def quick(self) -> PerfectSampler:
        """Return an engine of few samples that does not look far back; see `Engine`."""
        return replace(self, samples=2, sweeps=2, max_sweeps=64)

    def objection(self, model: IsingModel) -> str | None:
        """Return why it cannot solve a model, None where it can: see `Engine`."""
        if find_gauge(model.coupling, model.shape) is None:
            return (
                "needs couplings without frustration; this picture has circles of edges "
                "with an odd number of negative strengths: use gibbs, or positive strengths"
            )
        return None

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
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
            past = Past(lattice, self.samples, self.sweeps, generator)
            trace, status = iterate(
                past.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=past.snapshot,
                callback=callback,
            )
            average, undecided = past.average(), past.undecided()
            met, looked_back = past.met, past.looked_back
            del past
            labels, mean, energy = averaged(lattice, average)
        updates = int(trace.site_updates[-1])
        if status is Status.CONVERGED:  # with a chain that stands in where some have not met
            status = Status.SAMPLED if met == self.samples else Status.MAX_SWEEPS
        message = (
            f"{self.name} did not finish {self.samples - met} of {self.samples} samples "
            f"in {self.max_sweeps} sweeps"
        )
        return Solution(
            labels=labels,
            mean=mean,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            status=status,
            work=Work(-(-updates // lattice.sites), updates),
            trace=trace,
            engine=self.name,
            diagnostics={
                "effective_sample_size": float(met),
                "coalescence": float(looked_back),
                "undecided": undecided,
            },
            advice=ran_out(status, message, "max_sweeps"),
        )

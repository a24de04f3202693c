"""Simulated annealing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, as_generator, check_int, check_real, check_switch, store
from ._chains import random_key
from ._loop import Round, iterate
from ._phases import Phases
from ._start import starting_mean
from .base import Traits
from .solution import Callback, Solution, Work, ran_out

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

__all__ = ["SimulatedAnnealing"]


@dataclass(frozen=True)
class SimulatedAnnealing:
    r"""Labels of low energy: Gibbs sweeps while the temperature falls, then descent.

    Sweeps of Gibbs sampling from

    .. math:: p_k(z) \propto \exp(-\beta_k E(z))

    along a geometric schedule of rising :math:`\beta_k`, from where spins turn freely to
    where they hardly do, and then ICM to the local minimum below. It leaves the minima
    near the data, in which ICM alone ends, at several hundred times the price. ICM from `init` is
    tried first, and the answer with the lowest energy is kept: its energy is
    never above that of ICM.

    Random numbers come from Philox4x32-7, keyed by seed, start, sweep and
    site: one seed gives the same labels for any number of threads.

    Parameters
    ----------
    temperatures : int, default 50
        Values of beta, at least 2.
    sweeps : int, default 4
        Gibbs sweeps at each of them.
    hottest, coldest : float, default 0.1 and 5
        The first beta and the last. With 0 < hottest < coldest <= 1000.
    starts : int, default 1
        How often it is done, the first time from the signs of `init`, then from where the
        last time ended.
    max_sweeps : int, default 10000
        Stop after so many sweeps in any case, with status `max_sweeps` and the best labels
        until then. It stops by itself after the last start, with a sweep that changes no label.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Notes
    -----
    Of `Solution.diagnostics`, `gain` is by how much the energy is below that of ICM.

    References
    ----------
    Kirkpatrick, Gelatt and Vecchi, Optimization by Simulated Annealing, Science 220, 1983.
    Geman and Geman, IEEE PAMI 6, 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> from isingdenoise.inference import SimulatedAnnealing
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = SimulatedAnnealing().solve(model, rng=0)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, solution.mean is None
    ('converged', True)
    """

    name: ClassVar[str] = "sa"
    summary: ClassVar[str] = "simulated annealing: labels of low energy, no probabilities"
    traits: ClassVar[Traits] = Traits(stochastic=True)

    temperatures: int = 50
    sweeps: int = 4
    hottest: float = 0.1
    coldest: float = 5.0
    starts: int = 1
    max_sweeps: int = 10_000
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            temperatures=check_int("temperatures", self.temperatures, low=2, high=100_000),
            sweeps=check_int("sweeps", self.sweeps, low=1),
            coldest=check_real("coldest", self.coldest, low=0, high=1000, low_open=True),
            starts=check_int("starts", self.starts, low=1, high=100_000),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )
        hottest = check_real(
            "hottest", self.hottest, low=0, high=self.coldest, low_open=True, high_open=True
        )
        store(self, hottest=hottest)

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int(15.6 * pixels)

    def quick(self) -> SimulatedAnnealing:
        """Return an engine of three temperatures; see `Engine`."""
        return replace(self, temperatures=3, sweeps=1, starts=1)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the labels of the lowest energy that was found.

        Parameters and result as of `Engine.solve`. The trace holds the energy of the labels
        under way, a snapshot the best labels; the residual is the number of labels that
        a sweep of descent changed.
        """
        generator, _ = as_generator(rng)
        with packed(model, self.parallel) as lattice:
            first = lattice.signs(lattice.pack(starting_mean(model, init)))
            del init  # its memory is wanted for the field
            course = _Course(lattice, self, first, generator)
            trace, status = iterate(
                course.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=course.snapshot,
                callback=callback,
            )
            lattice.temper(1.0, 1.0)  # sweeps may run out at any temperature
            energy = lattice.energy(course.best)
            out = lattice.unpack(course.best)
        message = f"{self.name} did not go through all of its starts in {self.max_sweeps} sweeps"
        return Solution(
            labels=out,
            mean=None,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            status=status,
            work=Work(len(trace), int(trace.site_updates[-1])),
            trace=trace,
            engine=self.name,
            diagnostics={"gain": max(course.plain - energy, 0.0)},
            advice=ran_out(status, message, "max_sweeps"),
        )


class _Course(Phases):
    """ICM, then one annealed start after another; the best labels of them all."""

    def __init__(
        self,
        lattice: Lattice,
        settings: SimulatedAnnealing,
        first: Planes,
        rng: np.random.Generator,
    ) -> None:
        super().__init__()
        self.lattice, self.settings = lattice, settings
        self.key = random_key(rng)
        self.first = first
        self.best = first.copy()  # until a start has ended, that of ICM
        self.energy = self.plain = lattice.energy(first)

    def snapshot(self) -> NDArray[np.int8]:
        """Return the best labels so far."""
        return self.lattice.unpack(self.best)

    def rounds(self) -> Iterator[Round]:
        """Yield the rounds of all starts, one sweep each."""
        yield from self._descend(self.best)
        self.energy = self.plain = self.lattice.energy(self.best)
        labels, settings = self.first, self.settings
        unused = self.lattice.allocate(np.float32)  # for the means, which do not count
        for start in range(settings.starts):
            number = 0
            for beta in np.geomspace(settings.hottest, settings.coldest, settings.temperatures):
                self.lattice.temper(beta, beta)
                for _ in range(settings.sweeps):
                    number += 1
                    self.lattice.gibbs_sweep(labels, unused, 0, (number, start), self.key)
                    energy = self.lattice.energy(labels) / beta
                    yield Round(self.lattice.sites, energy=energy)
            self.lattice.temper(1.0, 1.0)
            yield from self._descend(labels, ends=start == settings.starts - 1)

    def _descend(self, labels: Planes, ends: bool = False) -> Iterator[Round]:
        """Sweep by ICM until no label changes; keep the labels where they are the best."""
        changed = 1
        while changed:
            changed, _ = self.lattice.icm_sweep(labels)
            energy = self.lattice.energy(labels)
            if energy < self.energy:
                self.best[...], self.energy = labels, energy
            yield Round(self.lattice.sites, changed, energy=energy, done=ends and not changed)

"""What samplers share: the running mean, and chains that are drawn side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

"""The rounds of structured mean field: means first, then chains of one or both orientations."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import effective_sample_size, r_hat
from ..validation import as_generator, check_int, store
from ._loop import Round, iterate
from ._sweeps import FullSweeps, Sweeps, TiledSweeps
from .solution import Advice, Callback, Solution, Status, Work

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

#: Draws one sweep: (packed labels, sum of conditional means, whether it counts,
#: (sweep, chain), key).
Draw = Callable[
    ["Planes", "Planes", bool, tuple[int, int], tuple[np.uint32, np.uint32]],
    None,
]

#: At most so many chains: the rest of the counter tells kinds of sweeps apart.
MOST_CHAINS = 1024
#: Above this the chains have not mixed (Vehtari et al. 2021 ask for less, but of marginals).
_R_HAT = 1.1
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

    def __init__(self, lattice: Lattice) -> None:
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
        return np.clip(self.mean, -1, 1, out=self.mean)

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
    return lattice.signs(lattice.pack(drawn))


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

    def snapshot(self) -> NDArray[np.int8]:
        """Return the labels of all chains, (chains, H, W)."""
        return np.stack([self.lattice.unpack(labels) for labels in self.states])


def solve_by_chains(
    settings: ChainSettings,
    lattice: Lattice,
    draw: Draw,
    first: Planes,
    *,
    rng: np.random.Generator | int | None,
    callback: Callback | None,
    means: int = 1,
) -> Solution:
    """Draw `burn_in + sweeps` sweeps of each chain, and average the means that they add.

    Each kept sweep of a chain adds `means` of them. The first chain starts from `first`.
    """
    generator, _ = as_generator(rng)
    chains = Chains(lattice, settings, draw, first, generator, means)
    trace, _status = iterate(
        chains.step,
        max_sweeps=settings.burn_in + settings.sweeps,
        sites=lattice.sites * settings.chains,
        snapshot=chains.snapshot,
        callback=callback,
    )
    average = chains.mean.average()
    del chains
    labels, mean, energy = averaged(lattice, average)
    kept = trace.energy[settings.burn_in :].T
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
        engine=settings.name,
        diagnostics={"r_hat": mixing, "effective_sample_size": effective_sample_size(kept)},
        advice=tuple(_advice(mixing, settings.sweeps)),
    )


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


def _advice(mixing: float, sweeps: int) -> Iterator[Advice]:
    if mixing > _R_HAT:
        message = f"the chains disagree (R-hat {mixing:.2f})"
        yield Advice(message, ("burn_in", "sweeps"), together=True)
    if sweeps < _LEAST_SWEEPS:
        yield Advice("too few sweeps to tell whether the chains agree", ("sweeps",))


#: What may go unnoticed while chains are left out, of `tol`; the last sweep is whole again.
_THRESHOLD = 0.8
#: In between, means go further than the chains' own, as those of mean field do.
_RELAXATION = 1.3


class Settings(Protocol):
    """What the rounds ask of the engine."""

    @property
    def chains(self) -> str: ...

    @property
    def tol(self) -> float: ...

    @property
    def bound_every(self) -> int: ...


class Course:
    """Mean field first, then chains of each orientation in turn."""

    def __init__(self, lattice: Lattice, start: Planes, settings: Settings) -> None:
        self.lattice, self.mean, self.settings = lattice, start, settings
        tiled = lattice.uniform
        kind = TiledSweeps if tiled else FullSweeps
        self.factorised: Sweeps | None = kind(lattice, start, weight=1.0, tol=settings.tol)
        height, width = lattice.shape
        both = settings.chains in {"better", "alternating"}
        wanted = ("columns", "rows") if both else (settings.chains,)
        single = "columns" if width == 1 else "rows" if height == 1 else None
        self.waiting = [single] if single else list(wanted)
        self.solved: list[Oriented] = []
        self.done = True  # the orientation at hand

    def step(self, budget: int) -> Round:
        """Do one round of mean field, or one sweep of chains."""
        updates, sites = 0, self.lattice.sites
        if self.factorised is not None:
            if budget > 1:
                done = self.factorised.step(budget - 1)
                updates = done.site_updates
                if not done.done and (budget - 1) * sites > updates:
                    return done
            self.factorised = None
        left = budget - -(-updates // sites)
        if self.settings.chains == "better" and len(self.waiting) == 2 and left > 1:
            return self._try_both(updates)
        if self.done:
            self._turn()
        oriented = self.solved[-1]
        every = self.settings.bound_every
        due = bool(every) and (oriented.sweeps + 1) % every == 0
        self.done = oriented.sweep(self.settings.tol, due or left <= 1)
        bound = oriented.bound() if due else math.nan
        finished = self.done and not self.waiting
        updates += oriented.chains.updates
        return Round(updates, oriented.residual, lower_bound=bound, done=finished)

    def _try_both(self, updates: int) -> Round:
        """Sweep columns and rows once each, and go on with those that have the greater bound."""
        for _ in range(2):
            self._turn()
            self.solved[-1].sweep(self.settings.tol, True)
            updates += self.lattice.sites
        self.solved = [self.best()]
        self.done = self.solved[0].residual <= self.settings.tol
        bound = self.solved[0].bound() if self.settings.bound_every == 1 else math.nan
        return Round(updates, self.solved[0].residual, lower_bound=bound, done=self.done)

    def _turn(self) -> None:
        rows = self.waiting.pop(0) == "rows"
        if self.solved and self.settings.chains == "alternating":
            self.solved[-1].rest()
        lattice = self.lattice.transposed() if rows else self.lattice
        mean = self.mean
        if rows:
            mean = lattice.pack(self.lattice.unpack(mean).T)
        elif self.waiting:
            mean = mean.copy()  # the rows start from here, too
        self.solved.append(Oriented(lattice, mean, rows))

    def best(self) -> Oriented:
        """Return the orientation with the greater bound, the first of two that are equal."""
        if len(self.solved) == 1:
            return self.solved[0]
        return max(self.solved, key=lambda oriented: oriented.bound())

    def snapshot(self) -> NDArray[np.float32]:
        """Return the means as they stand."""
        image: NDArray[np.float32]
        image = self.best().picture() if self.solved else self.lattice.unpack(self.mean)
        return image


class Oriented:
    """Chains of one orientation."""

    def __init__(self, lattice: Lattice, mean: Planes, turned: bool) -> None:
        self.lattice, self.mean, self.turned = lattice, mean, turned
        self.chains = lattice.chains(mean)
        self.sweeps = 0
        self.residual = math.inf
        self._kept: float | None = None

    def sweep(self, tol: float, whole: bool) -> bool:
        """Update chains; return whether they rest.

        `whole` asks for all of them; so it is the first time, and once nothing is known to have
        moved.
        """
        self._kept = None
        self.sweeps += 1
        whole = whole or self.sweeps == 1 or not self.chains.waiting()
        threshold = _THRESHOLD * tol / max(self.lattice.model.coupling.pull, 1.0)
        self.residual = self.chains.sweep(threshold, whole, _RELAXATION)
        # the first chains have not seen the last ones move
        if whole and self.residual <= tol:
            self.residual = self.chains.look()
        return whole and self.residual <= tol

    def bound(self) -> float:
        """Return the evidence lower bound."""
        if self._kept is None:
            self._kept = self.chains.bound()
        return self._kept

    def rest(self) -> None:
        """Keep means and bound alone."""
        self.bound()
        del self.chains

    def picture(self) -> NDArray[np.float32]:
        """Return the means, (H, W)."""
        image: NDArray[np.float32] = self.lattice.unpack(self.mean)
        return np.ascontiguousarray(image.T) if self.turned else image

"""Gibbs sampling of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed_labels
from ..inference import Callback, Traits
from ..inference._chains import ChainSettings, random_key, sampled
from ..inference._loop import Round, iterate
from ..validation import RandomSource, as_generator, check_switch, store
from .model import PottsModel
from .solution import PottsSolution, one_hot, starting_labels

__all__ = ["PottsGibbs"]

# float32 sums of so many probabilities keep seven digits; then they are folded into float64
_FOLD = 256


@dataclass(frozen=True)
class PottsGibbs(ChainSettings):
    """Samples of label maps, one colour after another.

    The probabilities are averages of the conditional ones over the kept sweeps of all chains
    (Rao-Blackwell), the labels their maxima. The first chain starts from `init`, the others
    from what each pixel says alone. One seed gives the same labels for any number of threads.

    Parameters
    ----------
    burn_in, sweeps, chains : int
        Sweeps left out, sweeps kept, and how many chains; defaults 50, 200 and 2.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Geman and Geman, Stochastic Relaxation, Gibbs Distributions, and the Bayesian Restoration
    of Images, IEEE PAMI 6, 1984. Gelfand and Smith, JASA 85, 1990.
    """

    name: ClassVar[str] = "gibbs"
    summary: ClassVar[str] = "Gibbs samples: probabilities as exact as they are many"
    traits: ClassVar[Traits] = Traits(marginals=True, stochastic=True)

    parallel: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        store(self, parallel=check_switch("parallel", self.parallel))

    def solve(
        self,
        model: PottsModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> PottsSolution:
        """Draw `burn_in + sweeps` sweeps of each chain; arguments as of `PottsEngine.solve`."""
        generator, _ = as_generator(rng)
        starts = [starting_labels(model, init)]
        starts += [_drawn(model, generator) for _ in range(self.chains - 1)]
        key = random_key(generator)
        with packed_labels(model.unary, model.coupling, self.parallel) as lattice:
            states = [lattice.pack_labels(start) for start in starts]
            total = lattice.allocate()
            mean = np.zeros(total.shape, np.float64)
            sweep = 0

            def step(_: int) -> Round:
                nonlocal sweep
                sweep += 1
                keep = sweep > self.burn_in
                for chain, labels in enumerate(states):
                    lattice.gibbs(labels, total, keep, (sweep, chain), key)
                if keep and (sweep - self.burn_in) * len(states) % _FOLD < len(states):
                    np.add(mean, total, out=mean)
                    total[...] = 0
                energies = tuple(model.energy(lattice.unpack_labels(s)) for s in states)
                return Round(lattice.sites * len(states), energy=energies)

            trace, status = iterate(
                step,
                max_sweeps=self.burn_in + self.sweeps,
                sites=lattice.sites * self.chains,
                snapshot=lambda: np.stack([lattice.unpack_labels(s) for s in states]),
                callback=callback,
            )
            mean += total
            probability = lattice.unpack(mean.astype(np.float32))
            if sweep <= self.burn_in:  # stopped before anything was kept: the labels as they are
                for state in states:
                    probability += one_hot(lattice.unpack_labels(state), model.labels)
        probability /= probability.sum(axis=0)
        labels = np.argmax(probability, axis=0).astype(np.int8)
        return PottsSolution(
            labels=labels,
            probability=probability,
            energy=model.energy(labels),
            lower_bound=None,
            **sampled(self, trace, status),
        )


def _drawn(model: PottsModel, rng: np.random.Generator) -> NDArray[np.int8]:
    """Return labels drawn from what each pixel says alone, by Gumbel noise (Gumbel 1954)."""
    noise = rng.gumbel(size=model.unary.shape).astype(np.float32)
    return np.asarray(np.argmax(model.unary + noise, axis=0), np.int8)

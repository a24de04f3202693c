"""Gibbs sampling of volumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed_volume
from ..inference import Callback, Traits
from ..inference._chains import ChainSettings, RunningMean, random_key, sampled
from ..inference._loop import Round, iterate
from ..validation import RandomSource, as_generator, check_switch, store
from .model import VolumeModel
from .solution import VolumeSolution, starting_labels

__all__ = ["VolumeGibbs"]


@dataclass(frozen=True)
class VolumeGibbs(ChainSettings):
    """Samples from the posterior, one colour after another.

    The mean is the average of the conditional means tanh(a_i) over the kept sweeps of all chains
    (Rao-Blackwell), the labels are its signs. The first chain starts from `init`, the others from
    spins drawn from the field alone. One seed gives the same spins for any number of threads.

    Parameters
    ----------
    burn_in, sweeps, chains : int
        Sweeps left out, sweeps kept, and how many chains; defaults 50, 200 and 2.
    parallel : bool, optional
        Whether to use threads; by default large volumes do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Geman and Geman, IEEE PAMI 6, 1984. Gelfand and Smith, JASA 85, 1990.
    """

    name: ClassVar[str] = "gibbs"
    summary: ClassVar[str] = "Gibbs sampling: exact in the limit, with convergence diagnostics"
    traits: ClassVar[Traits] = Traits(marginals=True, stochastic=True)

    parallel: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        store(self, parallel=check_switch("parallel", self.parallel))

    def footprint(self, voxels: int) -> int:
        """Return the bytes held at the peak of `solve`, beside the model."""
        return int((14.5 + 1.1 * self.chains) * voxels)

    def solve(
        self,
        model: VolumeModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> VolumeSolution:
        """Draw `burn_in + sweeps` sweeps of each chain; arguments as of `VolumeEngine.solve`."""
        generator, _ = as_generator(rng)
        c = model.coupling
        with packed_volume(model.field, c.plane, c.between, self.parallel) as lattice:
            states = [starting_labels(model, lattice, init)]
            del init  # its memory is wanted for the field
            lattice.load_field()
            for _ in range(self.chains - 1):
                states.append(lattice.pack_signs(_drawn(model, generator)))
            key = random_key(generator)
            mean = RunningMean(lattice)
            sweep = 0

            def step(_: int) -> Round:
                nonlocal sweep
                sweep += 1
                keep = sweep > self.burn_in
                for chain, labels in enumerate(states):
                    lattice.gibbs_sweep(labels, mean.total, keep, (sweep, chain), key)
                mean.count(keep * len(states))
                energies = tuple(lattice.energy(labels) for labels in states)
                return Round(lattice.sites * len(states), energy=energies)

            trace, status = iterate(
                step,
                max_sweeps=self.burn_in + self.sweeps,
                sites=lattice.sites * self.chains,
                snapshot=lambda: np.stack([lattice.unpack(labels) for labels in states]),
                callback=callback,
            )
            if sweep <= self.burn_in:  # stopped before anything was kept: the labels as they are
                for labels in states:
                    mean.total += labels
                mean.count(len(states))
            average = mean.average()
            states.clear()
            del mean.total  # the average is what is left
            found, out, energy = lattice.answer(average)
        return VolumeSolution(
            labels=found,
            mean=out,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            **sampled(self, trace, status),
        )


def _drawn(model: VolumeModel, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Yield planes whose signs are drawn from the field alone, as if nothing were coupled."""
    for plane in model.field:
        yield np.tanh(plane) + 1 - 2 * rng.random(plane.shape, np.float32)

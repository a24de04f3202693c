"""Means by mean field in a Boltzmann machine: couplings, and planes of hidden spins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import machine_rounds, packed
from ..coupling import Coupling
from ..model import IsingModel
from ..prior import machine_of
from ..prior.machine import BEFORE, INNER, STEPS
from ..validation import RandomSource, check_int, check_switch, check_text, store
from ._loop import Round, iterate
from ._start import checked_init
from .base import Traits
from .solution import Callback, Solution, Work

__all__ = ["Boltzmann"]


@dataclass(frozen=True)
class Boltzmann:
    r"""Mean field in a convolutional Boltzmann machine, whose rounds were trained as they are run.

    Beside the pixels z, with the model's field h and couplings J, there are planes of hidden spins
    u and v, which learned from pictures what goes with what (`isingdenoise.prior.Machine`
    has the energy). After sixteen damped sweeps of the pixels alone, each round is

    .. math::
        \mu_u &= \tanh(W * \mu + V^\top * \mu_v + c), \quad \mu_v = \tanh(V * \mu_u + d) \\
        \mu &\leftarrow \tfrac12 \mu + \tfrac12 \tanh(h + b + W^\top * \mu_u + s J \mu)
        \quad \text{(twice)}

    and after the last one all pixels are set undamped. The lower bound is the `IsingModel`'s
    evidence lower bound of independent spins with these means, as for `Amortised`: it holds for
    any means, and lets engines be compared. The machine's own is `Machine.elbo`. Hidden
    spins are computed in tiles, of which nothing shows.

    Parameters
    ----------
    prior : str, optional
        Path of a file of weights, as of `isingdenoise.prior.read_machine`; by default the one
        that comes with the package.
    steps : int, default 4
        Rounds. The machine was trained to give its answer after four.
    tile : int, default 512
        Side of a tile in pixels, rounded up to a multiple of 8. The answer does not depend on it.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Salakhutdinov and Hinton, Deep Boltzmann Machines, AISTATS 2009. Domke, Learning Graphical
    Model Parameters with Approximate Marginal Inference, IEEE TPAMI 35, 2013, for training
    through the rounds.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import IsingModel
    >>> field = np.full((16, 16), -4.0)
    >>> Boltzmann().solve(IsingModel(field, 0.5)).labels.max()
    np.int8(-1)
    """

    name: ClassVar[str] = "boltzmann"
    summary: ClassVar[str] = "mean field with planes of hidden spins that learned from pictures"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True, learned=True)

    prior: str | None = None
    steps: int = STEPS
    tile: int = 512
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            prior=check_text("prior", self.prior),
            steps=check_int("steps", self.steps, low=1),
            tile=check_int("tile", self.tile, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        if not pixels:
            return 0
        machine = machine_of(self.prior)
        # field, start, packed field twice, packed means twice; coarse spins twice; a tile
        return (26 + machine.planes[1] // 2) * pixels + machine.memory(self.tile, pixels)

    @property
    def surroundings(self) -> int:
        """Pixels around a part of a picture that is solved by itself: as far as rounds carry."""
        return machine_of(self.prior).surroundings(self.steps)

    def pull(self, coupling: Coupling) -> float:
        """Return the most that a pixel can be pulled by, hidden spins among the pullers."""
        return machine_of(self.prior).pulled(coupling.pull)

    def quick(self) -> Boltzmann:
        """Return an engine that ends soon; see `Engine`."""
        return replace(self, steps=min(self.steps, 2), tile=64)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the means after all rounds.

        Parameters and result as of `Engine.solve`; `init` and `rng` are not used: rounds were
        trained from tanh(h) on. Where the callback stops, the means are those of the round. The
        status `converged` says that all rounds were done: they are not a fixed point. Updates
        counted are those of pixels.

        Raises
        ------
        ReadError
            The weights cannot be read.
        """
        checked_init(model, init)
        del init  # a large picture needs its memory
        machine = machine_of(self.prior)
        with packed(model, self.parallel) as lattice:
            rounds = machine_rounds(machine, lattice, self.tile)
            sites, done = model.field.size, 0

            def step(_: int) -> Round:
                nonlocal done
                first, last = done == 0, done == self.steps - 1
                done += 1
                if first:
                    rounds.start()
                residual = rounds.round(first=first, last=last)
                sweeps = INNER + BEFORE * first + last
                return Round(sweeps * sites, residual, done=last)

            trace, status = iterate(
                step,
                max_sweeps=BEFORE + INNER * self.steps + 1,
                sites=sites,
                snapshot=lambda: lattice.unpack(rounds.mean),
                callback=callback,
            )
            mean = rounds.finish()
            bound = lattice.elbo(mean)
            labels, means, energy = lattice.answer(mean)
        return Solution(
            labels=labels,
            mean=means,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            status=status,
            work=Work(int(trace.site_updates[-1]) // sites, int(trace.site_updates[-1])),
            trace=trace,
            engine=self.name,
        )

"""Iterated conditional modes over labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import packed_labels
from ..inference import Callback, Traits, Work
from ..inference._loop import Round, iterate
from ..inference.solution import ran_out
from ..validation import RandomSource, check_int, check_switch, store
from .model import PottsModel
from .solution import PottsSolution, starting_labels

__all__ = ["PottsICM"]


@dataclass(frozen=True)
class PottsICM:
    """Labels at a local minimum of the energy: each the mode of its conditional.

    Parameters
    ----------
    max_sweeps : int, default 200
        Stop after so many sweeps in any case, with status `max_sweeps`.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Besag, On the Statistical Analysis of Dirty Pictures, JRSS B 48, 1986.
    """

    name: ClassVar[str] = "icm"
    summary: ClassVar[str] = "iterated conditional modes: fast labels, no probabilities"
    traits: ClassVar[Traits] = Traits()

    max_sweeps: int = 200
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def solve(
        self,
        model: PottsModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> PottsSolution:
        """Return the local minimum reached from `init`; arguments as of `PottsEngine.solve`."""
        start = starting_labels(model, init)
        energy = model.energy(start)
        with packed_labels(model.unary, model.coupling, self.parallel) as lattice:
            labels = lattice.pack_labels(start)

            def step(_: int) -> Round:
                nonlocal energy
                changed, drop = lattice.modes(labels)
                energy -= drop
                return Round(lattice.sites, changed, energy=energy, done=changed == 0)

            trace, status = iterate(
                step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack_labels(labels),
                callback=callback,
            )
            out = lattice.unpack_labels(labels)
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return PottsSolution(
            labels=out,
            probability=None,
            energy=model.energy(out),
            lower_bound=None,
            status=status,
            work=Work(len(trace), int(trace.site_updates[-1])),
            trace=trace,
            diagnostics={"residual": float(trace.residual[-1])},
            engine=self.name,
            advice=ran_out(status, message, "max_sweeps"),
        )

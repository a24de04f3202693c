"""Damped mean-field variational inference over labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ..backends import packed_labels
from ..inference import Callback, Traits, Work
from ..inference._damped import check_damped
from ..inference._loop import Round, iterate
from ..inference.solution import ran_out
from ..validation import RandomSource
from .model import PottsModel
from .solution import PottsSolution, starting_probability

__all__ = ["PottsMeanField"]

Schedule = Literal["checkerboard", "jacobi"]


@dataclass(frozen=True)
class PottsMeanField:
    r"""Fully factorised posterior over labels, by damped fixed-point sweeps.

    .. math:: q_{ik} \leftarrow (1 - \lambda) q_{ik} + \lambda
              \frac{\exp(l_{ik} + \sum_j J_{ij} q_{jk})}
                   {\sum_m \exp(l_{im} + \sum_j J_{ij} q_{jm})}

    In checkerboard order every update is a step of coordinate ascent on the evidence lower
    bound, which never falls for any damping in (0, 1]. With two labels it is `MeanField`.

    Parameters
    ----------
    damping : float, default 1
        Weight lambda of the new value, in (0, 1].
    schedule : {"checkerboard", "jacobi"}
        One colour after another, or all sites at once from the old values; undamped that can
        fall into a two-cycle, so it asks for damping below 1.
    tol : float, default 1e-3
        Stop when max_ik abs(softmax(a_i)_k - q_ik) <= tol in a sweep.
    max_sweeps : int, default 1000
        Stop after so many sweeps in any case, with status `max_sweeps`. Of a picture beyond the
        cache up to four are done at once, and a round of the trace is so many.
    bound_every : int, default 0
        Compute the bound after every so many sweeps for the trace; 0: only at the end.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Wainwright and Jordan, Graphical Models, Exponential Families, and Variational Inference,
    2008, section 5.
    """

    name: ClassVar[str] = "mf"
    summary: ClassVar[str] = "mean field: labels, and how sure each pixel is"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True, factorised=True)

    damping: float = 1.0
    schedule: Schedule = "checkerboard"
    tol: float = 1e-3
    max_sweeps: int = 1000
    bound_every: int = 0
    parallel: bool | None = None

    def __post_init__(self) -> None:
        check_damped(self, get_args(Schedule))

    def solve(
        self,
        model: PottsModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> PottsSolution:
        """Return the fixed point reached from `init`; arguments as of `PottsEngine.solve`."""
        with packed_labels(model.unary, model.coupling, self.parallel) as lattice:
            new = mean = lattice.pack(starting_probability(model, init))
            if self.schedule == "jacobi":
                mean = new.copy()
            sweeps = 0
            several = 1 if self.bound_every or mean is not new else lattice.together

            def step(left: int) -> Round:
                nonlocal sweeps
                count = min(several, left)
                sweeps += count
                if mean is not new:
                    mean[...] = new
                if count > 1:
                    residual = lattice.mean_field_blocks(new, self.damping, count)
                else:
                    residual = lattice.mean_field(new, mean, self.damping)
                told = self.bound_every and sweeps % self.bound_every == 0
                bound = lattice.bound(new) + model.offset if told else np.nan
                return Round(
                    lattice.sites * count, residual, lower_bound=bound, done=residual <= self.tol
                )

            trace, status = iterate(
                step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(new),
                callback=callback,
            )
            bound = lattice.bound(new) + model.offset
            probability = lattice.unpack(new)
        labels = np.argmax(probability, axis=0).astype(np.int8)
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return PottsSolution(
            labels=labels,
            probability=probability,
            energy=model.energy(labels),
            lower_bound=bound,
            status=status,
            work=Work(sweeps, int(trace.site_updates[-1])),
            trace=trace,
            diagnostics={"residual": float(trace.residual[-1])},
            engine=self.name,
            advice=ran_out(status, message, "max_sweeps", "tol"),
        )

"""Mean field of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ..backends import packed_volume
from ..inference import Callback, Status, Traits, Work
from ..inference._damped import check_damped
from ..inference._loop import Round, iterate
from ..inference.solution import ran_out
from ..validation import RandomSource
from .model import VolumeModel
from .solution import VolumeSolution, starting_planes

__all__ = ["VolumeMeanField"]

Schedule = Literal["checkerboard", "jacobi"]


@dataclass(frozen=True)
class VolumeMeanField:
    r"""Fully factorised variational posterior, by damped fixed-point sweeps.

    .. math:: \mu_i \leftarrow (1 - \lambda) \mu_i
              + \lambda \tanh\Bigl(\sum_j J_{ij} \mu_j + h_i\Bigr)

    Every update but Jacobi's is a step of coordinate ascent on the evidence lower bound, so the
    bound never falls for any damping in (0, 1]. Without couplings between planes it does to each
    plane what `MeanField` with schedule "checkerboard" does to a picture.

    Parameters
    ----------
    damping : float, default 1
        Weight lambda of the new value, in (0, 1].
    schedule : {"checkerboard", "jacobi"}
        One colour after another, or all voxels at once from the old values; undamped that can
        fall into a two-cycle, so it asks for damping below 1.
    tol : float, default 1e-3
        Stop when ``max_i |tanh(a_i) - mu_i| <= tol`` over the whole volume.
    max_sweeps : int, default 1000
        Stop after so many sweeps in any case, with status `max_sweeps`. Of a volume beyond the
        cache several are done at once, and a round of the trace is so many.
    bound_every : int, default 0
        Compute the bound after every so many sweeps for the trace; 0: only at the end.
    parallel : bool, optional
        Whether to use threads; by default large volumes do.

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
    summary: ClassVar[str] = "mean field: the clean volume and how sure each voxel is"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True, factorised=True)

    damping: float = 1.0
    schedule: Schedule = "checkerboard"
    tol: float = 1e-3
    max_sweeps: int = 1000
    bound_every: int = 0
    parallel: bool | None = None

    def __post_init__(self) -> None:
        check_damped(self, get_args(Schedule))

    def footprint(self, voxels: int) -> int:
        """Return the bytes held at the peak of `solve`, beside the model."""
        return int((9.8 + 4.2 * (self.schedule == "jacobi")) * voxels)

    def solve(
        self,
        model: VolumeModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> VolumeSolution:
        """Return the fixed point reached from `init`, `labels` being the signs of `mean`.

        Parameters and result as of `VolumeEngine.solve`.
        """
        c = model.coupling
        with packed_volume(model.field, c.plane, c.between, self.parallel) as lattice:
            new = mean = lattice.pack(starting_planes(model, init), -1, 1)
            if self.schedule == "jacobi":
                mean = new.copy()
            several = 1 if self.bound_every or mean is not new else max(lattice.together, 1)
            blocks = mean is new and lattice.together > 0
            sweeps = 0

            def step(left: int) -> Round:
                nonlocal sweeps
                count = min(several, left)
                sweeps += count
                if mean is not new:
                    mean[...] = new
                if blocks:
                    residual = lattice.mean_field_blocks(new, self.damping, count)
                else:
                    residual = lattice.mean_field(new, mean, self.damping)
                if residual <= self.tol:  # within a sweep the first have not seen the last move
                    residual = lattice.mean_field(new, new, 0.0)
                told = self.bound_every and sweeps % self.bound_every == 0
                bound = lattice.elbo(new) + model.offset if told else np.nan
                done = residual <= self.tol
                return Round(lattice.sites * count, residual, lower_bound=bound, done=done)

            trace, status = iterate(
                step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(new),
                callback=callback,
            )
            converged = status is Status.CONVERGED
            residual = trace.residual[-1] if converged else lattice.mean_field(new, new, 0.0)
            bound = lattice.elbo(new) + model.offset
            labels, out, energy = lattice.answer(new)
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return VolumeSolution(
            labels=labels,
            mean=out,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            status=status,
            work=Work(sweeps, int(trace.site_updates[-1])),
            trace=trace,
            engine=self.name,
            diagnostics={"residual": float(residual)},
            advice=ran_out(status, message, "max_sweeps", "tol"),
        )

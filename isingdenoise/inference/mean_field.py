"""Damped mean-field variational inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ParameterError
from ..model import IsingModel
from ..validation import check_choice, check_int, check_real, check_switch, store
from ._loop import Round, iterate
from .base import Callback, Solution

__all__ = ["MeanField"]

SCHEDULES = ("checkerboard", "jacobi")


@dataclass(frozen=True)
class MeanField:
    r"""Fully factorised variational posterior, by damped fixed-point sweeps.

    .. math:: \mu_i \leftarrow (1 - \lambda) \mu_i
              + \lambda \tanh\Bigl(\sum_j J_{ij} \mu_j + h_i\Bigr)

    Every checkerboard update is a step of coordinate ascent on the evidence
    lower bound, so the bound never falls for any damping in (0, 1].

    Parameters
    ----------
    damping : float, default 1
        Weight lambda of the new value, in (0, 1].
    schedule : {"checkerboard", "jacobi"}
        Update one colour after another, or all sites at once from the old
        values. Undamped Jacobi can fall into a two-cycle, so it asks for
        damping below 1.
    tol : float, default 1e-3
        Stop when max_i |tanh(a_i) - mu_i| <= tol over the whole picture.
    max_sweeps : int, default 1000
        Stop after so many sweeps in any case, with status `max_sweeps`.
    bound_every : int, default 0
        Compute the bound after every so many sweeps for the trace; 0: only
        at the end.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Wainwright and Jordan, Graphical Models, Exponential Families, and
    Variational Inference, 2008, section 5.
    """

    name: ClassVar[str] = "mf"
    summary: ClassVar[str] = "mean field: the clean picture and how sure each pixel is"

    damping: float = 1.0
    schedule: str = "checkerboard"
    tol: float = 1e-3
    max_sweeps: int = 1000
    bound_every: int = 0
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            damping=check_real("damping", self.damping, low=0, high=1, low_open=True),
            schedule=check_choice("schedule", self.schedule, SCHEDULES),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            bound_every=check_int("bound_every", self.bound_every, low=0),
            parallel=check_switch("parallel", self.parallel),
        )
        if self.schedule == "jacobi" and self.damping == 1:
            raise ParameterError(
                "damping", "must be below 1 with schedule jacobi, which may cycle; try 0.5"
            )

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the fixed point reached from `init` (or tanh(h)).

        Parameters
        ----------
        model : IsingModel
            The posterior.
        init : array_like, shape (H, W), optional
            Means to start from.
        rng : optional
            Not used: mean field is deterministic.
        callback : callable, optional
            Called with a `Step` after each sweep.

        Returns
        -------
        Solution
            `mean` and `bound` are those of the fixed point, `labels` the signs.
        """
        from .._kernels.mean_field import sweep
        from ._lattice import labels_of, packed, starting_mean

        start = starting_mean(model, init)
        with packed(model, self.parallel) as lattice:
            mean = lattice.pack(start, np.float32)
            old = np.empty_like(mean) if self.schedule == "jacobi" else mean
            rows = lattice.rows(np.float32)
            sweeps = 0

            def update(damping: float) -> float:
                if old is not mean and damping:
                    old[...] = mean
                neighbours = old if damping else mean
                lattice.run(sweep, mean, neighbours, *lattice.parameters, np.float32(damping), rows)
                return float(rows.max())

            def step() -> Round:
                nonlocal sweeps
                sweeps += 1
                residual = update(self.damping)
                # Within a sweep the first sites have not seen the last ones move:
                # only a look at the picture as it stands can say that it is done.
                done = residual <= self.tol and update(0.0) <= self.tol
                traced = self.bound_every and sweeps % self.bound_every == 0
                bound = lattice.elbo(mean) if traced else np.nan
                return Round(lattice.sites, residual, bound=bound, done=done)

            trace, status = iterate(
                step,
                rounds=self.max_sweeps,
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(mean),
                callback=callback,
            )
            residual, bound = update(0.0), lattice.elbo(mean)
            out = lattice.unpack(mean)
            labels = labels_of(out)
            energy = lattice.energy(lattice.pack(labels, np.int8))
        return Solution(labels, out, energy, bound, status, sweeps, residual, trace, self.name)

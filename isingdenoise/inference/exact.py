"""Exact marginals by the transfer matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..backends import packed
from ..model import IsingModel
from ..validation import RandomSource, check_switch, store
from ._loop import Round, iterate
from ._passes import Passes, rows_held
from ._start import checked_init
from .base import Traits, check_engine_can_solve
from .solution import Callback, Solution, Status, Work
from .transfer_matrix import WIDEST, threads_wanted, too_wide

__all__ = ["Exact"]


@dataclass(frozen=True)
class Exact:
    r"""Exact posterior means and log Z of a narrow picture, by the transfer matrix.

    Rows along the longer side are summed over one after another, forward and back
    (`TransferMatrix`, which also draws samples and finds the best state). That takes
    :math:`H W 2^W` steps for the shorter side W, at most 18, and for strengths of any sign.

    The labels are the signs of the means, which leave the fewest wrong pixels to be
    expected; they are not the state of least energy.

    Parameters
    ----------
    parallel : bool, optional
        Whether to use threads; by default those of 17 and 18 pixels do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Reeves and Pettitt, Efficient Recursions for General Factorisable Models,
    Biometrika 91, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = Exact().solve(model)
    >>> solution.labels.tolist(), solution.status.value
    ([[1, 1, 1]], 'exact')
    >>> solution.lower_bound == solution.upper_bound
    True
    """

    name: ClassVar[str] = "exact"
    summary: ClassVar[str] = f"exact means and log Z, up to {WIDEST} pixels wide or high"
    traits: ClassVar[Traits] = Traits(
        marginals=True, lower_bound=True, upper_bound=True, exact=True
    )

    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(self, parallel=check_switch("parallel", self.parallel))

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`.

        It is that of the squarest picture of so many pixels, or of the widest there may be.
        """
        width = max(1, min(WIDEST, math.isqrt(pixels)))
        held = rows_held(-(-pixels // width))
        return 8 * (held + 12) * (1 << width) + 130 * pixels + (1 << 14)

    def quick(self) -> Exact:
        """Return the engine as it is; see `Engine`."""
        return self

    def objection(self, model: IsingModel) -> str | None:
        """Return why a picture is too wide; see `Engine`."""
        return too_wide(model)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the exact means; both bounds are log Z + c.

        Parameters and result as of `Engine.solve`; where it starts does not matter.
        A round is a row, first forward, then back.
        """
        check_engine_can_solve(self, model)
        checked_init(model, init)
        with packed(model, threads_wanted(model, self.parallel)) as lattice:
            passes = Passes(lattice.transfer())
            width = passes.transfer.width
            steps = chain(passes.forward(), passes.backward())

            def step(_: int) -> Round:
                next(steps)
                return Round(width)

            trace, _ = iterate(
                step,
                max_sweeps=2,
                sites=model.field.size,
                snapshot=lambda: passes.turned(passes.mean).astype(np.float32),
                callback=callback,
                whole=True,
            )
        mean = passes.turned(passes.mean).astype(np.float32)
        labels = np.where(mean >= 0, 1, -1).astype(np.int8)
        log_z = passes.log_z + model.offset
        return Solution(
            labels=labels,
            mean=mean,
            energy=model.energy(labels),
            lower_bound=log_z,
            upper_bound=log_z,
            status=Status.EXACT,
            work=Work(2, int(trace.site_updates[-1])),
            trace=trace,
            engine=self.name,
        )

"""Labels that are certain in a frustrated model, by the roof dual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..model import IsingModel
from ..validation import RandomSource
from ._cuts import least, too_large
from .base import Traits, check_engine_can_solve
from .icm import ICM
from .solution import Callback, Solution, Status, Work

__all__ = ["RoofDual"]


@dataclass(frozen=True)
class RoofDual:
    """Labels of least energy for strengths of any sign, where a minimum cut is sure of them.

    Each pixel has two sites, one for its spin and one for the contrary; negative strengths
    join a spin to its neighbour's contrary. Where the minimum cut makes both of a pixel's
    sites agree, the label is that of every state of least energy. The others are left to
    ICM, which begins from the labels found (Boros and Hammer; "QPBO"). The energy is never
    above that of ICM's own answer from the same start.

    `diagnostics["unlabelled"]` is the share of pixels that the cut leaves open: 0 makes
    the answer exact, and the status says so. With no frustration only ties are left open;
    where it is strong beside the field, nearly all pixels may be.

    Raises
    ------
    EngineRefusalError
        From `solve`: the picture has more than about 2^29 pixels.

    References
    ----------
    Hammer, Hansen and Simeone, Roof Duality, Complementation and Persistency in Quadratic
    0-1 Optimization, Mathematical Programming 28, 1984; Kolmogorov and Rother, Minimizing
    Nonsubmodular Functions with Graph Cuts: A Review, IEEE PAMI 29, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1], [0.3, 2.0]]), Coupling.eight(-0.5))
    >>> solution = RoofDual().solve(model)
    >>> solution.labels.tolist(), solution.status.value, solution.diagnostics["unlabelled"]
    ([[1, -1], [-1, 1]], 'exact', 0.0)
    """

    name: ClassVar[str] = "qpbo"
    summary: ClassVar[str] = "the sure labels of least energy with negative strengths, then icm"
    traits: ClassVar[Traits] = Traits()

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`, with eight neighbours; see `Engine`."""
        return 188 * pixels

    def quick(self) -> RoofDual:
        """Return the engine as it is; see `Engine`."""
        return self

    def objection(self, model: IsingModel) -> str | None:
        """Return why a picture has too many pixels; see `Engine`."""
        return too_large(model, layers=2)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the labels that are sure, and for the others those ICM finds from `init`.

        Parameters and result as of `Engine.solve`. A site update is a look at a site, and
        the residual of a round the sites that still wait.
        """
        check_engine_can_solve(self, model)
        guess = ICM().solve(model, init=init).labels
        unlabelled = 0.0

        def complete(labels: NDArray[np.int8]) -> NDArray[np.int8]:
            nonlocal unlabelled
            unlabelled = float(np.mean(labels == 0))
            if unlabelled == 0:
                return labels
            np.copyto(labels, guess, where=labels == 0)
            return ICM().solve(model, init=labels).labels

        labels, trace, ended = least(model, None, callback, complete)
        updates = int(trace.site_updates[-1])
        status = Status.CONVERGED if unlabelled else Status.EXACT
        if not ended:
            status = Status.STOPPED
        return Solution(
            labels=labels,
            mean=None,
            energy=model.energy(labels),
            lower_bound=None,
            upper_bound=None,
            status=status,
            work=Work(-(-updates // labels.size), updates),
            trace=trace,
            engine=self.name,
            diagnostics={"unlabelled": unlabelled},
        )

"""The state of least energy by a minimum cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ..gauge import find_gauge
from ..model import IsingModel
from ..validation import RandomSource
from ._cuts import least, too_large
from ._start import checked_init
from .base import Traits, check_engine_can_solve
from .solution import Callback, Solution, Status, Work

__all__ = ["GraphCut"]


@dataclass(frozen=True)
class GraphCut:
    r"""The most probable picture, exactly: the state of least energy by a minimum cut.

    .. math:: \hat z = \arg\min_z \; - \sum_{\{i,j\}} J_{ij} z_i z_j - \sum_i h_i z_i

    With no negative strengths this is a minimum cut (Greig, Porteous and Seheult 1989), and so
    it is where a gauge makes them positive (`isingdenoise.gauge`). What has neither is refused:
    it is as hard as any problem.

    Strengths and fields are rounded to 2^-50 of the largest pull at a pixel, far below the
    float32 of the field; of those whole numbers the minimum is exact, and the search ends
    when no path has room left. Of several states of least energy it is that with the most
    spins +1 (times the gauge).

    Raises
    ------
    EngineRefusalError
        From `solve`: the model is frustrated.

    References
    ----------
    Greig, Porteous and Seheult, Exact Maximum A Posteriori Estimation for Binary Images,
    JRSS B 51, 1989; Boykov and Kolmogorov, An Experimental Comparison of Min-Cut/Max-Flow
    Algorithms for Energy Minimization in Vision, IEEE PAMI 26, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = GraphCut().solve(model)
    >>> solution.labels.tolist(), solution.status.value, solution.mean is None
    ([[1, 1, 1]], 'exact', True)
    """

    name: ClassVar[str] = "map"
    summary: ClassVar[str] = "the picture of least energy, exactly, by a minimum cut"
    traits: ClassVar[Traits] = Traits(exact=True)

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`, with eight neighbours; see `Engine`."""
        return 97 * pixels

    def quick(self) -> GraphCut:
        """Return the engine as it is; see `Engine`."""
        return self

    def objection(self, model: IsingModel) -> str | None:
        """Return why a model cannot be cut: it is frustrated; see `Engine`."""
        if find_gauge(model.coupling, model.shape) is None:
            return (
                "needs strengths that are positive, or that a change of signs makes so; "
                "this picture has circles of edges with an odd number of negative ones: "
                "use qpbo, or positive strengths"
            )
        return too_large(model)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the state of least energy.

        Parameters and result as of `Engine.solve`; where it starts does not matter. A site
        update is a look at a site, and the residual of a round the sites that still wait.
        """
        check_engine_can_solve(self, model)
        checked_init(model, init)
        labels, trace, ended = least(model, find_gauge(model.coupling, model.shape), callback)
        updates = int(trace.site_updates[-1])
        return Solution(
            labels=labels,
            mean=None,
            energy=model.energy(labels),
            lower_bound=None,
            upper_bound=None,
            status=Status.EXACT if ended else Status.STOPPED,
            work=Work(-(-updates // labels.size), updates),
            trace=trace,
            engine=self.name,
        )

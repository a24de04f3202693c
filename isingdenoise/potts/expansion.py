"""Alpha-expansion: labels of low energy by minimum cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..coupling import Coupling
from ..errors import EngineRefusalError
from ..inference import Callback, GraphCut, Traits, Work
from ..inference._loop import Round, iterate
from ..inference.solution import ran_out
from ..model import IsingModel
from ..validation import RandomSource, check_int, store
from .model import PottsModel
from .solution import PottsSolution, starting_labels

__all__ = ["AlphaExpansion"]


@dataclass(frozen=True)
class AlphaExpansion:
    r"""Labels that no expansion of one label improves, within twice the least cost.

    For one label alpha after another the best set of pixels is found that may change to it at
    once: a minimum cut (`GraphCut`). The round ends after all labels; the search ends with a
    round in which nothing changed. With two labels the answer is exact. Where :math:`J \ge 0`,
    the cost :math:`\sum J_{ij} [z_i \neq z_j] - \sum_i (l_i(z_i) - \max_k l_i(k))` is at most twice
    the least one.

    Parameters
    ----------
    max_rounds : int, default 20
        Stop after so many rounds in any case, with status `max_sweeps`.

    Raises
    ------
    ParameterError
        A setting is out of range.
    EngineRefusalError
        From `solve`: a strength is negative.

    References
    ----------
    Boykov, Veksler and Zabih, Fast Approximate Energy Minimization via Graph Cuts, IEEE PAMI
    23, 2001, sections 3 and 6.
    """

    name: ClassVar[str] = "expansion"
    summary: ClassVar[str] = "alpha-expansion: labels of nearly the least energy, by minimum cuts"
    traits: ClassVar[Traits] = Traits()

    max_rounds: int = 20

    def __post_init__(self) -> None:
        store(self, max_rounds=check_int("max_rounds", self.max_rounds, low=1))

    def solve(
        self,
        model: PottsModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> PottsSolution:
        """Return what expansions of `init` end at; arguments as of `PottsEngine.solve`."""
        c = model.coupling
        if min(c.horizontal, c.vertical, c.diagonal, c.antidiagonal) < 0:
            raise EngineRefusalError(self.name, "needs strengths that are not negative")
        labels = starting_labels(model, init)
        energy = model.energy(labels)
        sites = labels.size

        def step(_: int) -> Round:
            nonlocal labels, energy
            changed = 0
            for label in range(model.labels):
                grown = _expanded(model, labels, label)
                found = model.energy(grown)
                if found < energy:
                    changed += int(np.count_nonzero(grown != labels))
                    labels, energy = grown, found
            return Round(sites * model.labels, changed, energy=energy, done=changed == 0)

        trace, status = iterate(
            step,
            max_sweeps=self.max_rounds * model.labels,  # a round looks at a site once a label
            sites=sites,
            snapshot=lambda: np.array(labels),
            callback=callback,
        )
        message = f"{self.name} did not end in {self.max_rounds} rounds"
        return PottsSolution(
            labels=labels,
            probability=None,
            energy=energy,
            lower_bound=None,
            status=status,
            work=Work(len(trace) * model.labels, int(trace.site_updates[-1])),
            trace=trace,
            diagnostics={"residual": float(trace.residual[-1])},
            engine=self.name,
            advice=ran_out(status, message, "max_rounds"),
        )


def _expanded(model: PottsModel, labels: NDArray[np.int8], label: int) -> NDArray[np.int8]:
    """Return the labels after the best expansion of one of them.

    With s_i = +1 where a pixel takes the label and -1 where it keeps its own, the cost of an
    edge between a and b is t00 = J [a != b] if both keep, t01 = J [a != alpha] and
    t10 = J [b != alpha] if one does, and 0 if none does: an Ising edge of strength
    (t01 + t10 - t00) / 4, and fields (t00 + t01 - t10) / 4 and (t00 + t10 - t01) / 4.
    """
    own = np.take_along_axis(model.unary, labels[None].astype(np.intp), 0)[0]
    field = (model.unary[label].astype(np.float64) - own) / 2
    differs = labels != label
    strengths: list[NDArray[Any]] = []
    c = model.coupling
    ends: list[tuple[float, Any, Any]] = [
        (c.horizontal, np.s_[:, :-1], np.s_[:, 1:]),
        (c.vertical, np.s_[:-1], np.s_[1:]),
        (c.diagonal, np.s_[:-1, :-1], np.s_[1:, 1:]),
        (c.antidiagonal, np.s_[:-1, 1:], np.s_[1:, :-1]),
    ]
    for J, one, other in ends[: c.neighbours // 2]:
        both = J * (labels[one] != labels[other])
        first, second = J * differs[one], J * differs[other]
        strengths.append((first + second - both) / 4)
        field[one] += (both + first - second) / 4
        field[other] += (both + second - first) / 4
    taken = GraphCut().solve(IsingModel(field, Coupling.per_edge(*strengths))).labels > 0
    return np.where(taken, np.int8(label), labels)

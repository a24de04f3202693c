"""Mean field of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from numpy.typing import ArrayLike

from ..backends import packed_volume
from ..inference import Callback, Traits
from ..inference._damped import ascend, check_damped
from ..validation import RandomSource
from ._sweeps import FullSweeps, TiledSweeps
from .model import VolumeModel
from .solution import VolumeSolution, starting_mean

if TYPE_CHECKING:
    from ..backends import Planes, VolumeLattice

__all__ = ["VolumeMeanField"]

Schedule = Literal["tiled", "checkerboard", "jacobi"]


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
    schedule : {"tiled", "checkerboard", "jacobi"}
        "checkerboard" updates one colour after another in whole sweeps. "tiled" begins like it
        and goes on with those parts of the volume that still move, their steps lengthened by 1.4
        where `damping` is 1: the same answer in a part of the time. "jacobi" updates all voxels
        at once from the old values; undamped that can fall into a two-cycle, so it asks for
        damping below 1.
    tol : float, default 1e-3
        Stop when ``max_i |tanh(a_i) - mu_i| <= tol`` over the whole volume.
    max_sweeps : int, default 1000
        Stop after so many sweeps' worth of site updates in any case, with status `max_sweeps`.
    bound_every : int, default 0
        Compute the bound after every so many rounds for the trace; 0: only at the end. A round is
        one sweep of the checkerboard then, and else a few sweeps, or a few times all that moves.
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
    schedule: Schedule = "tiled"
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
            mean = starting_mean(model, lattice, init)
            del init  # its memory is wanted for the field
            lattice.load_field()
            sweeps = self._sweeps(lattice, mean, c.pull)
            told = ascend(
                self,
                sweeps,
                lambda: lattice.elbo(mean) + model.offset,
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(mean),
                callback=callback,
            )
            bound = sweeps.bound() + model.offset
            labels, out, energy = lattice.answer(mean)
        return VolumeSolution(
            labels=labels,
            mean=out,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            **told,
        )

    def _sweeps(self, lattice: VolumeLattice, mean: Planes, pull: float) -> FullSweeps:
        """Return what does the rounds of this schedule."""
        if self.schedule == "tiled":
            return TiledSweeps(lattice, mean, weight=self.damping, tol=self.tol, pull=pull)
        jacobi, single = self.schedule == "jacobi", self.bound_every > 0
        return FullSweeps(
            lattice, mean, weight=self.damping, tol=self.tol, jacobi=jacobi, single=single
        )

"""Iterated conditional modes of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ..backends import packed_volume
from ..inference import Callback, Traits
from ..inference._descent import check_descent, descend
from ..validation import RandomSource
from .model import VolumeModel
from .solution import VolumeSolution, starting_labels

__all__ = ["VolumeICM"]


@dataclass(frozen=True)
class VolumeICM:
    r"""Coordinate descent on the energy: each label to the mode of its conditional.

    .. math:: z_i \leftarrow \operatorname{sign}\Bigl(\sum_j J_{ij} z_j + h_i\Bigr)

    One colour after another, so the energy never rises. On a tie the old label stays.

    Parameters
    ----------
    max_sweeps : int, default 200
        Stop after so many sweeps in any case, with status `max_sweeps`; it stops by itself after
        a sweep that changes no label.
    parallel : bool, optional
        Whether to use threads; by default large volumes do.

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
        check_descent(self)

    def footprint(self, voxels: int) -> int:
        """Return the bytes held at the peak of `solve`, beside the model."""
        return int(6.5 * voxels)

    def solve(
        self,
        model: VolumeModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> VolumeSolution:
        """Return the local minimum of the energy reached from the signs of `init`.

        Parameters and result as of `VolumeEngine.solve`.
        """
        c = model.coupling
        with packed_volume(model.field, c.plane, c.between, self.parallel) as lattice:
            labels = starting_labels(model, lattice, init)
            del init  # its memory is wanted for the field
            lattice.load_field()
            told = descend(
                self,
                lambda: lattice.icm_sweep(labels),
                lattice.energy(labels),
                sites=lattice.sites,
                snapshot=lambda: lattice.unpack(labels),
                callback=callback,
            )
            energy = lattice.energy(labels)
            lattice.drop_field()
            out = lattice.unpack(labels)
        return VolumeSolution(
            labels=out,
            mean=None,
            energy=energy,
            lower_bound=None,
            upper_bound=None,
            **told,
        )
